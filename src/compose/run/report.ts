import type { Note } from "../expr/scope.ts"
import { effectOf, type Failed, type Happened, type Result, type StepError } from "./outcome.ts"

/**
 * How a step ended. `timeout`: it or its graph took too long; `aborted`: given up for the sake of others; `undone`: it was
 * done, and compensated; `stuck`: it was done, and could not be compensated.
 */
export type StepStatus =
  | "ok"
  | "failed"
  | "timeout"
  | "aborted"
  | "skipped"
  | "detached"
  | "not_started"
  | "undone"
  | "stuck"

/** What became of one step, for the caller, the trace and whoever is called at night. */
export interface StepSummary {
  /** The path of the step. */
  readonly id: string
  readonly status: StepStatus
  /** Of all its items. */
  readonly attempts: number
  readonly ms: number
  readonly error?: StepError
  /** Unknown: it may have had an effect, and nobody can tell. */
  readonly effect: Happened
  /** Of a step with `forEach`. */
  readonly items?: ItemCounts
}

export interface ItemCounts {
  readonly total: number
  readonly ok: number
  readonly failed: number
}

/** What happens in a run, as it happens. Items have events of their own, under `id[3]`. */
export type StepEvent =
  | { readonly kind: "started"; readonly id: string; readonly name?: string }
  /** A step with `forEach` knows how many items it has. */
  | { readonly kind: "items"; readonly id: string; readonly count: number }
  | {
      readonly kind: "retrying"
      readonly id: string
      readonly attempt: number
      readonly delayMs: number
      readonly error: StepError
    }
  /** What the step did is about to be undone, for the first time or again. */
  | { readonly kind: "undoing"; readonly id: string }
  | ({ readonly kind: "settled" } & StepSummary)

/** Something worth telling about an expression of this step or graph; of the whole plan the id is empty. */
export interface RunNote {
  readonly id: string
  readonly note: Note
}

/** What a step has gone through so far. */
export interface Tally {
  attempts: number
  items?: ItemCounts
  /** Of the steps inside it, in the order of the document; of items there are none. */
  readonly inner: StepSummary[]
}

export const beginTally = (): Tally => ({ attempts: 0, inner: [] })

export interface Ended {
  readonly id: string
  readonly tally: Tally
  readonly ms: number
}

export function summaryOf({ id, tally, ms }: Ended, result: Result | "skipped"): StepSummary {
  const { attempts, items } = tally
  const common = { id, attempts, ms, ...(items && { items }) }
  if (result === "skipped") return { ...common, status: "skipped", effect: "none" }
  const effect = effectOf(result)
  return result.ok
    ? { ...common, status: "ok", effect }
    : { ...common, status: statusOf(result), effect, error: result.error }
}

/** Of a step that nothing is known of. */
export const unstarted = (id: string, status: "not_started" | "detached"): StepSummary => ({
  id,
  status,
  attempts: 0,
  ms: 0,
  effect: "none",
})

function statusOf({ error }: Failed): StepStatus {
  if (error.class === "timeout" || error.class === "deadline") return "timeout"
  return error.class === "cancelled" ? "aborted" : "failed"
}
