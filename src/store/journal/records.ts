import type { Claim, Owner, Writing } from "../../compose/run/durable/journal.ts"
import {
  type NewRun,
  newRecord,
  type RunChange,
  type RunRecord,
} from "../../compose/run/durable/record.ts"
import { isTerminal } from "../../compose/run/durable/status.ts"

/** The record of a run that begins, and what is known of it by then. */
export function begunRecord(run: NewRun, owner: Owner, first: Writing | undefined): RunRecord {
  const record = newRecord(run, owner)
  const nowMs = first?.events.at(-1)?.atMs ?? record.updatedMs
  return first?.change === undefined ? record : changed(record, first.change, nowMs)
}

/** The record after a change. */
export function changed(record: RunRecord, change: RunChange, nowMs: number): RunRecord {
  const { reason, deadlineMs, ...rest } = { ...record, ...change }
  return {
    ...rest,
    updatedMs: nowMs,
    ...(typeof reason === "string" && { reason }),
    ...(typeof deadlineMs === "number" && { deadlineMs }),
  }
}

/** Whether it would be given to this owner. */
export function isClaimable(
  { status, owner, leaseUntilMs }: RunRecord,
  claimer: Pick<Owner & Claim, "owner" | "nowMs" | "force">,
): boolean {
  if (isTerminal(status)) return false
  if (owner === undefined || owner === claimer.owner || claimer.force === true) return true
  return leaseUntilMs !== undefined && leaseUntilMs < claimer.nowMs
}

type Age = Pick<RunRecord, "createdMs" | "id">

/** As runs are listed. */
export const youngestFirst = (one: Age, other: Age): number =>
  other.createdMs - one.createdMs || compared(other.id, one.id)

const compared = (one: string, other: string): number => (one < other ? -1 : Number(one > other))
