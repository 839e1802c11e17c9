import type { Case } from "../cases/facts.ts"
import type { Clause } from "../clauses/clause.ts"
import { proveBranches } from "./branches.ts"
import type { Proof } from "./gap.ts"
import { proveContains, proveItems } from "./items.ts"
import { proveMembers, proveNames } from "./members.ts"
import type { Prover } from "./prove.ts"
import { keepsScalar } from "./scalars.ts"

/** Whether every value of the case keeps the clause, which is about values of its kind. */
export function proveClause(prover: Prover, whole: Case, clause: Clause): Proof {
  switch (clause.rule) {
    case "all":
    case "any":
    case "one":
    case "not":
    case "when":
    case "depends":
      return proveBranches(prover, whole, clause)
    case "members":
      return proveMembers(prover, whole, clause)
    case "names":
      return proveNames(prover, whole, clause)
    case "items":
      return proveItems(prover, whole, clause)
    case "contains":
      return proveContains(prover, whole, clause)
    default:
      return keepsScalar(prover, whole, clause)
        ? undefined
        : { at: clause.at, why: reasons[clause.rule] ?? "cannot be compared" }
  }
}

const reasons: Readonly<Record<string, string>> = {
  never: "nothing fits here, and there may be a value",
  types: "a value may be of another type",
  values: "a value may be none of those listed",
  low: "a number may be below the limit",
  high: "a number may be above the limit",
  multiple: "a number may be no multiple",
  atLeast: "a value may be too small",
  atMost: "a value may be too large",
  pattern: "patterns are compared by their text only",
  format: "formats are compared by their names only",
  unique: "two items may be the same",
  required: "a required member may be missing",
  opaque: "what this keyword means depends on more than the schemas it stands in",
}
