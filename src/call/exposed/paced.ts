/** Does something at once, and then no more often than every `intervalMs`, however often it is wanted; the last wish is not left out. */
export class Paced {
  readonly #intervalMs: number
  readonly #act: () => void
  #timer: NodeJS.Timeout | undefined
  #isWanted = false

  constructor(intervalMs: number, act: () => void) {
    this.#intervalMs = intervalMs
    this.#act = act
  }

  want(): void {
    this.#isWanted = true
    if (this.#timer === undefined) this.#go()
  }

  #go(): void {
    this.#timer = undefined
    if (!this.#isWanted) return
    this.#isWanted = false
    this.#timer = setTimeout(() => this.#go(), this.#intervalMs).unref()
    this.#act()
  }
}
