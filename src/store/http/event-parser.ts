/** A stream of events that nobody can mean. */
export class EventStreamError extends Error {
  override readonly name = "EventStreamError"
}

const lineMax = 64 * 1024
const idMax = 1_024

/**
 * Reads server-sent events (HTML §9.2.6) as far as they say *that* something happened: their data are nobody's business
 * here. Throws an {@link EventStreamError} for a line beyond all measure.
 */
export class EventParser {
  /** Of the last event that had one: what to send as `Last-Event-ID`. */
  lastEventId: string | undefined
  /** How long the server asks to wait before coming back, in milliseconds. */
  retryMs: number | undefined
  readonly #decoder = new TextDecoder()
  readonly #happened: () => void
  #rest = ""
  #hasData = false
  #endedInReturn = false

  constructor(happened: () => void, lastEventId: string | undefined) {
    this.#happened = happened
    this.lastEventId = lastEventId
  }

  push(chunk: Uint8Array): void {
    const text = this.#decoder.decode(chunk, { stream: true })
    const fresh = this.#endedInReturn && text.startsWith("\n") ? text.slice(1) : text
    if (text !== "") this.#endedInReturn = text.endsWith("\r")
    const lines = (this.#rest + fresh).split(/\r\n|\n|\r/)
    this.#rest = lines.pop() ?? ""
    if (this.#rest.length > lineMax) throw new EventStreamError(`a line of more than ${lineMax}`)
    for (const line of lines) this.#line(line)
  }

  #line(line: string): void {
    if (line === "") {
      if (this.#hasData) this.#happened()
      this.#hasData = false
      return
    }
    const colon = line.indexOf(":")
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "")
    if (field === "data") this.#hasData = true
    if (field === "id" && isSendable(value)) this.lastEventId = value
    if (field === "retry" && /^\d{1,9}$/.test(value)) this.retryMs = Number(value)
  }
}

/** It goes back in a header. */
const isSendable = (id: string): boolean => id.length <= idMax && /^[\x20-\x7e]*$/.test(id)
