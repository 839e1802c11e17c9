import type { JsonObject } from "../../src/schema/json.ts"

export interface ToolSketch {
  readonly server: string
  /** The backend's name for it; its own otherwise. */
  readonly as?: string
  readonly inputSchema?: JsonObject
  readonly outputSchema?: JsonObject
  readonly description?: string
  readonly tags?: readonly string[]
  /** Recorded before it is called, because it may change something. */
  readonly hasEffects?: true
}

export interface RegistrySketch {
  /** By name; the server it comes from. All versions are 1.0.0. */
  readonly tools: Readonly<Record<string, string | ToolSketch>>
  /** By name: what it depends on. */
  readonly agents: Readonly<Record<string, readonly string[]>>
}

/** A sound registry document. */
export function registryOf({ tools, agents }: RegistrySketch): JsonObject {
  const sketches = Object.entries(tools).map(([name, tool]) => ({
    name,
    ...(typeof tool === "string" ? { server: tool } : tool),
  }))
  const servers = [...new Set(sketches.map(({ server }) => server))]
  return {
    schemaVersion: "2.0",
    schemas: [],
    servers: servers.map((server) => ({
      name: server,
      version,
      provides: [...provided(sketches.filter((tool) => tool.server === server))],
    })),
    tools: sketches.map(toolOf),
    agents: Object.entries(agents).map(([name, depends]) => agentOf(name, depends)),
  }
}

const version = "1.0.0"

const provided = (tools: readonly (ToolSketch & { readonly name: string })[]) =>
  new Set(tools.map(({ name, as: own = name }) => own)).values().map((tool) => ({ tool, version }))

function toolOf({ name, ...tool }: ToolSketch & { readonly name: string }): JsonObject {
  const { server, as: own = name, inputSchema, outputSchema, description, tags, hasEffects } = tool
  return {
    name,
    version,
    description: description ?? `the tool ${name}`,
    source: { server, serverVersion: version, tool: own },
    inputSchema: inputSchema ?? { type: "object" },
    ...(outputSchema && { outputSchema }),
    ...(tags && { tags }),
    ...(!hasEffects && { annotations: { readOnlyHint: true } }),
  }
}

const agentOf = (name: string, depends: readonly string[]): JsonObject => ({
  name,
  version,
  description: `the agent ${name}`,
  url: `https://agents.example/${name}`,
  protocolVersion: "0.3.0",
  defaultInputModes: ["text"],
  defaultOutputModes: ["text"],
  skills: [],
  capabilities: {
    extensions: [
      {
        uri: "urn:agentgateway:sbom",
        params: { depends: depends.map((tool) => ({ type: "tool", name: tool, version })) },
      },
    ],
  },
})
