/**
 * Something that may fall silent: an open stream, or a call whose answer is not there yet. Members of one list that
 * only {@link Pulse} links: a Set would cost each call as much as the rest of its bookkeeping.
 */
export abstract class Beating {
  /** Beats since it last said something. */
  quietBeats = 0
  before: Beating | undefined = undefined
  after: Beating | undefined = undefined

  /** Each time; silent or not. */
  beat(): void {}

  /** Says something, because it was silent for long. */
  abstract keepAlive(): void
}

/** Beats in one keep-alive time: silence is measured to a third of it. */
const beats = 3

/** One timer for all that may fall silent. */
export class Pulse {
  #first: Beating | undefined
  readonly #timer: NodeJS.Timeout

  constructor(keepAliveMs: number) {
    this.#timer = setInterval(() => this.#beat(), keepAliveMs / beats)
    this.#timer.unref()
  }

  add(member: Beating): void {
    const first = this.#first
    member.after = first
    if (first !== undefined) first.before = member
    this.#first = member
  }

  /** Does nothing to who is not there. */
  remove(member: Beating): void {
    const { before, after } = member
    if (before !== undefined) before.after = after
    else if (this.#first === member) this.#first = after
    if (after !== undefined) after.before = before
    member.before = undefined
    member.after = undefined
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #beat(): void {
    for (let member = this.#first; member !== undefined; ) {
      const { after } = member // a member may leave while it speaks
      member.quietBeats++
      member.beat()
      if (member.quietBeats >= beats) member.keepAlive()
      member = after
    }
  }
}
