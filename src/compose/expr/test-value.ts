import { parsePath } from "../../registry/spec/path.ts"
import { isList, type Json } from "../../schema/json.ts"
import type { PredicateExpr, PredicateOp } from "./expr.ts"
import { compileQuery } from "./paths.ts"
import { type Compute, spend } from "./run.ts"
import { isSame } from "./values.ts"

type Test = (found: Json | undefined, wanted: Json) => boolean

/** Both numbers, or both strings by code unit. */
const ordered =
  (holds: (order: number) => boolean): Test =>
  (found, wanted) => {
    if (typeof found === "number" && typeof wanted === "number") return holds(found - wanted)
    if (typeof found !== "string" || typeof wanted !== "string") return false
    return holds(found < wanted ? -1 : Number(found > wanted))
  }

/** What is absent equals null. */
const equals: Test = (found, wanted) => isSame(found ?? null, wanted)

const tests: { readonly [op in PredicateOp]: Test } = {
  eq: equals,
  ne: (found, wanted) => !equals(found, wanted),
  gt: ordered((order) => order > 0),
  gte: ordered((order) => order >= 0),
  lt: ordered((order) => order < 0),
  lte: ordered((order) => order <= 0),
  contains: (found, wanted) => {
    if (isList(found)) return found.some((item) => isSame(item, wanted))
    return typeof found === "string" && typeof wanted === "string" && found.includes(wanted)
  },
  in: (found, wanted) => isList(wanted) && wanted.some((item) => equals(found, item)),
}

/** A predicate. A field of several hits holds when one of them does; for `ne` when none is equal. */
export function computePredicate({ field, op, value }: PredicateExpr, computeOf: Compute): Compute {
  const query = compileQuery(field)
  const parsed = parsePath(field)
  const isSingular = parsed.ok && parsed.query.singularQuery()
  const test = tests[op]
  return (scope, run) => {
    const of = computeOf(scope, run)
    const found = of === undefined ? undefined : query(of, run)
    if (isList(found)) spend(run, found.length)
    if (isSingular || !isList(found)) return test(found, value)
    return op === "ne"
      ? found.every((hit) => test(hit, value))
      : found.some((hit) => test(hit, value))
  }
}
