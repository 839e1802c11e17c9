/** The least time between two looks, however many events come. */
const gapMs = 1_000

/** The longest wait that failures alone lead to: this long after an outage, at most, it is over here as well. */
export const backoffMaxMs = 30_000

/** When to look at a source next. Times are of a clock that nobody sets: one that is set back would put the next look off. */
export class Schedule {
  readonly #refreshMs: number
  readonly #retryMaxMs: number
  #due: () => void = () => undefined
  #timer: NodeJS.Timeout | undefined
  #nextAtMs = Number.POSITIVE_INFINITY
  /** The source wants to be left alone until then. */
  #heldUntilMs = 0
  #askedAtMs = Number.NEGATIVE_INFINITY
  #failures = 0
  #isAsking = false
  #isWanted = false
  #isClosed = false

  constructor({ refreshMs, retryMaxMs }: { refreshMs: number; retryMaxMs: number }) {
    this.#refreshMs = refreshMs
    this.#retryMaxMs = retryMaxMs
  }

  /** Milliseconds from now. */
  get nextInMs(): number {
    return this.#nextAtMs - performance.now()
  }

  start(due: () => void): void {
    this.#due = due
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  begin(): void {
    clearTimeout(this.#timer)
    this.#askedAtMs = performance.now()
    this.#isAsking = true
    this.#isWanted = false
  }

  /** It answered: look again after the interval, up to a tenth sooner or later by chance, so that a fleet spreads out. */
  succeeded(): void {
    this.#failures = 0
    this.#heldUntilMs = 0
    this.#plan(this.#refreshMs * (0.9 + 0.2 * Math.random()))
  }

  /** Twice as long each time, up to half a minute; as long as the source asks, up to the limit. Returns the wait. */
  failed(retryAfterMs = 0): number {
    const grown = gapMs * 2 ** Math.min(this.#failures++, 20)
    const longest = Math.min(backoffMaxMs, this.#retryMaxMs, Math.max(gapMs, this.#refreshMs))
    const backoff = Math.min(grown, longest) * (0.8 + 0.2 * Math.random())
    const held = Math.min(retryAfterMs, this.#retryMaxMs)
    this.#heldUntilMs = performance.now() + held
    const waitMs = Math.max(backoff, held)
    this.#plan(waitMs)
    return waitMs
  }

  /** An event says that there may be something new. */
  hurry(): void {
    if (this.#isAsking) this.#isWanted = true
    else this.#planAt(Math.min(this.#nextAtMs, this.#soonest()))
  }

  #soonest(): number {
    return Math.max(this.#heldUntilMs, this.#askedAtMs + gapMs, performance.now())
  }

  #plan(waitMs: number): void {
    this.#isAsking = false
    const usualMs = performance.now() + waitMs
    this.#planAt(this.#isWanted ? Math.min(usualMs, this.#soonest()) : usualMs)
  }

  #planAt(atMs: number): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#nextAtMs = atMs
    this.#timer = setTimeout(() => this.#due(), Math.max(0, atMs - performance.now())).unref()
  }
}
