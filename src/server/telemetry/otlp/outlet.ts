import { readFileSync } from "node:fs"
import { Agent, type IncomingMessage, request as overHttp } from "node:http"
import { request as overHttps, Agent as SecureAgent } from "node:https"
import { promisify } from "node:util"
import { gzip } from "node:zlib"
import type { Destination } from "../settings.ts"

/** What became of one request to the collector. No reason holds a header or a part of an answer. */
export type Sent =
  /** `rejected`: how many of the items sent the collector says it did not keep. */
  | { readonly kind: "taken"; readonly rejected: number }
  /** To be tried again, and not before so many milliseconds. */
  | { readonly kind: "busy"; readonly reason: string; readonly afterMs: number | undefined }
  | { readonly kind: "refused"; readonly reason: string }

const answerBytesMax = 64 * 1024
const waitMaxMs = 5 * 60_000
/** OTLP specification 1.x, OTLP/HTTP Response, Retryable Response Codes. */
const retryable: ReadonlySet<number> = new Set([429, 502, 503, 504])

/** Posts to one address of a collector: no redirect is followed, and of an answer nothing is read beyond a limit. */
export class Outlet {
  readonly #to: Destination
  readonly #url: URL
  readonly #agent: Agent | SecureAgent

  /** Throws where the file of certificates cannot be read. */
  constructor(to: Destination) {
    this.#to = to
    this.#url = new URL(to.url)
    const options = { keepAlive: true, maxSockets: 1 }
    const ca = to.certificate === undefined ? {} : { ca: readFileSync(to.certificate) }
    this.#agent =
      this.#url.protocol === "https:" ? new SecureAgent({ ...options, ...ca }) : new Agent(options)
  }

  /** Never rejects. */
  async post(text: string, signal: AbortSignal): Promise<Sent> {
    const { isPacked, timeoutMs } = this.#to
    const body = isPacked ? await pack(text) : Buffer.from(text)
    try {
      const late = AbortSignal.timeout(timeoutMs)
      const answer = await this.#send(body, AbortSignal.any([signal, late]))
      return sentOf(answer)
    } catch (error) {
      return { kind: "busy", reason: wordsOf(error, timeoutMs), afterMs: undefined }
    }
  }

  #send(body: Buffer, signal: AbortSignal): Promise<Answer> {
    const { headers, isPacked } = this.#to
    const said = [...headers].map(([name, value]) => [name, value.reveal()] as const)
    const send = this.#url.protocol === "https:" ? overHttps : overHttp
    return new Promise((resolve, reject) => {
      const outgoing = send(this.#url, {
        method: "POST",
        agent: this.#agent,
        signal,
        headers: {
          "user-agent": "postern",
          ...Object.fromEntries(said),
          "content-type": "application/json",
          "content-length": body.length,
          ...(isPacked && { "content-encoding": "gzip" }),
        },
      })
      outgoing.on("error", reject)
      outgoing.on("response", (incoming) => read(incoming).then(resolve, reject))
      outgoing.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}

const pack = promisify<string, Buffer>(gzip)

interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly text: string
}

async function read(incoming: IncomingMessage): Promise<Answer> {
  const { statusCode: status = 0, headers } = incoming
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of incoming) {
    bytes += part.length
    if (bytes > answerBytesMax) break // which ends the connection
    parts.push(part)
  }
  const text = bytes > answerBytesMax ? "" : Buffer.concat(parts).toString()
  return { status, retryAfter: headers["retry-after"], text }
}

function sentOf({ status, retryAfter, text }: Answer): Sent {
  if (status >= 200 && status < 300) return { kind: "taken", rejected: rejectedIn(text) }
  const reason = `it answers ${status}`
  if (!retryable.has(status)) return { kind: "refused", reason }
  return { kind: "busy", reason, afterMs: waitOf(retryAfter) }
}

/** Seconds or a date (RFC 9110, 10.2.3); a collector that wants to be left alone for long is asked all the same. */
function waitOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return
  const ms = /^\d+$/.test(retryAfter)
    ? Number(retryAfter) * 1_000
    : Date.parse(retryAfter) - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), waitMaxMs) : undefined
}

/** `ExportTracePartialSuccess` and its like: 64 bits, written as text or as a number. */
function rejectedIn(text: string): number {
  try {
    const { partialSuccess } = JSON.parse(text)
    const count = Number(partialSuccess?.rejectedSpans ?? partialSuccess?.rejectedDataPoints ?? 0)
    return count > 0 ? count : 0
  } catch {
    return 0 // it has taken them, whatever else it says
  }
}

function wordsOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return "it cannot be asked"
  if (error.name === "TimeoutError" || error.cause instanceof DOMException)
    return `it did not answer within ${timeoutMs} ms`
  const { code = error.name } = error as NodeJS.ErrnoException // a missing code is undefined, and that is looked at
  return `it cannot be reached: ${code}`
}
