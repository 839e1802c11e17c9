import type { Writable } from "node:stream"

/** Characters that wait for the end of a turn; beyond, it has to be known whether the other end reads. */
const pieceMax = 16 * 1024

/**
 * Writes lines into a pipe, those of one turn of the event loop in one piece: each piece is a system call, and wakes who
 * reads at the other end.
 */
export class LineWriter {
  readonly #pipe: Writable
  #pending = ""

  constructor(pipe: Writable) {
    this.#pipe = pipe
  }

  /** The other end does not read: what is written now waits in memory until the pipe emits `drain`. */
  get isStalled(): boolean {
    return this.#pipe.writableNeedDrain
  }

  put(line: string): void {
    if (this.#pending === "") setImmediate(this.#flush)
    this.#pending += `${line}\n`
    if (this.#pending.length > pieceMax) this.#flush()
  }

  readonly #flush = (): void => {
    const piece = this.#pending
    this.#pending = ""
    if (piece !== "") this.#pipe.write(piece)
  }

  /** Whatever was put is written before. */
  end(): void {
    this.#flush()
    this.#pipe.end()
  }
}
