import type { JsonObject } from "../../registry/model.ts"
import { sameJson } from "../../registry/normalise/same-json.ts"
import { type FieldChange, fieldDiff } from "../../registry/pins/field-diff.ts"
import type { ToolPin } from "../../registry/pins/lock.ts"
import type { TextEdit } from "../../registry/write/edit-text.ts"
import { member } from "../../schema/json.ts"
import { type ContractMember, contractMembers, contractOf } from "./contract.ts"
import type { Placed } from "./written-document.ts"

/** How a server's words for a tool differ from those that were known. */
export interface ToolDifference {
  readonly edits: readonly TextEdit[]
  readonly fields: readonly FieldChange[]
  readonly kept: readonly ContractMember[]
}

/**
 * Compares three: what the server said when the tool was pinned, what the registry says, and what the server says now. Only
 * what the server changed is changed in the registry, and not where somebody has written something else there. Without a
 * pin the registry's words are taken for the server's old ones. Undefined where the server says what it said.
 */
export function compareTool(
  { entity, pointer }: Placed,
  pin: ToolPin | undefined,
  definition: JsonObject,
): ToolDifference | undefined {
  const before = contractOf(pin?.definition ?? entity)
  const after = contractOf(definition)
  const changed = contractMembers.filter((name) => !sameJson(before[name], after[name]))
  if (changed.length === 0) return
  const isOwn = (name: ContractMember) =>
    pin !== undefined && !sameJson(member(entity, name), before[name])
  const kept = changed.filter((name) => isOwn(name) && !sameJson(member(entity, name), after[name]))
  const edits = changed
    .filter((name) => !isOwn(name))
    .flatMap((name): TextEdit[] => {
      const at = `${pointer}/${name}`
      const value = after[name]
      if (value !== undefined) return [{ op: "set", pointer: at, value }]
      return member(entity, name) === undefined ? [] : [{ op: "remove", pointer: at }]
    })
  return { edits, fields: fieldDiff(before, after), kept }
}
