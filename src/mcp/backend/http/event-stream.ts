/**
 * Reads `text/event-stream` (WHATWG HTML §9.2) as far as MCP needs it: the data of each event. Lines end in LF, CRLF or
 * CR; a BOM at the start, comments, and the fields event, id and retry are skipped. Holds at most one event.
 */
export class EventStream {
  readonly #onData: (text: string) => void
  readonly #decoder = new TextDecoder() // drops the BOM, and joins characters that two chunks share
  #line = ""
  #data: string | undefined
  /** The text before ended in CR: an LF that follows belongs to it. */
  #sawCr = false

  constructor(onData: (text: string) => void) {
    this.#onData = onData
  }

  push(chunk: Uint8Array): void {
    let text = this.#decoder.decode(chunk, { stream: true })
    if (text === "") return
    if (this.#sawCr && text.startsWith("\n")) text = text.slice(1)
    this.#sawCr = text === "" ? false : text.endsWith("\r")
    let from = 0
    for (const end of text.matchAll(endOfLine)) {
      this.#take(this.#line + text.slice(from, end.index))
      this.#line = ""
      from = end.index + end[0].length
    }
    this.#line += text.slice(from)
  }

  #take(line: string): void {
    if (line === "") this.#dispatch()
    if (!line.startsWith("data")) return
    if (line.length > 4 && line[4] !== ":") return // another field, `dataset` say
    const value = line.slice(line[5] === " " ? 6 : 5)
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
  }

  #dispatch(): void {
    const data = this.#data
    this.#data = undefined
    if (data) this.#onData(data) // an event without data is a keep-alive or a priming event
  }
}

const endOfLine = /\r\n?|\n/g
