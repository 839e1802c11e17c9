import { randomBytes, randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { getRequestListener } from "@hono/node-server"
import {
  createMcpHandler,
  createRequestStateCodec,
  type EventStore,
  fromJsonSchema,
  hostHeaderValidationResponse,
  isLegacyRequest,
  type JSONRPCMessage,
  localhostAllowedHostnames,
  localhostAllowedOrigins,
  McpServer,
  originValidationResponse,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server"
import type { JsonObject } from "../../src/schema/json.ts"
import { addPrompts, addResources } from "./conformance-content.ts"
import { interactiveTools } from "./conformance-interactive.ts"
import {
  type Changes,
  type FixtureParts,
  type FixtureTool,
  plainTools,
} from "./conformance-tools.ts"

/** Which eras the fixture speaks on its endpoint. */
export type Eras = "dual" | "legacy" | "modern"

/** The server that the official suite's scenarios are written for, in this process. */
export interface ConformanceFixture extends AsyncDisposable {
  readonly url: string
  /** Tells its clients that something has changed. */
  readonly changes: Changes
}

export const fixtureTools: readonly FixtureTool[] = [...plainTools, ...interactiveTools]

export async function openFixture(eras: Eras = "dual"): Promise<ConformanceFixture> {
  const states = createRequestStateCodec<JsonObject>({ key: randomBytes(32) })
  const legacy = createLegacyFace((subscribed) => makeServer({ changes, states }, subscribed))
  const modern = createMcpHandler(() => makeServer({ changes, states }), { legacy: "reject" })
  const changes = bothOf(legacy.changes, modern.notify)

  const answer = async (request: Request): Promise<Response> =>
    hostHeaderValidationResponse(request, localhostAllowedHostnames()) ??
    originValidationResponse(request, localhostAllowedOrigins()) ??
    ((await speaksLegacy(eras, request)) ? legacy.answer(request) : modern.fetch(request))

  const server = createServer(getRequestListener(answer, { overrideGlobalObjects: false }))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    changes,
    async [Symbol.asyncDispose]() {
      await Promise.all([legacy.close(), modern.close()])
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    },
  }
}

const speaksLegacy = (eras: Eras, request: Request): boolean | Promise<boolean> =>
  eras === "dual" ? isLegacyRequest(request) : eras === "legacy"

/** One server for both eras. `subscribed` is a legacy session's: the modern era has streams for that. */
function makeServer(parts: FixtureParts, subscribed?: Set<string>): McpServer {
  const server = new McpServer(
    { name: "conformance-fixture", version: "1.0.0" },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
      },
      requestState: { verify: parts.states.verify },
    },
  )
  for (const { name, description, inputSchema, run } of fixtureTools) {
    const schema = fromJsonSchema<Record<string, unknown>>(inputSchema)
    server.registerTool(name, { description, inputSchema: schema }, (args, context) =>
      run(args, context, { ...parts, declared: server.server.getClientCapabilities() }),
    )
  }
  addResources(server)
  addPrompts(server)
  if (subscribed !== undefined) addSubscriptions(server, subscribed)
  return server
}

function addSubscriptions({ server }: McpServer, subscribed: Set<string>): void {
  server.setRequestHandler("resources/subscribe", ({ params }) => {
    subscribed.add(params.uri)
    return {}
  })
  server.setRequestHandler("resources/unsubscribe", ({ params }) => {
    subscribed.delete(params.uri)
    return {}
  })
}

interface LegacySession {
  readonly server: McpServer
  readonly transport: WebStandardStreamableHTTPServerTransport
  readonly subscribed: Set<string>
}

/** Sessions whose streams can be resumed, each with a server of its own. */
function createLegacyFace(make: (subscribed: Set<string>) => McpServer) {
  const sessions = new Map<string, LegacySession>()
  const begin = async () => {
    const subscribed = new Set<string>()
    const server = make(subscribed)
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: createEventStore(),
      retryInterval: 500,
      onsessioninitialized: (id) => void sessions.set(id, { server, transport, subscribed }),
      onsessionclosed: (id) => void sessions.delete(id),
    })
    await server.connect(transport)
    return transport
  }
  const each = (tell: (session: LegacySession) => unknown) => {
    for (const session of sessions.values()) tell(session)
  }
  return {
    async answer(request: Request): Promise<Response> {
      const id = request.headers.get("mcp-session-id")
      if (id === null) return (await begin()).handleRequest(request)
      const known = sessions.get(id)
      return known === undefined ? noSession() : known.transport.handleRequest(request)
    },
    changes: {
      toolsChanged: () => each(({ server }) => server.sendToolListChanged()),
      promptsChanged: () => each(({ server }) => server.sendPromptListChanged()),
      resourcesChanged: () => each(({ server }) => server.sendResourceListChanged()),
      resourceUpdated: (uri: string) =>
        each(({ server, subscribed }) => {
          if (subscribed.has(uri)) void server.server.sendResourceUpdated({ uri })
        }),
    },
    async close() {
      await Promise.all([...sessions.values()].map(({ server }) => server.close()))
    },
  }
}

const noSession = () =>
  Response.json(
    { jsonrpc: "2.0", id: null, error: { code: -32001, message: "Session not found" } },
    { status: 404 },
  )

/** Remembers what was sent, by stream: whoever lost a stream gets the rest of it. */
function createEventStore(): EventStore {
  const events: { readonly stream: string; readonly message: JSONRPCMessage }[] = []
  return {
    async storeEvent(stream, message) {
      return String(events.push({ stream, message }))
    },
    async getStreamIdForEventId(id) {
      return events[Number(id) - 1]?.stream
    },
    async replayEventsAfter(id, { send }) {
      const stream = events[Number(id) - 1]?.stream ?? ""
      for (const [index, event] of events.entries())
        if (index >= Number(id) && event.stream === stream && "jsonrpc" in event.message)
          await send(String(index + 1), event.message)
      return stream
    },
  }
}

function bothOf(one: Changes, other: Changes): Changes {
  const both = (tell: (changes: Changes) => void) => {
    tell(one)
    tell(other)
  }
  return {
    toolsChanged: () => both((changes) => changes.toolsChanged()),
    promptsChanged: () => both((changes) => changes.promptsChanged()),
    resourcesChanged: () => both((changes) => changes.resourcesChanged()),
    resourceUpdated: (uri) => both((changes) => changes.resourceUpdated(uri)),
  }
}
