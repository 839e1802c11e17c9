import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { exportJWK, generateKeyPair, SignJWT } from "jose"
import { start } from "./subject.ts"

const main = join(import.meta.dirname, "../dist/main.js")
const issuer = "https://idp.example"

const documentList = {
  type: "object",
  properties: {
    documents: {
      type: "array",
      items: {
        type: "object",
        properties: { id: { type: "integer" }, title: { type: "string" } },
        required: ["id", "title"],
      },
    },
  },
  required: ["documents"],
}
const query = {
  type: "object",
  properties: {
    query: { type: "string", minLength: 1 },
    limit: { type: "integer", minimum: 1, maximum: 20 },
    filters: {
      type: "object",
      properties: { author: { type: "string" }, since: { type: "string" } },
      additionalProperties: false,
    },
  },
  required: ["query"],
  additionalProperties: false,
}

/** What the servers of the bench answer. */
export const documents = { documents: [{ id: 1, title: "Tides" }] }

/** The one tool of a server over stdio. */
export const searchTool = {
  name: "search_documents",
  description: "Finds documents (search_documents)",
  inputSchema: query,
  outputSchema: documentList,
}

/** Tools with a spec besides those of the server; the agent sees them, too. */
type Compositions = Readonly<Record<string, object>>

/** A registry of one server and one agent that sees `count` tools of it. */
export function registry(
  count: number,
  more: readonly string[] = [],
  compositions: Compositions = {},
): object {
  const numbered = Array.from({ length: count }, (_, i) =>
    i === 0 ? "search_documents" : `tool_${i}`,
  )
  const names = [...numbered, ...more]
  const depends = names.map((name) => ({ type: "tool", name, version: "1.0.0" }))
  return {
    schemaVersion: "2.0",
    schemas: [],
    servers: [
      {
        name: "docs",
        version: "1.0.0",
        provides: names.map((tool) => ({ tool, version: "1.0.0" })),
      },
    ],
    tools: [
      ...names.map((name) => ({
        name,
        version: "1.0.0",
        description: `Finds documents (${name})`,
        source: { server: "docs", serverVersion: "1.0.0", tool: name },
        inputSchema: query,
        outputSchema: documentList,
        annotations: { readOnlyHint: true }, // so that a call is one record, as it is for most calls
      })),
      ...Object.entries(compositions).map(([name, spec]) => ({
        name,
        version: "1.0.0",
        inputSchema: query,
        outputSchema: documentList,
        depends,
        spec,
      })),
    ],
    agents: [agent("bench", [...names, ...Object.keys(compositions)])],
  }
}

export const agent = (name: string, tools: readonly string[]): object => ({
  name,
  version: "1.0.0",
  description: "a caller",
  url: "https://agents.example/bench",
  protocolVersion: "0.3.0",
  defaultInputModes: ["text"],
  defaultOutputModes: ["text"],
  skills: [],
  capabilities: {
    extensions: [
      {
        uri: "urn:agentgateway:sbom",
        params: { depends: tools.map((tool) => ({ type: "tool", name: tool, version: "1.0.0" })) },
      },
    ],
  },
})

/** A folder with a configuration and a registry, and the built gateway on it. */
export async function gateway(options: {
  readonly backendPort: number
  readonly tools?: number
  readonly registry?: string
  readonly servers?: string
  /** Further sections of the configuration. */
  readonly more?: string
  readonly port?: number
}) {
  const folder = mkdtempSync(join(tmpdir(), "postern-bench-"))
  const token = await writeWorld(folder, options)
  const config = join(folder, "postern.yaml")
  const subject = await start(main, ["serve", "--config", config], { ready: /ready on (\S+)\n/ })
  return {
    ...subject,
    folder,
    token,
    port: Number(new URL(subject.line).port),
    async [Symbol.asyncDispose]() {
      await subject[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function writeWorld(
  folder: string,
  {
    backendPort,
    tools = 12,
    registry: text,
    servers,
    more = "",
    port = 0,
  }: Parameters<typeof gateway>[0],
): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair("ES256")
  const jwk = { ...(await exportJWK(publicKey)), kid: "bench", alg: "ES256" }
  writeFileSync(join(folder, "registry.json"), text ?? JSON.stringify(registry(tools)))
  writeFileSync(
    join(folder, "postern.yaml"),
    `listen: { host: 127.0.0.1, port: ${port} }
admin: { host: 127.0.0.1, port: 0 }
registry:
  source: file://./registry.json
  validation: { runtime: { outputValidation: deny } }
servers: ${servers ?? `{ "docs:1.0.0": { url: "http://127.0.0.1:${backendPort}/mcp" } }`}
identity:
  headers: { trustedFrom: [127.0.0.0/8] }
  jwt: { issuer: "${issuer}", audience: postern, algorithms: [ES256], jwks: ${JSON.stringify({ keys: [jwk] })} }
audit: { file: ./audit.jsonl }
log: { level: error }
${more}`,
  )
  return new SignJWT({ agent_name: "bench", agent_version: "1.0.0" })
    .setProtectedHeader({ alg: "ES256", kid: "bench" })
    .setIssuer(issuer)
    .setAudience("postern")
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey)
}

const meta = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
}
const standard = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
  "mcp-protocol-version": "2026-07-28",
}

/** The call that is measured, about 330 bytes of body, as a modern client sends it. */
export const call = {
  path: "/mcp",
  headers: {
    ...standard,
    "mcp-method": "tools/call",
    "mcp-name": "search_documents",
    "x-agent-name": "bench",
    "x-agent-version": "1.0.0",
  },
  body: JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: {
      name: "search_documents",
      arguments: {
        query: "tide tables of the northern harbours",
        limit: 5,
        filters: { author: "harbour master", since: "2026-01-01" },
      },
      _meta: meta,
    },
  }),
}

/** The same call of another tool. */
export const callTo = (name: string): typeof call => ({
  ...call,
  headers: { ...call.headers, "mcp-name": name },
  body: call.body.replace('"name":"search_documents"', `"name":"${name}"`),
})

export const list = {
  path: "/mcp",
  headers: {
    ...standard,
    "mcp-method": "tools/list",
    "x-agent-name": "bench",
    "x-agent-version": "1.0.0",
  },
  body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: meta } }),
}

/** The same call with a token instead of identity headers. */
export const withToken = (token: string) => {
  const { "x-agent-name": _, "x-agent-version": __, ...headers } = call.headers
  return { ...call, headers: { ...headers, authorization: `Bearer ${token}` } }
}
