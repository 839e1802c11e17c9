import type { Seen } from "../../../compose/run/durable/journal.ts"
import type { RunRecord } from "../../../compose/run/durable/record.ts"

/** What of a run says whether it may still go forward. */
export type Whose = Pick<RunRecord, "tool" | "principal">

interface Waiting {
  readonly seen: Seen
  readonly whose: Whose
  /** When nobody can answer any more. */
  readonly untilMs: number
}

/**
 * The runs that this process holds and does not drive: those that wait for a person, and those that it left half way,
 * to be continued. There may be ten thousand of them, so nothing that is asked every second goes through all.
 */
export class IdleRuns {
  readonly #waiting = new Map<string, Waiting>()
  readonly #left = new Set<string>()
  /** No waiting run is late before this time. */
  #nextMs = Number.POSITIVE_INFINITY
  /** Where the next look at those that wait begins. */
  #place: MapIterator<Waiting> | undefined

  isWaiting(id: string, nowMs: number): boolean {
    const waiting = this.#waiting.get(id)
    return waiting !== undefined && nowMs < waiting.untilMs
  }

  wait(seen: Seen, whose: Whose, untilMs: number): void {
    this.#left.delete(seen.id)
    this.#waiting.set(seen.id, { seen, whose, untilMs })
    this.#nextMs = Math.min(this.#nextMs, untilMs)
  }

  /** After those that were left before. */
  leave(id: string): void {
    this.forget(id)
    this.#left.add(id)
  }

  /** The same, unless it waits by now. */
  leaveNew(id: string): void {
    if (!this.#waiting.has(id)) this.leave(id)
  }

  forget(id: string): void {
    this.#waiting.delete(id)
    this.#left.delete(id)
  }

  /** These runs no longer wait: they are to be continued. */
  leaveAll(test: (whose: Whose) => boolean): void {
    for (const [id, { whose }] of this.#waiting) if (test(whose)) this.leave(id)
  }

  /** Those to continue: the ones left half way, and the ones that nobody answered in time. */
  due(nowMs: number): readonly string[] {
    const left = [...this.#left]
    if (nowMs < this.#nextMs) return left
    const late: string[] = []
    this.#nextMs = Number.POSITIVE_INFINITY
    for (const [id, { untilMs }] of this.#waiting)
      if (untilMs <= nowMs) late.push(id)
      else this.#nextMs = Math.min(this.#nextMs, untilMs)
    if (late.length > 0) this.#nextMs = nowMs // until they have been gone on with
    return [...left, ...late]
  }

  /** So many of those that wait; the next time others, until it was all of them. */
  some(max: number): readonly Seen[] {
    this.#place ??= this.#waiting.values()
    const taken = [...this.#place.take(max)]
    if (taken.length < max) this.#place = undefined
    return taken.map(({ seen }) => seen)
  }
}
