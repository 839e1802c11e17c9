import type { Json, JsonObject } from "../../../schema/json.ts"
import type { RunStatus } from "./status.ts"

/** What is known of a durable run besides its events (compositions §10.3). Times are milliseconds since the epoch. */
export interface RunRecord {
  /** 128 random bits in base64url. */
  readonly id: string
  /** What a second call attaches by; see `call/composition/`. No two runs have the same. */
  readonly key?: string
  readonly tool: string
  /** Of the tool. */
  readonly version?: string
  /** The digest of the plan that the run is pinned to. */
  readonly plan: string
  /** The digest of the registry document that it began under. */
  readonly registry: string
  /** Who began it; never a credential. */
  readonly principal: JsonObject
  /** With defaults. */
  readonly input: Json
  readonly inputDigest: string
  readonly status: RunStatus
  /** Why it is parked, goes back or went back, has failed, or what it waits for: for people. */
  readonly reason?: string
  /** The process that drives it. */
  readonly owner?: string
  /** Rises with every owner: what an earlier one writes is refused. */
  readonly epoch: number
  readonly leaseUntilMs?: number
  /** Since the last progress. */
  readonly recoveries: number
  /** Of forward work. */
  readonly deadlineMs?: number
  /** Of a run that has ended: what its caller gets. */
  readonly result?: JsonObject
  /** `traceparent` of the call that began it. */
  readonly trace?: string
  readonly createdMs: number
  readonly updatedMs: number
}

/** What of a run that ended long ago is left: its key stays taken. */
export interface Tombstone {
  readonly id: string
  readonly key: string
  readonly inputDigest: string
  readonly status: RunStatus
}

export type NewRun = Omit<
  RunRecord,
  "status" | "reason" | "epoch" | "recoveries" | "result" | "updatedMs" | "owner" | "leaseUntilMs"
>

/** What is written together with events. */
export interface RunChange {
  readonly status?: RunStatus
  /** Null: none any more. */
  readonly reason?: string | null
  readonly result?: JsonObject
  /** Null: none any more. */
  readonly deadlineMs?: number | null
  /** Progress was made, or an operator starts the count again. */
  readonly recoveries?: 0
}

/** The record of a run that begins. */
export const newRecord = (
  run: NewRun,
  { owner, leaseUntilMs }: { readonly owner: string; readonly leaseUntilMs: number | undefined },
): RunRecord => ({
  ...run,
  status: "running",
  owner,
  epoch: 1,
  recoveries: 0,
  updatedMs: run.createdMs,
  ...(leaseUntilMs !== undefined && { leaseUntilMs }),
})
