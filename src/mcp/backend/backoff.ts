/** How long to leave a server alone after a failure: twice as long each time, a little by chance, up to a limit. */
export class Backoff {
  readonly #firstMs: number
  readonly #maxMs: number
  readonly #healthyMs: number
  readonly #now: () => number
  #failures = 0
  #upSinceMs: number | undefined
  #untilMs = 0

  constructor(firstMs: number, maxMs: number, healthyMs: number, now = () => performance.now()) {
    this.#firstMs = firstMs
    this.#maxMs = maxMs
    this.#healthyMs = healthyMs
    this.#now = now
  }

  succeeded(): void {
    this.#upSinceMs = this.#now()
    this.#untilMs = 0
  }

  /** Returns the wait in milliseconds. */
  failed(): number {
    const now = this.#now()
    const wasHealthy = this.#upSinceMs !== undefined && now - this.#upSinceMs >= this.#healthyMs
    if (wasHealthy) this.#failures = 0
    this.#upSinceMs = undefined
    const plain = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#failures, 30))
    this.#failures++
    const waitMs = Math.min(this.#maxMs, plain * (1 + Math.random() / 4)) // chance spreads the gateways of a fleet
    this.#untilMs = now + waitMs
    return waitMs
  }

  /** What is left of the wait; 0 when the next attempt may begin. */
  get remainingMs(): number {
    return Math.max(0, this.#untilMs - this.#now())
  }
}
