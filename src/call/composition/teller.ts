import type { Plan } from "../../compose/plan/plan.ts"
import type { Outcome } from "../../compose/run/outcome.ts"
import type { Clock } from "../../compose/run/ports.ts"
import { type Advance, Progress } from "../../compose/run/progress.ts"
import type { StepEvent } from "../../compose/run/report.ts"
import type { Timeline } from "../../compose/run/result/timeline.ts"
import { isObject, type JsonObject } from "../../schema/json.ts"
import type { CallRequest } from "../call.ts"

/** Who hears how a run goes: the caller, where it gave a progress token, and a timeline, where one is kept. */
export class Teller {
  readonly #clock: Clock
  readonly #timeline: Timeline | undefined
  #progress: Progress | undefined
  readonly #token: JsonObject[string] | undefined
  #notify: CallRequest["onNotification"]

  constructor(
    { meta, onNotification }: Pick<CallRequest, "meta" | "onNotification">,
    clock: Clock,
    timeline: Timeline | undefined,
  ) {
    this.#clock = clock
    this.#timeline = timeline
    this.#token = meta?.["progressToken"]
    this.#notify = onNotification
  }

  get wantsProgress(): boolean {
    return this.#token !== undefined && this.#notify !== undefined
  }

  get isHeard(): boolean {
    return this.wantsProgress || this.#timeline !== undefined
  }

  /** Hears a run of this plan from here on, or another drive of the same one; `missed` is what was told of it before. */
  join(plan: Plan, missed: readonly StepEvent[] = []): void {
    if (!this.wantsProgress) return
    this.#progress = new Progress(plan, this.#progress)
    this.#report(this.#progress.afterAll(missed, this.#clock.now()))
  }

  /** The caller has its answer, or has gone: it is told nothing any more. */
  close(): void {
    this.#notify = undefined
  }

  step(event: StepEvent): void {
    const nowMs = this.#clock.now()
    if (event.kind === "started") this.#timeline?.started(event.id, nowMs)
    this.#report(this.#progress?.after(event, nowMs))
  }

  /** Several at once: one report of all. */
  steps(events: readonly StepEvent[]): void {
    this.#report(this.#progress?.afterAll(events, this.#clock.now()))
  }

  /** What a backend says while it works on a call of this step. */
  notified(step: string, { method, params }: JsonObject): void {
    if (method !== "notifications/progress" || !isObject(params)) return
    const { progress, total } = params
    if (typeof progress !== "number" || typeof total !== "number") return
    this.#report(this.#progress?.afterPart(step, progress / total, this.#clock.now()))
  }

  attempted(step: string, startMs: number, outcome: Outcome): void {
    const status = outcome.ok ? "ok" : outcome.error.class
    this.#timeline?.attempted({ step, startMs, endMs: this.#clock.now(), status })
  }

  #report(advance: Advance | undefined): void {
    if (advance === undefined || this.#token === undefined) return
    const params = { progressToken: this.#token, ...advance }
    this.#notify?.({ jsonrpc: "2.0", method: "notifications/progress", params })
  }
}
