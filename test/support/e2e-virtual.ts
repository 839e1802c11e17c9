import { join } from "node:path"
import type { JsonObject } from "../../src/schema/json.ts"
import { type BackendCall, openBackend } from "./e2e-backend.ts"
import { startGateway, type TestGateway } from "./e2e-gateway.ts"
import { project } from "./e2e-process.ts"
import { makeKey } from "./issuer.ts"
import { agentOf, toolDependency } from "./registries.ts"

/** What the servers find. */
export const found = {
  hits: [
    { id: 1, title: "Tides", author: { name: "Ada" }, score: 0.5 },
    { id: 2, title: "Harbours", author: null },
  ],
  total: 2,
  note: null,
}

interface Asked {
  readonly server: string
  readonly tool: string
  readonly arguments: unknown
  readonly headers: BackendCall["headers"]
}

const open = (server: string, asked: Asked[]) => {
  const note = ({ tool, arguments: args, headers }: BackendCall) =>
    asked.push({ server, tool, arguments: args, headers })
  return openBackend({
    echo: (call) => {
      note(call)
      call.text(JSON.stringify(call.arguments ?? null))
    },
    find: (call) => {
      note(call)
      call.send({ result: { content: [], structuredContent: found, resultType: "complete" } })
    },
    where: (call) => {
      note(call)
      call.text(server)
    },
    tagged: (call) => {
      note(call)
      call.text("tagged")
    },
  })
}

const at = (server: string) => ({ server, serverVersion: "1.0.0" })
const echo = { ...at("web"), tool: "echo" }
const inputSchema = {
  type: "object",
  properties: {
    q: { type: "string", description: "words" },
    tenant: { type: "string", "x-mcp-header": "Tenant" },
    limit: { type: "integer" },
  },
  required: ["q", "tenant", "limit"],
}
const tagged = {
  type: "object",
  properties: { q: { type: "string" }, tenant: { type: "string", "x-mcp-header": "Tenant" } },
  required: ["q", "tenant"],
}
const tool = (name: string, source: object, more: object = {}) => ({
  ...{ name, version: "1.0.0", source },
  ...more,
})

const tools = [
  tool("plain", { ...echo, tool: "find" }),
  tool("alias", { ...echo, tool: "find" }, { title: "Another name", description: "the same tool" }),
  tool(
    "shaped",
    { ...echo, tool: "find" },
    {
      description: "finds, and tells less",
      inputSchema: { type: "object", properties: { q: { type: "string" } }, required: ["q"] },
      annotations: { readOnlyHint: true },
    },
  ),
  tool(
    "defaulted",
    { ...echo, defaults: { tenant: "${TENANT}", limit: 5, path: "${ROOT:-/srv}/x" } },
    { inputSchema },
  ),
  tool(
    "hidden",
    { ...echo, defaults: { tenant: "acme" }, hideFields: ["tenant", "ghost", "__proto__"] },
    { inputSchema },
  ),
  tool("personal", {
    ...echo,
    defaults: {
      who: "${caller.name}@${caller.version} (${caller.trust})",
      tenant: "${caller.claims.tenant:-none}",
      subject: "${caller.subject:-}",
    },
    hideFields: ["who", "tenant", "subject"],
  }),
  tool("needy", {
    ...echo,
    defaults: { tenant: "${caller.claims.tenant}" },
    hideFields: ["tenant"],
  }),
  tool("unset", { ...echo, defaults: { x: "${SURELY_NOT_SET}" } }),
  tool(
    "mapped",
    { ...echo, tool: "find" },
    {
      outputTransform: {
        mappings: {
          titles: { path: "$.hits[*].title" },
          first: { path: "$.hits[0].title" },
          missing: { path: "$.nothing" },
          source: { literal: "library" },
          by: { coalesce: { paths: ["$.note", "$.hits[0].author.name"] } },
          line: {
            template: {
              template: "{n} hits, first {t}{gone}",
              vars: { n: "$.total", t: "$.hits[0].title", gone: "$.x" },
            },
          },
          joined: { concat: { paths: ["$.hits[0].title", "$.hits[1].title"], separator: " & " } },
          inner: { nested: { mappings: { count: { path: "$.total" } } } },
          items: {
            path: "$.hits[*]",
            nested: { mappings: { id: { path: "$.id" }, author: { path: "$.author.name" } } },
          },
        },
      },
      outputSchema: {
        type: "object",
        properties: { titles: { type: "array" } },
        required: ["titles"],
      },
    },
  ),
  tool("tagged", {
    ...{ ...at("web"), tool: "tagged" },
    ...{ defaults: { tenant: "acme" }, hideFields: ["tenant"] },
  }),
  tool(
    "either",
    { servers: [at("down"), at("web"), at("local")], tool: "where" },
    { annotations: { readOnlyHint: true } },
  ),
  tool("turns", { servers: [at("web"), at("other")], select: "round_robin", tool: "where" }),
  tool("regional", {
    servers: [
      { ...at("web"), when: "input.region == 'eu'" },
      { ...at("other"), when: { field: "$.region", op: "eq", value: "us" } },
    ],
    tool: "where",
  }),
  tool("careful", { servers: [at("hanging"), at("web")], tool: "where" }),
  tool("mixed", {
    servers: [{ ...at("local"), tool: "echo" }, at("web")],
    tool: "echo",
    defaults: { n: 1 },
  }),
]

