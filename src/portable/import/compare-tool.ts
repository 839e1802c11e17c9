import type { JsonObject } from "../../registry/model.ts"
import { sameJson } from "../../registry/normalise/same-json.ts"
import { visible } from "../../registry/pins/definition.ts"
import { type Fit, toolDrift } from "../../registry/pins/drift.ts"
import { type FieldChange, fieldDiff } from "../../registry/pins/field-diff.ts"
import { type HiddenText, hiddenIn } from "../../registry/pins/hidden-text.ts"
import type { ToolPin } from "../../registry/pins/lock.ts"
import type { PinOptions } from "../../registry/pins/pin-tool.ts"
import type { TextEdit } from "../../registry/write/edit-text.ts"
import { member } from "../../schema/json.ts"
import { type Contract, type ContractMember, contractMembers, contractOf } from "./contract.ts"
import type { Placed } from "./written-document.ts"

/** How a server's words for a tool differ from those that were known. */
export interface ToolDifference {
  readonly edits: readonly TextEdit[]
  readonly fields: readonly FieldChange[]
  /** Whether who keeps to the old schemas is still served, where the pin can tell. */
  readonly fit: Fit | undefined
  readonly kept: readonly ContractMember[]
  /** What a person would not see in the new words: import does not take them. */
  readonly hidden: readonly HiddenText[]
}

/**
 * Compares three: what the server said when the tool was pinned, what the registry says, and what the server says now. Only
 * what the server changed is changed in the registry, and not where somebody has written something else there. Without a
 * pin the registry's words are taken for the server's old ones. Undefined where the server says what it said.
 */
export function compareTool(
  provision: Placed,
  pin: ToolPin | undefined,
  definition: JsonObject,
  pinning: PinOptions,
): ToolDifference | undefined {
  const before = contractOf(pin?.definition ?? provision.entity)
  const after = contractOf(definition)
  const hidden = hiddenIn(visible(definition))
  if (pin === undefined) {
    const fields = fieldDiff(before, after)
    if (fields.length === 0) return
    return {
      ...editsOf(provision, { before, after, isPinned: false }),
      fields,
      fit: undefined,
      hidden,
    }
  }
  const drift = toolDrift(pin, [definition], pinning)
  if (drift === undefined || drift.changes.length === 0) return
  const { changes: fields, fit } = drift
  return { ...editsOf(provision, { before, after, isPinned: true }), fields, fit, hidden }
}

interface Words {
  readonly before: Contract
  readonly after: Contract
  readonly isPinned: boolean
}

function editsOf(
  { entity, pointer }: Placed,
  { after, before, isPinned }: Words,
): Pick<ToolDifference, "edits" | "kept"> {
  const changed = contractMembers.filter((name) => !sameJson(before[name], after[name]))
  const isOwn = (name: ContractMember) => isPinned && !sameJson(member(entity, name), before[name])
  const kept = changed.filter((name) => isOwn(name) && !sameJson(member(entity, name), after[name]))
  const edits = changed
    .filter((name) => !isOwn(name))
    .flatMap((name): TextEdit[] => {
      const at = `${pointer}/${name}`
      const value = after[name]
      if (value !== undefined) return [{ op: "set", pointer: at, value }]
      return member(entity, name) === undefined ? [] : [{ op: "remove", pointer: at }]
    })
  return { edits, kept }
}
