import { isList, isObject, type Json } from "../../json.ts"
import { isMultiple } from "../cases/multiples.ts"
import type { Clause, ScalarClause } from "../clauses/clause.ts"
import { keepsFormat } from "../clauses/formats.ts"
import { isSame, kindOf, sizeOf } from "../clauses/kinds.ts"
import type { Node } from "../clauses/node.ts"
import type { Matches } from "./matcher.ts"
import type { Meter } from "./meter.ts"
import { judgeBranches, judgeContains, judgeItems, judgeMembers } from "./parts.ts"
import { every } from "./tally.ts"
import { fits, unsure, type Verdict, verdictOf } from "./verdict.ts"

/** Tells whether one value fits a schema, as our validators would, without compiling anything. */
export type Judge = (node: Node, value: Json) => Verdict

export function createJudge(meter: Meter, matches: Matches): Judge {
  const judge: Judge = (node, value) =>
    meter.nest(() => {
      const kind = kindOf(value)
      const court: Court = { judge, matches, kind }
      return every(node.clauses, (clause) =>
        (clause.on & kind) === 0 ? fits : judgeClause(court, clause, value),
      )
    }, unsure)
  return judge
}

/** What the verdict on a part needs. */
export interface Court {
  readonly judge: Judge
  readonly matches: Matches
  readonly kind: number
}

function judgeClause(court: Court, clause: Clause, value: Json): Verdict {
  switch (clause.rule) {
    case "all":
    case "any":
    case "one":
    case "not":
    case "when":
    case "depends":
      return judgeBranches(court, clause, value)
    case "members":
      return isObject(value) ? judgeMembers(court, clause, value) : fits
    case "names":
      return every(Object.keys(value ?? {}), (name) => court.judge(clause.name, name))
    case "items":
      return isList(value) ? judgeItems(court, clause, value) : fits
    case "contains":
      return isList(value) ? judgeContains(court, clause, value) : fits
    default:
      return verdictOf(keeps(court, clause, value), clause.at)
  }
}

function keeps(court: Court, clause: ScalarClause, value: Json): boolean | undefined {
  switch (clause.rule) {
    case "never":
      return false
    case "opaque":
      return
    case "types":
      return (clause.mask & court.kind) !== 0
    case "values":
      return clause.values.some((one) => isSame(one, value))
    case "low":
      return clause.isOpen ? Number(value) > clause.limit : Number(value) >= clause.limit
    case "high":
      return clause.isOpen ? Number(value) < clause.limit : Number(value) <= clause.limit
    case "multiple":
      return isMultiple(Number(value), clause.of)
    case "atLeast":
      return sizeOf(value) >= clause.size
    case "atMost":
      return sizeOf(value) <= clause.size
    case "required":
      return isObject(value) && clause.names.every((name) => Object.hasOwn(value, name))
    case "pattern":
      return court.matches(clause.source, String(value))
    case "format":
      return keepsFormat(clause.name, String(value))
    case "unique":
      return isList(value) && isUnique(value)
  }
}

/** Quadratic, but the values judged here are parts of schemas or were made here. */
const isUnique = (items: readonly Json[]) =>
  items.every((item, index) => !items.slice(0, index).some((other) => isSame(item, other)))
