import { isObject, type Json, type JsonObject } from "../../json.ts"
import { nodesFor } from "../cases/names.ts"
import type {
  BranchClause,
  ContainsClause,
  ItemsClause,
  MembersClause,
  WhenClause,
} from "../clauses/clause.ts"
import type { Court, Judge } from "./judge.ts"
import { count, every, within } from "./tally.ts"
import { fits, unsure, type Verdict, verdictOf } from "./verdict.ts"

export function judgeBranches({ judge }: Court, clause: BranchClause, value: Json): Verdict {
  switch (clause.rule) {
    case "all":
      return every(clause.of, (node) => judge(node, value))
    case "any":
    case "one": {
      const counted = count(clause.of.map((node) => judge(node, value)))
      return verdictOf(within(counted, 1, clause.rule === "one" ? 1 : Infinity), clause.at)
    }
    case "not":
      return verdictOf(within(count([judge(clause.node, value)]), 0, 0), clause.at)
    case "when":
      return judgeCondition(judge, clause, value)
    case "depends":
      return isObject(value) && Object.hasOwn(value, clause.name)
        ? judge(clause.consequent, value)
        : fits
  }
}

function judgeCondition(judge: Judge, clause: WhenClause, value: Json): Verdict {
  const test = judge(clause.test, value)
  const then = clause.consequent === undefined ? fits : judge(clause.consequent, value)
  const otherwise = clause.alternative === undefined ? fits : judge(clause.alternative, value)
  if (test.says === "fits") return then
  if (test.says === "misfit") return otherwise
  return then.says === otherwise.says ? then : unsure
}

export function judgeMembers(
  { judge, matches }: Court,
  clause: MembersClause,
  value: JsonObject,
): Verdict {
  return every(Object.entries(value), ([name, held]) => {
    const nodes = nodesFor(clause, name, matches)
    const verdict = every(nodes ?? [], (node) => judge(node, held))
    return nodes === undefined && verdict === fits ? unsure : verdict
  })
}

export function judgeItems(
  { judge }: Court,
  { prefix, rest }: ItemsClause,
  items: readonly Json[],
): Verdict {
  return every(items.entries(), ([index, item]) => {
    const node = index < prefix.length ? prefix[index] : rest
    return node === undefined ? fits : judge(node, item)
  })
}

export function judgeContains(
  { judge }: Court,
  clause: ContainsClause,
  items: readonly Json[],
): Verdict {
  const counted = count(items.map((item) => judge(clause.some, item)))
  return verdictOf(within(counted, clause.min, clause.max), clause.at)
}
