/** Takes the events of a stream. `type` is the event's name; empty for `message` and where it has none. */
export type TakeEvent = (data: string, type: string) => void

const keptMax = 512

/**
 * Reads `text/event-stream` (WHATWG HTML §9.2). Lines end in LF, CRLF or CR; a BOM at the start, comments and unknown
 * fields are skipped. Holds at most one event; who pushes looks at `held` and gives up when that is too much.
 */
export class EventStream {
  readonly #take: TakeEvent
  readonly #decoder = new TextDecoder() // drops the BOM, and joins characters that two chunks share
  #line = ""
  #data: string | undefined
  #type = ""
  #id: string | undefined
  /** The text before ended in CR: an LF that follows belongs to it. */
  #sawCr = false
  /** Of the last event that had one, with or without data: where to go on when the stream breaks. */
  lastEventId = ""
  /** How long to wait before coming back, if the server said so. */
  retryMs: number | undefined

  constructor(take: TakeEvent) {
    this.#take = take
  }

  /** Characters of the event that is not complete yet. */
  get held(): number {
    return this.#line.length + (this.#data?.length ?? 0)
  }

  /**
   * Drops the event that it holds except for its last characters; the rest of it is still to come. Returns how much is
   * lost.
   */
  discard(): string {
    const lost = (this.#data ?? "") + this.#line
    const tail = lost.slice(-keptMax)
    this.#data = this.#line === "" ? tail : undefined
    this.#line = this.#line === "" ? "" : `data:${tail}`
    return lost
  }

  push(chunk: Uint8Array): void {
    const text = this.#normalised(this.#decoder.decode(chunk, { stream: true }))
    let from = 0
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      const part = text.slice(from, end)
      this.#field(this.#line === "" ? part : this.#line + part)
      this.#line = ""
      from = end + 1
    }
    if (from < text.length) this.#line += text.slice(from)
  }

  /** With LF at the end of every line that has an end. */
  #normalised(text: string): string {
    if (text === "") return text
    const rest = this.#sawCr && text.startsWith("\n") ? text.slice(1) : text
    this.#sawCr = rest.endsWith("\r")
    return rest.includes("\r") ? rest.replace(/\r\n?/g, "\n") : rest
  }

  #field(line: string): void {
    if (line === "") {
      this.#dispatch()
      return
    }
    const colon = line.indexOf(":")
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1)
    if (name === "data") this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
    else if (name === "event") this.#type = value === "message" ? "" : value
    else if (name === "id" && !value.includes("\0")) this.#id = value
    else if (name === "retry" && /^\d{1,15}$/.test(value)) this.retryMs = Number(value)
  }

  #dispatch(): void {
    const data = this.#data
    const type = this.#type
    if (this.#id !== undefined) this.lastEventId = this.#id
    this.#data = undefined
    this.#type = ""
    if (data) this.#take(data, type) // an event without data is a keep-alive or a priming event
  }
}
