import { Recent } from "./recent.ts"

/** Retries may be this share of the calls of the last ten seconds. */
const shareMax = 0.2
const windowSeconds = 10

interface Second {
  calls: number
  retries: number
}

/** How often a backend may be tried again: when it is down, retries must not be most of what it gets. */
export class RetryBudget {
  readonly #backends: Recent<Map<number, Second>>

  constructor(backendsMax: number) {
    this.#backends = new Recent(backendsMax, () => new Map())
  }

  called(backend: string, nowMs: number): void {
    this.#second(backend, nowMs).calls++
  }

  /** Takes one retry; false when there is none left. So many as `floor` there always are. */
  take(backend: string, nowMs: number, floor: number): boolean {
    const second = this.#second(backend, nowMs)
    let calls = 0
    let retries = 0
    for (const each of this.#backends.get(backend).values()) {
      calls += each.calls
      retries += each.retries
    }
    if (retries >= Math.max(floor, calls * shareMax)) return false
    second.retries++
    return true
  }

  #second(backend: string, nowMs: number): Second {
    const seconds = this.#backends.get(backend)
    const index = Math.floor(nowMs / 1000)
    const known = seconds.get(index)
    if (known !== undefined) return known
    for (const old of seconds.keys()) if (old <= index - windowSeconds) seconds.delete(old)
    const second: Second = { calls: 0, retries: 0 }
    seconds.set(index, second)
    return second
  }
}
