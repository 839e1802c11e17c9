import type { ServerResponse } from "node:http"
import type { JsonObject } from "../../src/schema/json.ts"
import type { Message } from "./backend-behaviour.ts"
import { type HttpServer, json, serve } from "./backend-http.ts"

/** A modern server over HTTP whose words a test changes while it runs. */
export interface ChangingServer extends HttpServer {
  /** What it lists from now on; a text is sent as it is in place of the list. */
  tools: readonly JsonObject[] | string
  instructions: string | undefined
  version: string
  /** What calls answer, perhaps to their arguments; undefined: which tool was called. */
  says: string | ((args: unknown) => string) | undefined
  /** Tells whoever listens that its tools changed. */
  tell(): void
  /** How many listen. */
  listeners(): number
  /** Names of the tools that were called. */
  readonly called: string[]
}

export async function openChanging(
  tools: readonly JsonObject[],
  port = 0,
): Promise<ChangingServer> {
  const called: string[] = []
  const listening = new Set<{ readonly response: ServerResponse; readonly id: unknown }>()
  const answers: Record<string, (message: Message) => object> = {
    "server/discover": () => ({
      supportedVersions: ["2026-07-28"],
      capabilities: { tools: { listChanged: true } },
      ...(changing.instructions !== undefined && { instructions: changing.instructions }),
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "it", version: changing.version } },
    }),
    "tools/call": ({ params }) => {
      const name = String(params?.["name"])
      const isListed =
        typeof changing.tools === "string" || changing.tools.some((tool) => tool["name"] === name)
      if (!isListed) return { error: { code: -32602, message: `Unknown tool: ${name}` } }
      called.push(name)
      const { says = `called ${name}` } = changing
      const text = typeof says === "string" ? says : says(params?.["arguments"])
      return { content: [{ type: "text", text }] }
    },
  }
  const server = await serve((message, response) => {
    const { id, method = "" } = message
    if (method === "subscriptions/listen") {
      response.writeHead(200, { "content-type": "text/event-stream" })
      const notifications = { toolsListChanged: true }
      event(response, {
        method: "notifications/subscriptions/acknowledged",
        params: { notifications, _meta: { [subscription]: id } },
      })
      const listener = { response, id }
      listening.add(listener)
      response.on("close", () => listening.delete(listener))
      return
    }
    if (method === "tools/list") {
      const { tools: listed } = changing
      const result = typeof listed === "string" ? listed : JSON.stringify(listed)
      json(
        response,
        `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"resultType":"complete","tools":${result}}}`,
      )
      return
    }
    const answer = answers[method]
    const said = answer?.(message) ?? { error: { code: -32601, message: "Method not found" } }
    const body = "error" in said ? said : { result: { resultType: "complete", ...said } }
    json(response, { jsonrpc: "2.0", id, ...body })
  }, port)
  const changing: ChangingServer = {
    ...server,
    tools,
    instructions: undefined,
    version: "1",
    says: undefined,
    called,
    listeners: () => listening.size,
    tell() {
      for (const { response, id } of listening)
        event(response, {
          method: "notifications/tools/list_changed",
          params: { _meta: { [subscription]: id } },
        })
    },
  }
  return changing
}

const subscription = "io.modelcontextprotocol/subscriptionId"

const event = (response: ServerResponse, message: object) =>
  response.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`)
