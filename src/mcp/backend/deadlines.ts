/**
 * Items that all get the same time, with one timer for all: since the time is the same, they are due in the order in
 * which they came. Adding and deleting cost a map operation each.
 */
export class Deadlines<T> {
  readonly #afterMs: number
  readonly #expired: (item: T) => void
  readonly #due = new Map<T, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(afterMs: number, expired: (item: T) => void) {
    this.#afterMs = afterMs
    this.#expired = expired
  }

  add(item: T): void {
    this.#due.set(item, performance.now() + this.#afterMs)
    this.#timer ??= this.#arm(this.#afterMs)
  }

  delete(item: T): void {
    this.#due.delete(item)
  }

  get size(): number {
    return this.#due.size
  }

  /** A copy, so that items may be deleted meanwhile. */
  items(): T[] {
    return [...this.#due.keys()]
  }

  clear(): void {
    this.#due.clear()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #arm(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#tick(), Math.max(1, Math.ceil(ms))).unref()
  }

  #tick(): void {
    this.#timer = undefined
    const now = performance.now()
    for (const [item, due] of this.#due) {
      if (due > now) {
        this.#timer = this.#arm(due - now)
        return
      }
      this.#due.delete(item)
      this.#expired(item)
    }
  }
}
