/**
 * An item that may be due. The links are the list's own: a Map would copy its items to another table every so often, and
 * such a table, once it is old, keeps all that it ever held alive until the next major collection.
 */
export interface Due<T> {
  /** 0 while it is in no list. */
  dueMs: number
  before: T | undefined
  after: T | undefined
}

/**
 * Items that all get the same time, with one timer for all: since the time is the same, they are due in the order in
 * which they came.
 */
export class Deadlines<T extends Due<T>> {
  readonly #afterMs: number
  readonly #expired: (item: T) => void
  #first: T | undefined
  #last: T | undefined
  #size = 0
  #timer: NodeJS.Timeout | undefined

  constructor(afterMs: number, expired: (item: T) => void) {
    this.#afterMs = afterMs
    this.#expired = expired
  }

  add(item: T): void {
    item.dueMs = performance.now() + this.#afterMs
    item.before = this.#last
    if (this.#last === undefined) this.#first = item
    else this.#last.after = item
    this.#last = item
    this.#size++
    this.#timer ??= this.#arm(this.#afterMs)
  }

  /** Does nothing to what is not there. */
  delete(item: T): void {
    if (item.dueMs === 0) return
    const { before, after } = item
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    item.dueMs = 0
    item.before = undefined
    item.after = undefined
    this.#size--
  }

  get size(): number {
    return this.#size
  }

  /** A copy, so that items may be deleted meanwhile. */
  items(): T[] {
    const items: T[] = []
    for (let item = this.#first; item !== undefined; item = item.after) items.push(item)
    return items
  }

  clear(): void {
    for (const item of this.items()) this.delete(item)
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #arm(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.#tick(), Math.max(1, Math.ceil(ms))).unref()
  }

  #tick(): void {
    this.#timer = undefined
    const now = performance.now()
    for (let item = this.#first; item !== undefined; item = this.#first) {
      if (item.dueMs > now) {
        this.#timer ??= this.#arm(item.dueMs - now)
        return
      }
      this.delete(item)
      this.#expired(item)
    }
  }
}
