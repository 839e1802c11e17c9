import { setImmediate as nextTurn } from "node:timers/promises"
import type { Cancellation } from "../../src/compose/run/cancellation.ts"
import type { Clock } from "../../src/compose/run/ports.ts"

interface Timer {
  readonly atMs: number
  readonly fire: () => void
}

/** A clock that moves only when nothing else does: time passes at once, and always in the same order. */
export class VirtualClock implements Clock {
  #nowMs = 0
  /** What `random` gives next; 0.5, which is no jitter, when there is nothing left. */
  readonly chances: number[] = []
  readonly #timers = new Set<Timer>()
  /** Those who wait for the next turn of the loop. */
  #turns = 0
  readonly #outside: () => Promise<unknown> | undefined

  /** `outside`: what happens where this clock does not reach, such as writes to a disk. Time waits for it. */
  constructor(outside: () => Promise<unknown> | undefined = () => undefined) {
    this.#outside = outside
  }

  now(): number {
    return this.#nowMs
  }

  random(): number {
    return this.chances.shift() ?? 0.5
  }

  async turn(): Promise<void> {
    this.#turns++
    await nextTurn()
    this.#turns--
  }

  sleep(ms: number, cancellation: Cancellation): Promise<void> {
    if (cancellation.isCancelled) return Promise.resolve()
    return new Promise((resolve) => {
      const timer: Timer = { atMs: this.#nowMs + Math.max(0, ms), fire: () => end() }
      const end = () => {
        this.#timers.delete(timer)
        cancellation.release()
        resolve()
      }
      this.#timers.add(timer)
      cancellation.listen({ cancelled: end })
    })
  }

  /** Somebody sets it, forward or back: whoever sleeps does not notice. */
  jump(ms: number): void {
    this.#nowMs += ms
    for (const timer of [...this.#timers]) {
      this.#timers.delete(timer)
      this.#timers.add(Object.assign(timer, { atMs: timer.atMs + ms }))
    }
  }

  /** Timers that nobody has cancelled: none when all is over. */
  get timers(): number {
    return this.#timers.size
  }

  /** Acts once at this time. */
  at(ms: number, act: () => void): void {
    const timer: Timer = {
      atMs: ms,
      fire: () => {
        this.#timers.delete(timer)
        act()
      },
    }
    this.#timers.add(timer)
  }

  /** Lets time pass until the promise has settled. Throws when nothing is left that could settle it. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isOver = false
    const over = () => {
      isOver = true
    }
    promise.then(over, over)
    for (;;) {
      await this.#settled()
      if (isOver) return promise
      if (!this.#next()) throw new Error(`nothing happens any more at ${this.#nowMs} ms`)
    }
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    await this.#settled()
    while (this.#next(endMs)) await this.#settled()
    this.#nowMs = endMs
  }

  /** Every promise that can settle without time passing has settled. */
  async #settled(): Promise<void> {
    for (;;) {
      await nextTurn()
      const outside = this.#outside()
      if (outside !== undefined) await outside
      else if (this.#turns === 0) return
    }
  }

  /** The next timer of all, up to a time; of several at one time the one that was set first. */
  #next(endMs = Number.POSITIVE_INFINITY): boolean {
    const [first] = [...this.#timers].sort((one, other) => one.atMs - other.atMs)
    if (first === undefined || first.atMs > endMs) return false
    this.#nowMs = Math.max(this.#nowMs, first.atMs)
    first.fire()
    return true
  }
}
