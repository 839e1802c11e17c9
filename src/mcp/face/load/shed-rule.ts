/** How the event loop was, between two looks at it. */
export interface Look {
  /** How much later than asked for the timer was. */
  readonly lateMs: number
  /** Which part of the time it worked, 0 to 1. One that waits for the processor to be free is late without having work. */
  readonly busy: number
}

/**
 * Which part of the requests is turned away. None, until the loop was late and busy for several looks: a pause of the
 * garbage collector is no overload. Then a little more with each look that is too late, and a little less with each
 * that is not, in proportion to how far off it was, so that the loop stays about as late as it may be.
 */
export class ShedRule {
  readonly #targetMs: number
  #late = 0
  #share = 0
  #owed = 0

  constructor(targetMs: number) {
    this.#targetMs = targetMs
  }

  /** 0 to {@link shareMax}. */
  get share(): number {
    return this.#share
  }

  note({ lateMs, busy }: Look): void {
    const excess = Math.min(1, lateMs / this.#targetMs - 1)
    this.#late = excess > 0 && busy >= busyMin ? this.#late + 1 : 0
    const isOverload = this.#late >= looksMin || (this.#share > 0 && excess <= 0)
    if (isOverload) this.#share = Math.min(shareMax, Math.max(0, this.#share + step * excess))
    if (this.#share === 0) this.#owed = 0
  }

  /** Of so many requests as are asked about, the share is turned away, evenly. */
  turnsAway(): boolean {
    if (this.#share === 0) return false
    this.#owed += this.#share
    if (this.#owed < 1) return false
    this.#owed--
    return true
  }
}

const busyMin = 0.9
const looksMin = 4
const step = 0.1
/** Some are always let in, because otherwise nothing would show that the overload is over. */
export const shareMax = 0.95
