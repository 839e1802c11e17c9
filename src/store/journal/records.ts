import type { Claim, Owner } from "../../compose/run/durable/journal.ts"
import type { NewRun, RunChange, RunRecord } from "../../compose/run/durable/record.ts"
import { isTerminal } from "../../compose/run/durable/status.ts"

/** The record of a run that begins. */
export const newRecord = (run: NewRun, { owner, leaseUntilMs }: Owner): RunRecord => ({
  ...run,
  status: "running",
  owner,
  epoch: 1,
  recoveries: 0,
  updatedMs: run.createdMs,
  ...(leaseUntilMs !== undefined && { leaseUntilMs }),
})

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
