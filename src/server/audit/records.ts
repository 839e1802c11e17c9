import type { AuditRecord } from "../../call/audit.ts"
import type { Ref } from "../../registry/model.ts"
import type { JsonObject } from "../../schema/json.ts"

/** What every record needs that this room does not make itself. */
export interface Stamp {
  readonly id: string
  readonly timeMs: number
}

const empty = {
  trace: undefined,
  era: undefined,
  method: undefined,
  caller: undefined,
  remote: undefined,
  target: undefined,
  server: undefined,
  decision: "note",
  refusal: undefined,
  reason: undefined,
  warnings: [],
  outcome: undefined,
  ms: undefined,
  backendMs: undefined,
  in: undefined,
  out: undefined,
  catalog: undefined,
} as const satisfies Partial<AuditRecord>

/** A record of something other than a caller's request: a start, a reload, a recovery. */
export const noteRecord = (
  kind: "catalog" | "config" | "checkpoint" | "recovered" | "run",
  note: JsonObject,
  stamp: Stamp,
): AuditRecord => ({ ...empty, ...stamp, kind, note })

/** What a server says of a tool, or of itself, has changed. */
interface DriftNote {
  readonly server: Ref
  readonly tool: string | undefined
  /** Where calls of the tool are refused from now on. */
  readonly refusal: "definition_drift" | undefined
  readonly note: JsonObject
}

export const driftNote = ({ tool, ...drift }: DriftNote, stamp: Stamp): AuditRecord => ({
  ...empty,
  ...stamp,
  ...drift,
  kind: "drift",
  target: tool === undefined ? undefined : { name: tool },
})
