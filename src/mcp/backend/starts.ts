/** Lets a few processes start at once. A start that takes too long loses its turn, not its life. */
export class Starts {
  readonly #turnMs: number
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(atOnce: number, turnMs: number) {
    this.#free = atOnce
    this.#turnMs = turnMs
  }

  /** Resolves when a start may begin, with the function that ends its turn. */
  async turn(): Promise<() => void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let isOver = false
    const end = () => {
      if (isOver) return
      isOver = true
      clearTimeout(late)
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
    const late = setTimeout(end, this.#turnMs).unref()
    return end
  }
}
