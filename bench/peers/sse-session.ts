// A client of HTTP+SSE (2024-11-05), which is all that mcp-hub speaks to MCP clients: requests are posted, answers come on a stream.
import { Agent, get, type IncomingMessage, request } from "node:http"
import type { Answered } from "../load.ts"

const agent = new Agent({ keepAlive: true, maxSockets: 256 })
type Answer = { readonly result?: { readonly isError?: boolean } }

export class SseSession implements Disposable {
  readonly #stream: IncomingMessage
  readonly #port: number
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #path = ""
  #id = 0
  #text = ""

  /** Connects, and initializes. Rejects when the door is not open. */
  static async open(port: number): Promise<SseSession> {
    const stream = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = { accept: "text/event-stream" }
      get({ port, host: "127.0.0.1", path: "/mcp", headers }, resolve).on("error", reject)
    })
    const session = new SseSession(stream, port)
    await session.#endpoint()
    const clientInfo = { name: "bench", version: "1" }
    await session.ask("initialize", { protocolVersion: "2024-11-05", capabilities: {}, clientInfo })
    await session.#post({ method: "notifications/initialized" })
    return session
  }

  private constructor(stream: IncomingMessage, port: number) {
    this.#stream = stream
    this.#port = port
  }

  async ask(method: string, params: object): Promise<Answer> {
    const id = ++this.#id
    const { promise, resolve } = Promise.withResolvers<Answer>()
    this.#waiting.set(id, resolve)
    await this.#post({ id, method, params })
    return promise
  }

  [Symbol.dispose](): void {
    this.#stream.destroy()
  }

  /** The first event says where to post to. */
  #endpoint(): Promise<void> {
    const { promise, reject, resolve } = Promise.withResolvers<void>()
    if (this.#stream.statusCode !== 200) reject(new Error(`${this.#stream.statusCode}`))
    this.#stream.setEncoding("utf8")
    this.#stream.on("data", (chunk: string) => {
      const events = (this.#text + chunk).split("\n\n")
      this.#text = events.pop() ?? ""
      for (const event of events) {
        const data = /^data: ?(.*)$/m.exec(event)?.[1] ?? ""
        if (/^event: ?endpoint$/m.test(event)) {
          this.#path = data
          resolve()
        } else if (data.startsWith("{")) this.#answered(JSON.parse(data))
      }
    })
    this.#stream.on("error", () => undefined) // it is destroyed when the bench is done
    return promise
  }

  #answered(message: Answer & { readonly id?: number }): void {
    const { id } = message
    if (id === undefined) return
    this.#waiting.get(id)?.(message)
    this.#waiting.delete(id)
  }

  #post(message: object): Promise<void> {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message })
    const headers = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
    }
    const to = {
      port: this.#port,
      host: "127.0.0.1",
      path: this.#path,
      method: "POST",
      headers,
      agent,
    }
    return new Promise((resolve, reject) => {
      const posted = request(to, (answer) => answer.resume().on("end", resolve))
      posted.on("error", reject)
      posted.end(body)
    })
  }
}

/** As `load` of Streamable HTTP: one session for each connection, one request in flight on each. */
export async function loadSse(
  port: number,
  [method, params]: readonly [method: string, params: object],
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Answered> {
  const sessions = await Promise.all(
    Array.from({ length: connections }, () => SseSession.open(port)),
  )
  const latencies: number[] = []
  let failed = 0
  const started = performance.now()
  const until = started + seconds * 1_000
  const lane = async (session: SseSession) => {
    for (let now = started; now < until; ) {
      const { result } = await session.ask(method, params)
      if (result === undefined || result.isError) failed++
      latencies.push(performance.now() - now)
      now = performance.now()
    }
  }
  await Promise.all(sessions.map(lane))
  const elapsed = (performance.now() - started) / 1_000
  for (const session of sessions) session[Symbol.dispose]()
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
  return { calls: latencies.length, seconds: elapsed, failed, p50Ms: at(0.5), p99Ms: at(0.99) }
}
