import type { Json } from "../../schema/json.ts"
import { evaluate } from "../expr/evaluate.ts"
import type { Expr } from "../expr/expr.ts"
import type { Scope } from "../expr/scope.ts"
import type { Step } from "../plan/plan.ts"
import { Cancellation } from "./cancellation.ts"
import { codes, type Failed, type Failure, failure, type Happened, type Result } from "./outcome.ts"
import type { Authority, Clock } from "./ports.ts"
import type { Tally } from "./report.ts"
import type { Run } from "./run.ts"
import type { SagaScope } from "./saga/saga-scope.ts"
import { type Reason, Stop } from "./stop.ts"

/** Where something runs. */
export interface Site {
  readonly run: Run
  /** Of the step, or of the step that holds the graph; of the outermost graph empty. */
  readonly path: string
  readonly scope: Scope
  readonly stop: Stop
  /** On the clock's scale. */
  readonly deadlineMs: number | undefined
  readonly authority: Authority
  readonly tally: Tally
  /** The innermost that this is a part of. */
  readonly saga: SagaScope | undefined
}

/** One step, or one item of it, on its way through its policies. */
export interface Work extends Site {
  readonly step: Step
}

/** What a policy is put around. */
export type Inner = (work: Work) => Promise<Result>

/** Of a step that has it. */
export type Policy<P> = (policy: P, work: Work, inner: Inner) => Promise<Result>

/** The failure as one of this step. */
export function fail(site: Site, failure: Failure, effect: Happened = "none"): Failed {
  const { run, path, tally } = site
  const at = new Date(run.parts.ports.clock.now()).toISOString()
  return {
    ok: false,
    error: { ...failure, step: path, attempts: tally.attempts, at, effect },
  }
}

/** What comes of something that was stopped. */
export const stopped = (site: Site, reason: Reason, effect: Happened = "none"): Failed =>
  fail(site, { class: reason.class, code: codes[reason.class], message: reason.message }, effect)

export type Computed = { readonly ok: true; readonly value: Json | undefined } | Failed

/** Computes an expression of this step; what cannot be computed is the step's failure. */
export function computed(expr: Expr, site: Site, scope: Scope = site.scope): Computed {
  const evaluated = evaluate(expr, scope)
  if (!evaluated.ok) {
    const { class: errorClass, message } = evaluated.error
    return fail(site, { class: errorClass, code: codes[errorClass], message })
  }
  for (const note of evaluated.notes) site.run.note({ id: site.path, note })
  return evaluated
}

/** A value that was computed, if the run may keep it. */
export function held(value: Json | undefined, site: Site, effect: Happened = "none"): Result {
  return value === undefined || site.run.hold(value)
    ? { ok: true, value, effect }
    : tooLarge(site, effect)
}

export function tooLarge(site: Site, effect: Happened = "none"): Failed {
  const { runBytes } = site.run.parts.limits
  const message = `the values of this run are larger than ${runBytes} bytes (limit runBytes)`
  return fail(site, failure("budget", message), effect)
}

/** Does it within a time: what is not done by then is aborted for this reason. */
export async function within<S extends Site, T>(
  site: S,
  { ms, reason }: { readonly ms: number; readonly reason: Reason },
  inner: (site: S) => Promise<T>,
): Promise<T> {
  const { clock } = site.run.parts.ports
  const stop = new Stop(site.stop)
  const timer = startTimer(clock, ms, () => stop.abort(reason))
  try {
    return await inner({ ...site, stop, deadlineMs: earlier(site.deadlineMs, clock.now() + ms) })
  } finally {
    timer.cancel()
    stop.close()
  }
}

/** Acts after so many milliseconds, unless it is cancelled before. */
export function startTimer(clock: Clock, ms: number, act: () => void): Cancellation {
  const timer = new Cancellation()
  void clock.sleep(ms, timer).then(() => {
    if (!timer.isCancelled) act()
  })
  return timer
}

export const earlier = (one: number | undefined, other: number): number =>
  one === undefined ? other : Math.min(one, other)

/** Waits; why it was stopped before, if it was. */
export async function pause(ms: number, { run, stop }: Site): Promise<Reason | undefined> {
  if (stop.reason !== undefined) return stop.reason
  const timer = new Cancellation()
  const wake = () => timer.cancel()
  stop.watch(wake)
  await run.parts.ports.clock.sleep(ms, timer)
  stop.unwatch(wake)
  return stop.reason
}
