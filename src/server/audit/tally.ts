/** How often something happened, and when it did last. */
export interface Count {
  readonly count: number
  /** RFC 3339; "" where no record had a time. */
  readonly last: string
}

/** What several tallies may keep together. */
export class Budget {
  #rows: number
  /** Records whose key found no place. */
  others = 0

  constructor(rowsMax: number) {
    this.#rows = rowsMax
  }

  /** False, and counted, when nothing more is kept. */
  take(): boolean {
    if (this.#rows === 0) {
      this.others++
      return false
    }
    this.#rows--
    return true
  }
}

/**
 * Counts by key, with the first of each. Callers choose what they ask for, so the number of keys is limited: of further
 * ones only the records are counted.
 */
export class Tally<T> {
  readonly #rows = new Map<string, { item: T; count: number; last: string }>()
  readonly #budget: Budget

  constructor(budget: Budget) {
    this.#budget = budget
  }

  add(key: string, item: () => T, time: string): void {
    const row = this.#rows.get(key)
    if (row === undefined) {
      if (this.#budget.take()) this.#rows.set(key, { item: item(), count: 1, last: time })
      return
    }
    row.count++
    if (time > row.last) row.last = time
  }

  /** The most frequent first; equals in the order in which they came. */
  rows(): readonly (T & Count)[] {
    return [...this.#rows.values()]
      .sort((left, right) => right.count - left.count)
      .map(({ item, count, last }) => ({ ...item, count, last }))
  }
}
