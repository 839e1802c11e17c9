import { kinds } from "../../schema/subsume/clauses/kinds.ts"
import { type Anatomy, eitherPart } from "../../schema/types/anatomy.ts"
import {
  arrayOf,
  booleanType,
  bothOf,
  constantType,
  longText,
  notArray,
  notNull,
  notThere,
  objectOf,
  type Part,
  textType,
  tupleOf,
  unionOf,
} from "../../schema/types/type.ts"
import type { Expr, ResultsExpr } from "../expr/expr.ts"
import { inferCel } from "./infer-cel.ts"
import { inferMerged } from "./infer-merge.ts"
import { type Flow, inferOps } from "./infer-ops.ts"
import { inferQuery, within } from "./infer-query.ts"
import { seenOf, stepIn, type TypeScope } from "./type-scope.ts"

type Of<K extends Expr["kind"]> = Extract<Expr, { kind: K }>

/**
 * What an expression may yield where it does not fail: every value that `evaluate` gives in a scope whose values are of
 * the types of this one is of this type, and it is there when it is said to be always.
 */
export function infer(expr: Expr, scope: TypeScope, anatomy: Anatomy): Part {
  switch (expr.kind) {
    case "path":
      return inferQuery(expr.path, rootOf(expr.of, scope), anatomy)
    case "step": {
      const step = stepIn(scope.frame, expr.step, expr.up)
      return step === undefined ? notThere : inferQuery(expr.path, seenOf(step), anatomy)
    }
    case "constant":
      return always(constantType(expr.value))
    case "construct":
      return always(objectOf(partsOf(expr.fields, scope, anatomy)))
    case "list":
      return inferList(expr, scope, anatomy)
    case "merge":
      return always(
        inferMerged(
          expr.parts.map((part) => infer(part, scope, anatomy)),
          anatomy,
        ),
      )
    case "coalesce":
      return inferCoalesce(expr, scope, anatomy)
    case "template":
      return always(longText(leastLength(expr.parts.filter((_, index) => index % 2 === 0))))
    case "concat":
      return always(textType)
    case "each":
      return inferEach(expr, scope, anatomy)
    case "over":
      return inferOver(expr, scope, anatomy)
    case "ops":
      return inferAggregate(expr, scope, anatomy)
    case "cel":
      return inferCel(expr.source)
    case "predicate":
    case "not":
    case "all":
      return always(booleanType)
    case "results": {
      const { type, length } = inferResults(expr, scope, anatomy)
      return always(arrayOf(type, length))
    }
    case "ran":
      // Only a step that ran is looked at, so that it does not matter whether one was skipped.
      return eitherPart(expr.steps.map((id) => scope.frame.steps.get(id)?.value ?? notThere))
  }
}

const always = (type: Part["type"]): Part => ({ type, presence: "always" })

function rootOf(root: Of<"path">["of"], scope: TypeScope): Part {
  return root === "input" ? scope.frame.input : (scope[root] ?? notThere)
}

function partsOf(
  exprs: { readonly [name: string]: Expr },
  scope: TypeScope,
  anatomy: Anatomy,
): ReadonlyMap<string, Part> {
  return new Map(
    Object.entries(exprs).map(([name, expr]) => [name, infer(expr, scope, anatomy)] as const),
  )
}

function inferList({ items }: Of<"list">, scope: TypeScope, anatomy: Anatomy): Part {
  const parts = items
    .map((item) => infer(item, scope, anatomy))
    .filter(({ presence }) => presence !== "never")
  const types = parts.map(({ type }) => type)
  const sure = parts.filter(({ presence }) => presence === "always").length
  if (sure === parts.length) return always(tupleOf(types))
  return always(arrayOf(unionOf(types), { min: sure, max: parts.length }))
}