const provides = (...names: string[]) => names.map((name) => ({ tool: name }))
const registry = JSON.stringify({
  schemaVersion: "2.0",
  servers: [
    {
      name: "web",
      version: "1.0.0",
      provides: [
        { tool: "echo" },
        { tool: "find", description: "finds documents", annotations: { openWorldHint: false } },
        { tool: "where" },
        { tool: "tagged", inputSchema: tagged },
      ],
    },
    { name: "other", version: "1.0.0", provides: provides("where") },
    { name: "down", version: "1.0.0", provides: provides("where") },
    { name: "hanging", version: "1.0.0", provides: provides("where") },
    { name: "local", version: "1.0.0", provides: provides("echo", "where") },
  ],
  tools,
  agents: [
    agentOf(
      "a",
      tools.map(({ name }) => toolDependency(name)),
    ),
  ],
})

const key = await makeKey("k1", "ES256")
/** An `Authorization` header with a good token of agent `a` and these claims. */
export const token = async (claims: JsonObject) =>
  `Bearer ${await key.sign({
    ...{ iss: "https://idp.example", aud: "postern", exp: Math.floor(Date.now() / 1000) + 600 },
    ...{ agent_name: "a", agent_version: "1.0.0" },
    ...claims,
  })}`

export interface VirtualWorld extends AsyncDisposable {
  readonly gateway: TestGateway
  /** What the servers over HTTP were asked, in order; a test may empty it. */
  readonly asked: Asked[]
}

/** The real gateway with an agent `a` that may call every tool above, on servers over HTTP and stdio. */
export async function openVirtualWorld(): Promise<VirtualWorld> {
  const asked: Asked[] = []
  const web = await open("web", asked)
  const other = await open("other", asked)
  const hanging = await openBackend({ where: ({ response }) => response.socket?.destroy() })
  const closed = await openBackend()
  await closed[Symbol.asyncDispose]()
  const gateway = await startGateway({
    registry,
    env: { TENANT: "${caller.name}" },
    servers: {
      "web:1.0.0": { url: web.url },
      "other:1.0.0": { url: other.url },
      "down:1.0.0": { url: closed.url },
      "hanging:1.0.0": { url: hanging.url },
      "local:1.0.0": { command: "node", args: [join(project, "test/support/e2e-child.ts")] },
    },
    config: {
      identity: {
        jwt: {
          issuer: "https://idp.example",
          audience: "postern",
          jwks: { keys: [key.jwk] },
          callerClaims: ["tenant"],
        },
      } as never, // the key is JSON, and its type does not say so
    },
  })
  return {
    gateway,
    asked,
    async [Symbol.asyncDispose]() {
      for (const one of [gateway, web, other, hanging]) await one[Symbol.asyncDispose]()
    },
  }
}
