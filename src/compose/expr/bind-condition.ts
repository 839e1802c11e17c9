import { plainValue } from "../../registry/spec/tagged.ts"
import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import { readSource } from "./cel-source.ts"
import type { Expr, PredicateOp } from "./expr.ts"
import { textIn, wordIn } from "./members.ts"
import { findStep, type Place, stepsInSight } from "./place.ts"

const ops = [
  "eq",
  "ne",
  "gt",
  "gte",
  "lt",
  "lte",
  "contains",
  "in",
] as const satisfies readonly PredicateOp[]

/** Compiles a CEL expression or, about the value of `of`, a predicate. */
export const bindCondition = (condition: Json, of: Expr, place: Place): Expr =>
  noted(
    isObject(condition) ? bindPredicate(condition, of) : bindCel(String(condition), place),
    place,
  )

function noted(expr: Expr, { written, pointer }: Place): Expr {
  written?.set(expr, pointer)
  return expr
}

export const bindPredicate = (predicate: JsonObject, of: Expr): Expr => ({
  kind: "predicate",
  of,
  field: textIn(predicate, "field") ?? "$",
  op: wordIn(predicate, "op", ops) ?? "eq",
  value: plainValue(member(predicate, "value") ?? null),
})

/** Compiles a CEL expression: what it names of steps is what its graph has to wait for. */
export function bindCel(source: string, place: Place): Expr {
  const { steps = [], namesAll = false } = readSource(source) ?? {}
  const named = namesAll ? stepsInSight(place.level).map(({ step }) => step) : steps
  return {
    kind: "cel",
    source,
    steps: [...new Set([...named, ...steps])].flatMap((step) => findStep(step, place) ?? []),
    input: place.input,
  }
}
