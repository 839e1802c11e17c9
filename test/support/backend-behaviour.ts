import { News } from "./backend-news.ts"
import { modernVersion } from "./backend-world.ts"

/** A JSON-RPC message as these fakes read and write it. */
export interface Message {
  jsonrpc?: "2.0"
  id?: unknown
  method?: string
  params?: { [key: string]: unknown; _meta?: { progressToken?: unknown } }
  result?: object
  error?: object
}

export type Send = (message: Message | string) => void

const schema = { type: "object" }
const tools = ["echo", "fail", "tool-error", "progress", "wait", "waiting", "long", "ask", "slow"]

/**
 * A small honest MCP server without a transport: what it says is the same over HTTP and stdio and in both eras, so that a
 * difference between two ways to it is a difference of the ways.
 */
export class Behaviour {
  readonly era: "legacy" | "modern"
  /** Requests of the tool `wait` that have neither been answered nor cancelled. */
  readonly #waiting = new Set<unknown>()
  #cancelled = 0
  readonly #asked = new Map<string, (message: Message) => void>()
  /** Every method that came in. */
  readonly seen: string[] = []
  readonly news = new News()

  constructor(era: "legacy" | "modern") {
    this.era = era
  }

  handle(message: Message, send: Send): void {
    const { id, method = "response", params } = message
    this.seen.push(method)
    const common = this.era === "modern" ? { resultType: "complete" } : {}
    const done = (result: object) => send({ jsonrpc: "2.0", id, result: { ...common, ...result } })
    if (method === "response") this.#asked.get(String(id))?.(message)
    else if (method === "notifications/cancelled") this.cancel(params?.["requestId"])
    else if (method === "initialize" && this.era === "legacy")
      done({ protocolVersion: "2025-11-25", capabilities, serverInfo })
    else if (method === "server/discover" && this.era === "modern")
      done({ supportedVersions: [modernVersion], capabilities })
    else if (method === "subscriptions/listen" && this.era === "modern")
      this.news.listen(message, send)
    else if (/^resources\/(un)?subscribe$/.test(method) && this.era === "legacy") {
      this.news.subscribe(method, String(params?.["uri"]))
      done({})
    } else if (method === "tools/list") done(page(params?.["cursor"]))
    else if (method === "tools/call") this.#call(message, send, done)
    else if (id !== undefined)
      send({ jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } })
  }

  cancel(id: unknown): void {
    this.news.cancel(id)
    if (this.#waiting.delete(id)) this.#cancelled++
  }

  #call({ id, params = {} }: Message, send: Send, done: (result: object) => void): void {
    const text = (value: string) => done({ content: [{ type: "text", text: value }] })
    const fail = (code: number, message: string, data?: object) =>
      send({ jsonrpc: "2.0", id, error: { code, message, ...(data && { data }) } })
    const say = () => text(JSON.stringify(params["arguments"] ?? null))
    const acts: Record<string, () => void> = {
      echo: say,
      slow: () => setTimeout(say, 5),
      fail: () => fail(-32005, "no", { n: 1 }),
      "tool-error": () =>
        done({ isError: true, content: [{ type: "text", text: "bad" }], x: { y: 1 } }),
      progress: () => {
        for (const progress of [1, 2, 2, 3]) send(progressed(params._meta?.progressToken, progress))
        text("done")
      },
      wait: () => this.#waiting.add(id),
      waiting: () => text(`${this.#waiting.size} waiting, ${this.#cancelled} cancelled`),
      long: () => send(longNumbers(id)),
      ask: () => this.#ask(send, text),
      tell: () => {
        const { method, params: said } = params["arguments"] as { method: string; params?: object }
        this.news.tell(method, { ...said })
        text("told")
      },
      news: () => text(this.news.log.join(", ")),
    }
    const act = acts[String(params["name"])]
    if (act === undefined) fail(-32602, "Unknown tool")
    else act()
  }

  /** Asks the caller's side two things, and tells what it was answered. */
  #ask(send: Send, text: (value: string) => void): void {
    const answers: string[] = []
    const take = ({ id, result, error }: Message) => {
      answers.push(JSON.stringify({ id, result, error }))
      if (answers.length === 2) text(answers.sort().join(" "))
    }
    this.#asked.set("q1", take)
    this.#asked.set("q2", take)
    send({ jsonrpc: "2.0", id: "q1", method: "ping" })
    send({ jsonrpc: "2.0", id: "q2", method: "sampling/createMessage", params: {} })
  }
}

const progressed = (progressToken: unknown, progress: number): Message => ({
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progressToken, progress, message: "go" },
})

const longNumbers = (id: unknown) =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":[],"structuredContent":{"n":12345678901234567890,"f":1.0}}}`

const capabilities = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { listChanged: true, subscribe: true },
}
const serverInfo = { name: "behaviour", version: "1" }

/** Three pages; a real list is seldom one. */
function page(cursor: unknown): object {
  const at = Number(cursor ?? 0)
  const some = tools.slice(at, at + 4).map((name) => ({ name, inputSchema: schema, x: name }))
  return at + 4 < tools.length ? { tools: some, nextCursor: String(at + 4) } : { tools: some }
}
