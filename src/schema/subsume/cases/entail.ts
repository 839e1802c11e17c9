import type { ScalarClause, StructureClause } from "../clauses/clause.ts"
import { kindOf } from "../clauses/kinds.ts"
import { type Draft, keepValues, lowerHigh, raiseLow } from "./facts.ts"

/** Adds what follows from a clause to the facts; false when nothing keeps it. */
export function entail(draft: Draft, clause: ScalarClause | StructureClause): boolean {
  switch (clause.rule) {
    case "never":
      return false
    case "types":
      return (clause.mask & draft.kind) !== 0
    case "values":
      keepValues(
        draft,
        clause.values.filter((value) => kindOf(value) === draft.kind),
      )
      return true
    case "items":
    case "contains":
    case "members":
    case "names":
      addStructure(draft, clause)
      return true
    default:
      addScalar(draft, clause)
      return true
  }
}

function addScalar(draft: Draft, clause: ScalarClause): void {
  switch (clause.rule) {
    case "low":
      raiseLow(draft, clause)
      return
    case "high":
      lowerHigh(draft, clause)
      return
    case "atLeast":
      draft.min = Math.max(draft.min, clause.size)
      return
    case "atMost":
      draft.max = Math.min(draft.max, clause.size)
      return
    case "multiple":
      draft.multiples = [...draft.multiples, clause.of]
      return
    case "pattern":
      draft.patterns = [...draft.patterns, clause.source]
      return
    case "format":
      draft.formats = [...draft.formats, clause.name]
      return
    case "unique":
      draft.isUnique = true
      return
    case "required":
      draft.required = [...new Set([...draft.required, ...clause.names])]
      return
    case "never":
    case "types":
    case "values":
    case "opaque":
      return // seen to by the caller, or no fact about the value alone
  }
}

function addStructure(draft: Draft, clause: StructureClause): void {
  switch (clause.rule) {
    case "items":
      draft.items = [...draft.items, clause]
      return
    case "contains":
      draft.contains = [...draft.contains, clause]
      return
    case "members":
      draft.members = [...draft.members, clause]
      return
    case "names":
      draft.names = [...draft.names, clause.name]
  }
}
