import type { Json } from "../../../schema/json.ts"
import type { Happened, StepError } from "../outcome.ts"
import type { RunEvent } from "./event.ts"

/** How one step, or one item of it, stands. One without an event is pending. */
export type Standing = "pending" | "started" | "done" | "failed" | "unknown" | "skipped" | "waiting"

/** What the events of one path add up to. Only {@link RunState} changes it. */
export interface StepState {
  standing: Standing
  /** Calls with an effect that were announced. */
  attempts: number
  /** Unknown outcomes in a row. */
  unknowns: number
  /** Of what is done. */
  value: Json | undefined
  effect: Happened
  /** The place of the event that said last how it ended: compensations go by it. */
  endSeq: number | undefined
  /** Of what failed, or is unknown. */
  problem: (RunEvent & { kind: "fail" | "unknown" })["data"] | undefined
  settled: (RunEvent & { kind: "settle" })["data"] | undefined
  /** An operator wants it to be called once more; until it is. */
  again: "resume" | "retry-step" | undefined
  /** A person said that it is done. */
  isForced: boolean
  asked: (RunEvent & { kind: "ask" })["data"] | undefined
  answered: (RunEvent & { kind: "answer" })["data"] | undefined
  skipped: (RunEvent & { kind: "skip" })["data"]["why"] | undefined
  undo: UndoState | undefined
}

export interface UndoState {
  /** `stuck`: it is not tried again by itself. */
  standing: "undoing" | "undone" | "stuck"
  attempts: number
  /** Those of them that do not count any more: an operator has begun its budget again. */
  attemptsBefore: number
  error: StepError | undefined
  /** When its budget began. */
  sinceMs: number
}

export const pending = (): StepState => ({
  standing: "pending",
  attempts: 0,
  unknowns: 0,
  value: undefined,
  effect: "none",
  endSeq: undefined,
  problem: undefined,
  settled: undefined,
  again: undefined,
  isForced: false,
  asked: undefined,
  answered: undefined,
  skipped: undefined,
  undo: undefined,
})

/** Where an event of this kind may come; throws otherwise: a bug. */
export function checkMove({ kind, step }: RunEvent, { standing, undo }: StepState): void {
  const from = moves.get(kind)
  if (from !== undefined && !from.includes(standing))
    throw new Error(`${kind} of ${step}, which is ${standing}`)
  const undoing = undo?.standing
  const isLegal =
    kind === "undone" || kind === "undofail"
      ? undoing === "undoing"
      : kind !== "undo" || undoing === undefined || undoing === "undoing"
  if (!isLegal) throw new Error(`${kind} of ${step}, of which the compensation is ${undoing}`)
}

/** Calls that only read are not announced, so their outcomes come from nowhere. */
const moves: ReadonlyMap<RunEvent["kind"], readonly Standing[]> = new Map<
  RunEvent["kind"],
  readonly Standing[]
>([
  ["intent", ["pending", "failed", "unknown"]],
  ["ok", ["started", "pending", "failed", "unknown"]],
  ["fail", ["started", "pending", "failed"]],
  ["unknown", ["started"]],
  ["settle", ["unknown", "pending", "failed"]],
  ["skip", ["pending"]],
  ["ask", ["pending"]],
  ["answer", ["waiting"]],
  ["undo", ["pending", "done", "failed", "unknown", "started"]],
])
