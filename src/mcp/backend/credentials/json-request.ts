import type { Agent } from "undici"

export interface JsonRequestLimits {
  /** From the first byte to the last, connecting included. */
  readonly timeoutMs: number
  readonly bytesMax: number
  /** Connections to one authorization server; more requests wait. */
  readonly connectionsMax: number
}

export type JsonAnswer =
  | { readonly ok: true; readonly status: number; readonly value: unknown }
  /** Nothing that can be read as an answer; `reason` holds none of it. */
  | { readonly ok: false; readonly status: number | undefined; readonly reason: string }

export interface Form {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Asks authorization servers and reads what they answer as JSON: no redirect is followed, nothing compressed is unpacked,
 * nothing is read beyond a limit. Addresses come from the configuration, or from metadata of an issuer that does.
 */
export class JsonRequests {
  readonly #limits: JsonRequestLimits
  #agent: Agent | undefined

  constructor(limits: JsonRequestLimits) {
    this.#limits = limits
  }

  /** A GET, or a POST of a form. Never rejects. */
  async ask(url: string, form?: Form): Promise<JsonAnswer> {
    const { bytesMax, timeoutMs } = this.#limits
    const common = { accept: "application/json", "accept-encoding": "identity" }
    try {
      const undici = await import("undici") // most gateways never ask, and it takes long to load
      this.#agent ??= agentOf(undici, this.#limits)
      const answer = await undici.request(url, {
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(timeoutMs),
        method: form === undefined ? "GET" : "POST",
        headers: { ...common, ...form?.headers },
        body: form?.body ?? null,
      })
      const { body, headers, statusCode: status } = answer
      const text = await body.text()
      const encoding = headers["content-encoding"]
      if (encoding === undefined || encoding === "identity") return read(status, text)
      return { ok: false, status, reason: "its answer is encoded, which was not accepted" }
    } catch (error) {
      return { ok: false, status: undefined, reason: wordsOf(error, { bytesMax, timeoutMs }) }
    }
  }

  async close(): Promise<void> {
    await this.#agent?.destroy()
  }
}

const agentOf = (undici: typeof import("undici"), limits: JsonRequestLimits) =>
  new undici.Agent({
    connections: limits.connectionsMax,
    pipelining: 1,
    allowH2: false,
    maxResponseSize: limits.bytesMax,
    maxHeaderSize: 16 * 1024,
    headersTimeout: 0, // one clock, above
    bodyTimeout: 0,
    connect: { timeout: limits.timeoutMs },
  })

function read(status: number, text: string): JsonAnswer {
  try {
    return { ok: true, status, value: JSON.parse(text) }
  } catch {
    const what = status === 200 ? "is not JSON" : `has the status ${status}`
    return { ok: false, status, reason: `its answer ${what}` } // the parser's words would quote it
  }
}

function wordsOf(
  error: unknown,
  { bytesMax, timeoutMs }: Omit<JsonRequestLimits, "connectionsMax">,
) {
  if (!(error instanceof Error)) return "it cannot be asked"
  if (error.name === "TimeoutError") return `it did not answer within ${timeoutMs} ms`
  const { code = error.name } = error as NodeJS.ErrnoException // a missing code is undefined, and that is looked at
  if (code === "UND_ERR_RES_EXCEEDED_MAX_SIZE") return `its answer is larger than ${bytesMax} bytes`
  return `it cannot be reached: ${code}`
}
