/** Retries may be this share of the calls of the last ten seconds. */
const shareMax = 0.2
const windowSeconds = 10

interface Second {
  readonly index: number
  calls: number
  retries: number
}

/** How often a backend may be tried again: when it is down, retries must not be most of what it gets. */
export class RetryBudget {
  /** Those in which it was called, the oldest first. */
  readonly #seconds: Second[] = []

  called(nowMs: number): void {
    this.#second(nowMs).calls++
  }

  /** Takes one retry; false when there is none left. So many as `floor` there always are. */
  take(nowMs: number, floor: number): boolean {
    const second = this.#second(nowMs)
    let calls = 0
    let retries = 0
    for (const each of this.#seconds) {
      calls += each.calls
      retries += each.retries
    }
    if (retries >= Math.max(floor, calls * shareMax)) return false
    second.retries++
    return true
  }

  #second(nowMs: number): Second {
    const index = Math.floor(nowMs / 1000)
    const last = this.#seconds.at(-1)
    if (last?.index === index) return last
    const isOld = (second: Second) => second.index <= index - windowSeconds
    this.#seconds.splice(0, this.#seconds.findLastIndex(isOld) + 1)
    const second: Second = { index, calls: 0, retries: 0 }
    this.#seconds.push(second)
    return second
  }
}
