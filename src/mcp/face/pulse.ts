/** Something that may fall silent: an open stream, or a call whose answer is not there yet. */
export interface Beating {
  /** Beats since it last said something. */
  quietBeats: number
  /** Says something, because it was silent for long. */
  keepAlive(): void
}

/** Beats in one keep-alive time: silence is measured to a third of it. */
const beats = 3

/** One timer for all that may fall silent: a timer for each call would cost more than the call's classification. */
export class Pulse {
  readonly #members = new Set<Beating>()
  readonly #timer: NodeJS.Timeout

  constructor(keepAliveMs: number) {
    this.#timer = setInterval(() => this.#beat(), keepAliveMs / beats)
    this.#timer.unref()
  }

  add(member: Beating): void {
    this.#members.add(member)
  }

  remove(member: Beating): void {
    this.#members.delete(member)
  }

  get size(): number {
    return this.#members.size
  }

  close(): void {
    clearInterval(this.#timer)
    this.#members.clear()
  }

  #beat(): void {
    for (const member of this.#members) {
      member.quietBeats++
      if (member.quietBeats >= beats) member.keepAlive()
    }
  }
}
