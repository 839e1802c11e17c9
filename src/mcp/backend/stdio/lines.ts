const keptBytes = 512
const newline = 10

/** Who gets the lines. */
export interface LineTaker {
  line(text: string): void
  /** A line longer than the limit; only its first and last bytes are kept. */
  overlong(head: string, tail: string): void
}

/** Cuts a byte stream into lines of UTF-8 and never holds more than `bytesMax` of one. */
export class LineReader {
  readonly #bytesMax: number
  readonly #taker: LineTaker
  #held: Buffer[] = []
  #bytes = 0
  /** The rest of this line is thrown away; its head is kept. */
  #head: string | undefined
  #tail = Buffer.alloc(0)

  constructor(bytesMax: number, taker: LineTaker) {
    this.#bytesMax = bytesMax
    this.#taker = taker
  }

  push(chunk: Buffer): void {
    let from = 0
    for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, from)) {
      if (this.#isWhole(to - from)) this.#taker.line(chunk.toString("utf8", from, to))
      else {
        this.#hold(chunk.subarray(from, to))
        this.#end()
      }
      from = to + 1
    }
    if (from < chunk.length) this.#hold(from === 0 ? chunk : chunk.subarray(from))
  }

  /** Nearly every line comes in one piece, and is neither empty nor too long. */
  #isWhole(bytes: number): boolean {
    return this.#bytes === 0 && bytes > 0 && bytes <= this.#bytesMax
  }

  /** The stream is over: what is held is the last line. */
  end(): void {
    if (this.#bytes > 0) this.#end()
  }

  #hold(part: Buffer): void {
    if (this.#head !== undefined) {
      this.#skip(part)
      return
    }
    this.#held.push(part)
    this.#bytes += part.length
    if (this.#bytes > this.#bytesMax) this.#overflow()
  }

  #overflow(): void {
    const whole = Buffer.concat(this.#held)
    this.#held = []
    this.#head = whole.toString("latin1", 0, keptBytes)
    this.#tail = Buffer.from(whole.subarray(-keptBytes))
  }

  #skip(part: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, part.subarray(-keptBytes)]).subarray(-keptBytes)
  }

  #end(): void {
    const [first] = this.#held
    const whole = this.#held.length > 1 ? Buffer.concat(this.#held) : first
    const head = this.#head
    this.#held = []
    this.#bytes = 0
    this.#head = undefined
    if (head !== undefined) this.#taker.overlong(head, this.#tail.toString("latin1"))
    else if (whole !== undefined && whole.length > 0) this.#taker.line(whole.toString())
  }
}
