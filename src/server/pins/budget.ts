const minuteMs = 60_000

/** So many a minute for each name: a server that changes all the time must not fill the audit. */
export class Budget {
  readonly #max: number
  readonly #now: () => number
  readonly #spent = new Map<string, { sinceMs: number; count: number }>()
  /** How often there was nothing left. */
  refused = 0

  constructor(max: number, now: () => number) {
    this.#max = max
    this.#now = now
  }

  allows(name: string): boolean {
    const now = this.#now()
    const spent = this.#spent.get(name)
    if (spent === undefined || now - spent.sinceMs >= minuteMs) {
      this.#spent.set(name, { sinceMs: now, count: 1 })
      return true
    }
    spent.count++
    if (spent.count <= this.#max) return true
    this.refused++
    return false
  }
}