function inferCoalesce({ options }: Of<"coalesce">, scope: TypeScope, anatomy: Anatomy): Part {
  const found: Part["type"][] = []
  for (const option of options) {
    const { type, presence } = infer(option, scope, anatomy)
    if (presence === "never") continue
    const isNullable = (anatomy.kindsOf(type) & kinds.null) !== 0
    found.push(isNullable ? bothOf([type, notNull]) : type)
    if (presence === "always" && !isNullable) return always(unionOf(found))
  }
  return found.length === 0 ? notThere : { type: unionOf(found), presence: "maybe" }
}

/** Characters that a text has which these are parts of; halves of characters may meet. */
function leastLength(parts: readonly string[]): number {
  return parts.every((part) => part.isWellFormed())
    ? parts.reduce((length, part) => length + [...part].length, 0)
    : 0
}

function inferEach(expr: Of<"each">, scope: TypeScope, anatomy: Anatomy): Part {
  const over = infer(expr.in, scope, anatomy)
  if (over.presence === "never") return notThere
  const found: Part[] = []
  const items = anatomy.items(over.type)
  if (items !== undefined) {
    const mapped = infer(expr.as, { ...scope, item: always(items.type) }, anatomy)
    const min = mapped.presence === "always" ? items.min : 0
    const max = mapped.presence === "never" ? 0 : items.max
    found.push(always(arrayOf(mapped.type, { min, max })))
  }
  if (expr.orOne && !anatomy.isArray(over.type)) {
    const item = always(bothOf([over.type, notArray]))
    found.push(infer(expr.as, { ...scope, item }, anatomy))
  }
  const { type, presence } = eitherPart(found)
  return { type, presence: within(over.presence, presence) }
}

function inferOver(expr: Of<"over">, scope: TypeScope, anatomy: Anatomy): Part {
  const of = infer(expr.of, scope, anatomy)
  if (of.presence === "never") return notThere
  const { type, presence } = infer(expr.as, { ...scope, self: always(of.type) }, anatomy)
  return { type, presence: within(of.presence, presence) }
}

function inferAggregate({ from, ops }: Of<"ops">, scope: TypeScope, anatomy: Anatomy): Part {
  const whole = from.kind === "results" ? undefined : infer(from, scope, anatomy).presence
  const { type, presence } = inferOps(ops, inferFlow({ from, ops }, scope, anatomy), anatomy)
  return { type, presence: whole === undefined ? presence : within(whole, presence) }
}

/** What the first of the ops works on. */
export function inferFlow(
  { from, ops }: Pick<Of<"ops">, "from" | "ops">,
  scope: TypeScope,
  anatomy: Anatomy,
): Flow {
  if (from.kind === "results") return inferResults(from, scope, anatomy)
  return flowOf(infer(from, scope, anatomy), ops[0]?.op === "concat", anatomy)
}

/** A value that is no array makes one row for `concat`, and a failure for every other op. */
function flowOf(value: Part, isWrapped: boolean, anatomy: Anatomy): Flow {
  if (value.presence === "never") return { kind: "value", part: value }
  if (!isWrapped || anatomy.isArray(value.type)) return { kind: "value", part: value }
  const items = anatomy.items(value.type)
  const one = bothOf([value.type, notArray])
  return {
    kind: "rows",
    type: unionOf([one, ...(items === undefined ? [] : [items.type])]),
    length: { min: Math.min(1, items?.min ?? 1), max: Math.max(1, items?.max ?? 1) },
  }
}

/** The results of targets, of which each may have failed. */
function inferResults(expr: ResultsExpr, { frame }: TypeScope, anatomy: Anatomy) {
  const parts = expr.of.map(({ step, output = "$" }) => {
    const found = frame.steps.get(step)
    return found === undefined ? notThere : inferQuery(output, seenOf(found), anatomy)
  })
  const there = parts.filter(({ presence }) => presence !== "never")
  const sure = there.filter(({ presence }) => presence === "always").length
  return {
    kind: "rows",
    type: unionOf(there.map(({ type }) => type)),
    length: { min: sure, max: there.length },
  } as const
}
