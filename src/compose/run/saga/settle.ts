import type { Json } from "../../../schema/json.ts"
import { decide } from "../../expr/evaluate.ts"
import type { Probe, Step } from "../../plan/plan.ts"
import type { Settlement } from "../durable/event.ts"
import type { RunState } from "../durable/state.ts"
import { effectOf, type Failed, isAnswered, type Result, withEffect } from "../outcome.ts"
import { beginTally } from "../report.ts"
import { Stop } from "../stop.ts"
import { computed, type Inner, pause, type Work } from "../work.ts"

/**
 * Finds out what an outcome that nobody knows counts as (compositions §9, `onUnknown`), also while the saga is being
 * undone: nothing is undone before that.
 */
export async function settled(
  unknown: Failed,
  work: Work,
  { inner, attempt }: Means,
): Promise<Result> {
  const { onUnknown } = work.step
  const known = work.run.parts.log?.state.step(work.path)?.settled
  if (known !== undefined) return asSettled(known, unknown, work)
  if (onUnknown === "compensate") return settle({ as: "done", by: "assumption" }, unknown, work)
  if (onUnknown === "retry") return apart(work, (there) => again(unknown, there, inner))
  if (typeof onUnknown === "object")
    return apart(work, (there) =>
      new Inquiry(onUnknown, unknown, work, { inner, attempt }).run(there),
    )
  return park(unknown, work, "nobody knows whether it happened, and onUnknown says park")
}

export interface Means {
  /** Makes the call once more. */
  readonly inner: Inner
  /** Runs a node by itself. */
  readonly attempt: Inner
}

function settle(how: Settlement, unknown: Failed, work: Work): Result {
  work.run.parts.log?.note({ kind: "settle", step: work.path, data: how })
  return asSettled(how, unknown, work)
}

function asSettled(how: Settlement, unknown: Failed, { run }: Work): Result {
  if (how.as === "none") return withEffect(unknown, "none")
  if (how.by === "assumption") return withEffect(unknown, "done")
  run.distrust() // what the probe found is of another tool
  return { ok: true, value: how.value, effect: "done" }
}

/** Not stopped by what stops forward work, nor by its deadline. */
async function apart(work: Work, settling: (work: Work) => Promise<Result>): Promise<Result> {
  const stop = new Stop(work.run.halt)
  const result = await settling({ ...work, stop, deadlineMs: undefined })
  stop.close()
  return result
}

/**
 * The same call with the same key, until it says itself what became of it: a connection that is refused now says nothing of
 * the call before.
 */
async function again(unknown: Failed, work: Work, inner: Inner): Promise<Result> {
  const end = endOf(work)
  for (let tries = 1; ; tries++) {
    const reason = whyPark(work, end)
    if (reason !== undefined) return park(unknown, work, reason)
    if ((await pause(delayOf(tries, work), work)) !== undefined) return unknown
    const result = await inner(work)
    if (result.ok || (isAnswered(result) && !isAnyUnknownInside(work))) return result
  }
}

/** Asks a tool that only reads. What did not happen is done now, as long as the saga goes forward. */
class Inquiry {
  readonly #probe: Probe
  readonly #unknown: Failed
  readonly #forward: Work
  readonly #means: Means

  constructor(probe: Probe, unknown: Failed, forward: Work, means: Means) {
    this.#probe = probe
    this.#unknown = unknown
    this.#forward = forward
    this.#means = means
  }

  async run(work: Work): Promise<Result> {
    const endMs = endOf(work)
    for (let tries = 1; ; tries++) {
      const found = await ask(this.#probe, work, this.#means.attempt)
      if (work.run.halt.reason !== undefined) return this.#unknown
      const result = found.ok ? await this.#after(found, work) : undefined
      if (result !== undefined) return result
      const reason = whyPark(work, endMs) ?? whyUnclear(found, tries, work)
      if (reason !== undefined) return park(this.#unknown, work, reason)
      if ((await pause(delayOf(tries, work), work)) !== undefined) return this.#unknown
    }
  }

  /** Undefined where that has an unknown outcome in turn. */
  async #after({ isDone, value }: Found & { ok: true }, work: Work): Promise<Result | undefined> {
    const by = "probe" as const
    if (isDone) {
      const how = { as: "done", by, ...(value !== undefined && { value }) } as const
      return settle(how, this.#unknown, work)
    }
    const failed = settle({ as: "none", by }, this.#unknown, work)
    if (this.#forward.stop.reason !== undefined) return failed
    const result = await this.#means.inner(this.#forward)
    return effectOf(result) === "unknown" ? undefined : result
  }
}

function whyUnclear(found: Found, tries: number, { run }: Work): string | undefined {
  if (found.ok || !found.wasAnswered || tries < run.parts.limits.maxUnknowns) return
  return `its probe does not say whether it happened: ${found.words}`
}

type Found =
  | { readonly ok: true; readonly isDone: boolean; readonly value: Json | undefined }
  | { readonly ok: false; readonly wasAnswered: boolean; readonly words: string }

async function ask({ probe, input, done }: Probe, work: Work, attempt: Inner): Promise<Found> {
  const path = `${work.path}?`
  const step: Step = {
    id: work.step.id,
    after: [],
    input,
    node: probe,
    policies: {},
    effect: "read",
  }
  const given = computed(input, work)
  if (!given.ok) return { ok: false, wasAnswered: true, words: given.error.message }
  const { self: _, ...scope } = work.scope
  const self = given.value === undefined ? {} : { self: given.value }
  const there: Work = { ...work, path, step, tally: beginTally(), scope: { ...scope, ...self } }
  const result = await attempt(there)
  if (!result.ok) return { ok: false, wasAnswered: isAnswered(result), words: result.error.message }
  const { value } = result
  const decided = decide(done, value === undefined ? work.scope : { ...work.scope, item: value })
  if (!decided.ok) return { ok: false, wasAnswered: true, words: decided.error.message }
  return { ok: true, isDone: decided.holds, value }
}

/** Of several calls the answer to one says nothing of another. */
export function isAnyUnknownInside({ path, run }: Work): boolean {
  for (const [other, { standing, settled }] of run.parts.log?.state.steps ?? [])
    if (standing === "unknown" && settled === undefined && other.startsWith(`${path}/`)) return true
  return false
}

const endOf = ({ run }: Work): number =>
  run.parts.ports.clock.now() + run.parts.limits.compensationMs

function whyPark({ run, path }: Work, endMs: number): string | undefined {
  const { limits, log, ports } = run.parts
  const unknowns = unknownsOf(path, log?.state)
  if (unknowns >= limits.maxUnknowns)
    return `after ${unknowns} unknown outcomes nobody knows whether it happened (limit unknownOutcomes)`
  if (ports.clock.now() < endMs) return
  return "nobody could be asked whether it happened (limit compensation)"
}

/** Of the step, or of what is inside it. */
function unknownsOf(path: string, state: RunState | undefined): number {
  let most = 0
  for (const [other, { unknowns }] of state?.steps ?? [])
    if (other === path || other.startsWith(`${path}/`)) most = Math.max(most, unknowns)
  return most
}

const firstDelayMs = 200
const delayMaxMs = 30_000

const delayOf = (tries: number, { run }: Work): number =>
  Math.min(delayMaxMs, firstDelayMs * 2 ** Math.min(tries - 1, 20)) *
  (0.5 + run.parts.ports.clock.random())

function park(unknown: Failed, { run, path }: Work, reason: string): Result {
  run.park({ reason: `${path}: ${reason}`, error: unknown.error })
  return unknown
}
