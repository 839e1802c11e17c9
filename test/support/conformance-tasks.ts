import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { getRequestListener } from "@hono/node-server"
import {
  CLIENT_CAPABILITIES_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SERVER_INFO_META_KEY,
} from "@modelcontextprotocol/server"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import {
  type Answer,
  createTaskTools,
  refuse,
  type TaskRequest,
  tasksExtension,
  taskTools,
  undeclared,
} from "./conformance-task-tools.ts"

/*
 * The server that the suite's `tasks-*` scenarios are written for: the tasks extension of 2026-07-28 over raw JSON-RPC,
 * because the SDK's server cannot answer with a task.
 */

export interface TasksFixture extends AsyncDisposable {
  readonly url: string
}

export async function openTasksFixture(): Promise<TasksFixture> {
  const methods = createMethods()
  const server = createServer(
    getRequestListener((request) => serve(request, methods), { overrideGlobalObjects: false }),
  )
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    },
  }
}

type Method = (request: TaskRequest) => Answer

const revision = "2026-07-28"
const forEver = { ttlMs: 60_000, cacheScope: "public", resultType: "complete" } as const

function createMethods(): ReadonlyMap<string, Method> {
  const tools = createTaskTools(randomUUID)
  const gated =
    (method: Method): Method =>
    (request) =>
      request.declared ? method(request) : undeclared
  return new Map<string, Method>([
    ["server/discover", () => ({ result: discovery })],
    [
      "tools/list",
      () => ({ result: { ...forEver, tools: taskTools.map((tool) => ({ ...tool })) } }),
    ],
    ["tools/call", (request) => tools.call(request)],
    ["tasks/get", gated(({ params }) => tools.get(params))],
    ["tasks/update", gated(({ params }) => tools.update(params))],
    ["tasks/cancel", gated(({ params }) => tools.cancel(params))],
  ])
}

const discovery = {
  ...forEver,
  supportedVersions: [revision],
  capabilities: { tools: {}, extensions: { [tasksExtension]: {} } },
  _meta: { [SERVER_INFO_META_KEY]: { name: "tasks-fixture", version: "1.0.0" } },
}

async function serve(request: Request, methods: ReadonlyMap<string, Method>): Promise<Response> {
  if (request.method !== "POST") return new Response(null, { status: 405 })
  const message: unknown = await request.json().catch(() => undefined)
  if (!isObject(message) || typeof message["method"] !== "string")
    return reply(undefined, refuse(400, -32600, "Invalid request"))
  const { id, method } = message
  if (id === undefined) return new Response(null, { status: 202 })
  return reply(id, answer(request.headers, method, message["params"], methods))
}

function answer(
  headers: Headers,
  name: string,
  given: unknown,
  methods: ReadonlyMap<string, Method>,
): Answer {
  const params = isObject(given) ? given : {}
  const meta = params["_meta"]
  const capabilities = isObject(meta) ? meta[CLIENT_CAPABILITIES_META_KEY] : undefined
  if (!isObject(meta) || !isObject(capabilities)) return refuse(400, -32602, "No envelope")
  const version = meta[PROTOCOL_VERSION_META_KEY]
  if (version !== headers.get("mcp-protocol-version") || !mirrors(headers, name, params))
    return refuse(400, -32020, "Header mismatch")
  if (version !== revision)
    return refuse(400, -32022, "Unsupported protocol version", {
      supported: [revision],
      requested: version,
    })
  const method = methods.get(name)
  if (method === undefined) return refuse(404, -32601, `Method not found: ${name}`)
  const extensions = capabilities["extensions"]
  const declared = isObject(extensions) && extensions[tasksExtension] !== undefined
  return method({ params, declared })
}

/** Whether the routing headers say what the body says. */
function mirrors(headers: Headers, method: string, params: JsonObject): boolean {
  const member = mirrored.get(method)
  return (
    headers.get("mcp-method") === method &&
    (member === undefined || headers.get("mcp-name") === params[member])
  )
}
const mirrored = new Map([
  ["tools/call", "name"],
  ["tasks/get", "taskId"],
  ["tasks/update", "taskId"],
  ["tasks/cancel", "taskId"],
])

function reply(id: unknown, given: Answer): Response {
  const envelope = { jsonrpc: "2.0", ...(id !== undefined && { id }) }
  return "result" in given
    ? Response.json({ ...envelope, result: given.result })
    : Response.json({ ...envelope, error: given.error }, { status: given.status })
}
