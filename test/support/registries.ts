import { readFileSync } from "node:fs"
import { authoring, type Knobs } from "../../src/registry/draft.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { type Loaded, loadRegistry, toEnd } from "../../src/registry/load.ts"

/** A JSON document that tests take apart and change. */
// biome-ignore lint/suspicious/noExplicitAny: mutations reach into documents of every shape
export type Mutable = any

const folder = new URL("../fixtures/registries/", import.meta.url)

export const fixtureText = (name: string): string => readFileSync(new URL(name, folder), "utf8")

export const fixture = (name: string): Mutable => JSON.parse(fixtureText(name))

export interface LoadWith {
  readonly knobs?: Partial<Knobs>
  readonly env?: (name: string) => string | undefined
  readonly claims?: ReadonlySet<string>
}

/** Loads a document given as text or as a tree. */
export function load(document: unknown, { knobs, env, claims }: LoadWith = {}): Loaded {
  const text = typeof document === "string" ? document : JSON.stringify(document)
  return toEnd(
    loadRegistry(text, {
      file: "registry.json",
      knobs: { ...authoring, ...knobs },
      limits: defaultLoadLimits,
      ...(env === undefined ? {} : { env }),
      ...(claims === undefined ? {} : { claims }),
    }),
  )
}

/** What a test compares: `code pointer`, in the order in which the problems come. */
export const found = ({ problems }: Loaded): string[] =>
  problems.map(({ code, pointer }) => `${code} ${pointer}`.trimEnd())

export const codes = ({ problems }: Loaded): string[] => problems.map(({ code }) => code)

/** A tool that needs nothing but a server named `s`, which must be spelled `target` to be implied. */
export const sourceTool = (name: string, more: object = {}) => ({
  name,
  version: "1.0.0",
  source: { server: "s", serverVersion: "1.0.0", tool: name },
  ...more,
})

/** A sound 2.0 document around some tools: server `s` provides what their sources draw on it. */
export function documentOf(tools: readonly object[], more: Mutable = {}): Mutable {
  const drawn = new Set(
    tools.flatMap((tool: Mutable) => (tool.source?.server === "s" ? [tool.source.tool] : [])),
  )
  return {
    schemaVersion: "2.0",
    schemas: [],
    servers: [{ name: "s", version: "1.0.0", provides: [...drawn].map((tool) => ({ tool })) }],
    tools,
    agents: [],
    ...more,
  }
}

/** An agent whose card is complete, with this `depends`. */
export const agentOf = (name: string, depends: readonly object[], more: object = {}) => ({
  name,
  version: "1.0.0",
  description: "test",
  url: `https://agents.example/${name}`,
  protocolVersion: "0.3.0",
  defaultInputModes: ["text"],
  defaultOutputModes: ["text"],
  skills: [],
  capabilities: { extensions: [{ uri: "urn:agentgateway:sbom", params: { depends } }] },
  ...more,
})

export const toolDependency = (name: string, version: string | undefined = "1.0.0") => ({
  type: "tool",
  name,
  ...(version === undefined ? {} : { version }),
})
