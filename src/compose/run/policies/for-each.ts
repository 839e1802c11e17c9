import { isList, type Json } from "../../../schema/json.ts"
import type { ForEach } from "../../plan/policies.ts"
import {
  effectOf,
  type Failed,
  failure,
  type Happened,
  type Result,
  withEffect,
  worse,
} from "../outcome.ts"
import { beginTally, summaryOf } from "../report.ts"
import { Stop } from "../stop.ts"
import { computed, fail, held, type Inner, stopped, type Work } from "../work.ts"

/** The step for each item of an array, so many at a time, in the order of the items. */
export async function underForEach(forEach: ForEach, work: Work, inner: Inner): Promise<Result> {
  const over = computed(forEach.over, work)
  if (!over.ok) return over
  const items = over.value ?? []
  if (!isList(items)) return fail(work, failure("binding", "forEach needs an array"))
  const { maxItems } = work.run.parts.limits
  if (items.length > maxItems) {
    const message = `forEach has ${items.length} items, and at most ${maxItems} are allowed (limit maxItems)`
    return fail(work, failure("budget", message))
  }
  work.run.tell({ kind: "items", id: work.path, count: items.length })
  return new Items(forEach, items, work, inner).run()
}

class Items {
  readonly #policy: ForEach
  readonly #items: readonly Json[]
  readonly #work: Work
  readonly #inner: Inner
  readonly #stop: Stop
  readonly #results: Result[] = []
  #next = 0
  #effect: Happened = "none"
  /** The first to fail, where that is the end of all. */
  #failed: Failed | undefined

  constructor(policy: ForEach, items: readonly Json[], work: Work, inner: Inner) {
    this.#policy = policy
    this.#items = items
    this.#work = work
    this.#inner = inner
    this.#stop = new Stop(work.stop)
  }

  async run(): Promise<Result> {
    const { maxParallel } = this.#work.run.parts.limits
    const lanes = Math.min(this.#policy.concurrency, maxParallel, this.#items.length)
    await Promise.all(Array.from({ length: lanes }, () => this.#lane()))
    this.#stop.close()
    this.#count()
    const { reason } = this.#work.stop
    if (this.#failed === undefined && reason !== undefined && this.#isCutShort())
      return stopped(this.#work, reason, this.#effect)
    if (this.#failed !== undefined) return withEffect(this.#failed, this.#effect)
    return held(
      this.#results.flatMap((result) => this.#kept(result)),
      this.#work,
      this.#effect,
    )
  }

  async #lane(): Promise<void> {
    while (this.#next < this.#items.length && this.#isGoingOn()) {
      const index = this.#next++
      const result = await this.#one(index)
      // As it came it is of no use any more, and may be large.
      this.#results[index] = result.ok ? { ...result, raw: undefined } : result
      this.#effect = worse(this.#effect, effectOf(result))
      if (result.ok || this.#policy.onItemError !== "fail" || this.#failed !== undefined) continue
      this.#failed = result
      this.#stop.drain({ class: "cancelled", message: "given up: another item has failed" })
    }
  }

  /** What a run had begun before it was recovered is gone through again, whatever has stopped it. */
  #isGoingOn(): boolean {
    const { run } = this.#work
    return this.#stop.reason === undefined || run.isGoingThrough
  }

  async #one(index: number): Promise<Result> {
    const { run, scope, tally } = this.#work
    const { clock } = run.parts.ports
    const path = `${this.#work.path}[${index}]`
    const own = beginTally()
    const item = this.#items[index] ?? null
    const beganMs = clock.now()
    run.tell({ kind: "started", id: path })
    const work = { ...this.#work, path, stop: this.#stop, tally: own }
    const result = await this.#inner({ ...work, scope: { ...scope, item, index } })
    tally.attempts += own.attempts
    const ended = { id: path, tally: own, ms: clock.now() - beganMs }
    run.tell({ kind: "settled", ...summaryOf(ended, result) })
    return result
  }

  /** What stands for an item in the value of the step; an absent value is left out. */
  #kept(result: Result): readonly Json[] {
    if (result.ok) return result.value === undefined ? [] : [result.value]
    if (this.#policy.onItemError !== "keep") return []
    const { class: errorClass, code, message } = result.error
    return [{ error: { class: errorClass, code, message } }]
  }

  #isCutShort(): boolean {
    return this.#next < this.#items.length || this.#results.some((result) => !result.ok)
  }

  #count(): void {
    const ok = this.#results.filter((result) => result.ok).length
    const failed = this.#results.filter((result) => !result.ok).length
    this.#work.tally.items = { total: this.#items.length, ok, failed }
  }
}
