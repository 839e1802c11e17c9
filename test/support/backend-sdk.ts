import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { toNodeHandler } from "@modelcontextprotocol/node"
import { McpServer as OldServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import {
  ListRootsResultSchema,
  RootsListChangedNotificationSchema,
  UrlElicitationRequiredError,
} from "@modelcontextprotocol/sdk/types.js"
import { createMcpHandler, fromJsonSchema, McpServer } from "@modelcontextprotocol/server"
import { onTestFinished } from "vitest"
import * as z from "zod"

const content = (text: string) => ({ content: [{ type: "text" as const, text }] })

async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

/** The legacy SDK's server with sessions: what most servers in the field are. */
export const serveOldSdk = (): Promise<string> =>
  serveSessions((server) => {
    server.registerTool("greet", { inputSchema: { name: z.string() } }, ({ name }) =>
      content(`hello ${name}`),
    )
    server.registerTool("steps", {}, async ({ _meta, sendNotification }) => {
      for (const progress of [1, 2])
        if (_meta?.progressToken !== undefined)
          await sendNotification({
            method: "notifications/progress",
            params: { progress, progressToken: _meta.progressToken },
          })
      return content("done")
    })
  })

/** A server of the legacy SDK that asks without saying which call it is about, and its calls that wait. */
export interface AskingOldSdk {
  readonly url: string
  readonly sessions: () => number
  readonly held: () => number
  release(): void
}

/** `form` asks for a form that shows its argument and tells the answer; `hold` waits. */
export async function serveAskingOldSdk(): Promise<AskingOldSdk> {
  let sessions = 0
  const held: (() => void)[] = []
  const url = await serveSessions((server) => {
    sessions++
    server.registerTool("form", { inputSchema: { message: z.string() } }, async ({ message }) => {
      const requestedSchema = { type: "object", properties: { by: { type: "string" } } } as const
      const { content: given } = await server.server.elicitInput({ message, requestedSchema })
      return content(`${message}: ${given?.["by"]}`)
    })
    server.registerTool("hold", {}, async () => {
      await new Promise<void>((release) => held.push(release))
      return content("released")
    })
  })
  const release = () => {
    for (const one of held.splice(0)) one()
  }
  return { url, sessions: () => sessions, held: () => held.length, release }
}

/** `roots` tells the client's roots, asked for once and kept until the server is told that they changed. */
export async function serveRootsOldSdk() {
  const changes: (string | undefined)[] = []
  const url = await serveSessions((server) => {
    let kept: string | undefined
    server.server.setNotificationHandler(RootsListChangedNotificationSchema, () => {
      changes.push(kept)
      kept = undefined
    })
    server.registerTool("roots", {}, async ({ sendRequest }) => {
      if (server.server.getClientCapabilities()?.roots === undefined) return content("none")
      kept ??= (await sendRequest({ method: "roots/list" }, ListRootsResultSchema)).roots[0]?.uri
      return content(String(kept))
    })
  })
  /** What the server had kept, for each time that it was told. */
  return { url, changes: () => changes }
}

/**
 * `page` asks for a page to be visited, `refuse` wants one visited before it is called once more; both take its id.
 * `done` says, outside of any call, that somebody was through with the page of this id.
 */
export async function servePagesOldSdk() {
  const completions = new Map<string, () => Promise<void>>()
  const url = await serveSessions((server) => {
    const pageOf = (elicitationId: string) => {
      completions.set(
        elicitationId,
        server.server.createElicitationCompletionNotifier(elicitationId),
      )
      const url = "https://example.com/page"
      return { mode: "url" as const, message: "Sign in", url, elicitationId }
    }
    const inputSchema = { id: z.string() }
    server.registerTool("page", { inputSchema }, async ({ id }) => {
      const { action } = await server.server.elicitInput(pageOf(id))
      return content(action)
    })
    server.registerTool("refuse", { inputSchema }, ({ id }) => {
      throw new UrlElicitationRequiredError([pageOf(id)])
    })
  })
  return { url, done: (id: string) => completions.get(id)?.() }
}

/** One server of the legacy SDK for each session, as its own examples have it. */
export function serveSessions(register: (server: OldServer) => void): Promise<string> {
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const connect = async () => {
    const server = new OldServer({ name: "old", version: "1" })
    register(server)
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void transports.set(id, transport),
    })
    await server.connect(transport as Parameters<typeof server.connect>[0])
    return transport
  }
  return listen((request, response) => {
    const known = transports.get(String(request.headers["mcp-session-id"]))
    const transport = known === undefined ? connect() : Promise.resolve(known)
    void transport.then((one) => one.handleRequest(request, response))
  })
}

/** The maintained SDK's server, which speaks both eras on one endpoint. */
export function serveSdk(): Promise<string> {
  const region = { type: "string", "x-mcp-header": "Region" } as const
  const inputSchema = fromJsonSchema<{ name: string; region?: string }>({
    type: "object",
    properties: { name: { type: "string" }, region },
    required: ["name"],
  })
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: "modern", version: "1" })
    server.registerTool("greet", { inputSchema }, ({ name }) => content(`hello ${name}`))
    server.registerTool("steps", {}, async (context) => {
      const progressToken = context.mcpReq._meta?.progressToken
      for (const progress of [1, 2])
        if (progressToken !== undefined)
          await context.mcpReq.notify({
            method: "notifications/progress",
            params: { progress, progressToken },
          })
      return content("done")
    })
    return server
  })
  const handle = toNodeHandler(handler)
  type Incoming = Parameters<typeof handle>[0] // its optional members are strict, those of Node are not
  return listen((request, response) => void handle(request as Incoming, response))
}
