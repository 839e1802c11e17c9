import type { AuditRecord } from "../../call/audit.ts"
import { written } from "../../registry/model.ts"
import type { Drift } from "../../registry/pins/drift.ts"
import type { FieldChange } from "../../registry/pins/field-diff.ts"
import type { JsonObject } from "../../schema/json.ts"
import { driftNote, type Stamp } from "../audit/records.ts"
import type { StandingChange } from "./pins.ts"

/** The record of one change. A line of the audit has its limit: of a large difference it holds the beginning. */
export function driftRecord(change: StandingChange, stamp: Stamp): AuditRecord {
  const { server, tool, registered, before, after } = change
  const { drift, approval, state } = after
  const common: JsonObject = {
    state: drift === undefined && approval === undefined ? "pinned" : state,
    was: before?.state ?? null,
    ...(registered.length > 0 && { registered: registered.slice(0, 8).map(written) }),
    ...(approval &&
      drift === undefined && { by: approval.by, reason: approval.reason.slice(0, 256) }),
  }
  return driftNote(
    {
      server,
      tool,
      refusal: state === "withheld" ? "definition_drift" : undefined,
      note: drift === undefined ? common : withDrift(common, drift),
    },
    stamp,
  )
}

/** Of a record's note: a line of the audit takes some more, and has other fields. */
const noteChars = 1_900
const noteBytes = 2_600

function fits(note: JsonObject): boolean {
  const text = JSON.stringify(note)
  return text.length <= noteChars && Buffer.byteLength(text) <= noteBytes
}

/** Characters of each text of a difference: as many as fit. */
const measures = [2_050, 700, 300, 120]

function withDrift(common: JsonObject, drift: Drift): JsonObject {
  for (const chars of measures) {
    const note = noteOf(common, drift, drift.changes, chars)
    if (fits(note)) return note
  }
  const [chars = 0] = measures.slice(-1)
  let changes = drift.changes
  while (changes.length > 0) {
    const note = noteOf(common, drift, changes, chars)
    if (fits(note)) return note
    changes = changes.slice(0, Math.floor(changes.length / 2))
  }
  return noteOf(common, { ...drift, hidden: drift.hidden.slice(0, 3) }, [], chars)
}

function noteOf(
  common: JsonObject,
  { kinds, fit, hidden, renamedTo, digest, changes: all }: Drift,
  changes: readonly FieldChange[],
  chars: number,
): JsonObject {
  const more = all.length - changes.length
  return {
    ...common,
    kinds,
    ...(fit && { fit }),
    ...(renamedTo !== undefined && { renamedTo: renamedTo.slice(0, 128) }),
    ...(digest !== undefined && { digest }),
    ...(hidden.length > 0 && {
      hidden: hidden.map(({ at, what }) => `${at.slice(0, 128)} ${what}`),
    }),
    ...(changes.length > 0 && { changes: changes.map((change) => shortened(change, chars)) }),
    ...(more > 0 && { more }),
  }
}

const shortened = ({ at, before, after }: FieldChange, chars: number): JsonObject => ({
  at: at.slice(0, 256),
  ...(before !== undefined && { before: short(before, chars) }),
  ...(after !== undefined && { after: short(after, chars) }),
})

const short = (text: string, chars: number) =>
  text.length <= chars ? text : `${text.slice(0, chars).toWellFormed()}…`
