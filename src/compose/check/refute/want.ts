import { isList, isObject, type Json } from "../../../schema/json.ts"
import type { Expr, Op, ResultsExpr } from "../../expr/expr.ts"
import { type Key, type Query, readQuery } from "../infer-query.ts"
import {
  nowhere,
  type Origin,
  type OriginFrame,
  type OriginScope,
  type Wanted,
  type Wish,
} from "./wish.ts"

type Of<K extends Expr["kind"]> = Extract<Expr, { kind: K }>

/**
 * What has to be wished for an expression to yield what is wanted, by going backwards through it. A guess: what it cannot
 * turn round it leaves out, and what comes of it has to be tried.
 */
export function want(expr: Expr, scope: OriginScope, wanted: Wanted): readonly Wish[] {
  switch (expr.kind) {
    case "path": {
      const root = expr.of === "input" ? scope.frame.input : rootOf(expr.of, scope)
      return wantHit(root, expr.path, wanted)
    }
    case "step":
      return wantHit(stepOrigin(scope.frame, expr.step, expr.up), expr.path, wanted)
    case "construct":
      return wantMembers(Object.entries(expr.fields), scope, wanted)
    case "list":
      return wantMembers([...expr.items.entries()], scope, wanted)
    case "merge":
      return membersOf(wanted).flatMap((one) =>
        expr.parts.flatMap((part) => want(part, scope, one)),
      )
    case "coalesce": {
      const [first] = expr.options
      return first === undefined ? [] : want(first, scope, wanted)
    }
    case "each":
      return wantEach(expr, scope, wanted)
    case "over":
      return want(expr.as, { ...scope, self: (inner) => want(expr.of, scope, inner) }, wanted)
    case "ops":
      return wantOps(expr, scope, wanted)
    case "results":
      return wantResults(expr, scope, wanted)
    case "ran": {
      const [first = ""] = expr.steps
      return scope.frame.steps.get(first)?.(wanted) ?? []
    }
    case "constant":
    case "template":
    case "concat":
    case "cel":
    case "predicate":
    case "not":
    case "all":
      return [] // they yield what they yield
  }
}

const rootOf = (root: "self" | "item" | "error", scope: OriginScope): Origin =>
  (root === "error" ? undefined : scope[root]) ?? nowhere

function stepOrigin(frame: OriginFrame, step: string, up: number): Origin {
  let at: OriginFrame | undefined = frame
  for (let level = up; level > 0 && at !== undefined; level--) at = at.outer
  return at?.steps.get(step) ?? nowhere
}

function wantHit(root: Origin, path: string, { keys, value }: Wanted): readonly Wish[] {
  const query = readQuery(path)
  if (query === undefined) return []
  if (query.kind === "singular") return root({ keys: [...query.keys, ...keys], value })
  return itemsOf({ keys, value }).flatMap(([index, item]) =>
    root({ keys: [...nthHit(query, index), ...item.keys], value: item.value }),
  )
}

/** Keys of one of the places that a query finds, the last of its choices being the index. */
function nthHit({ segments }: Extract<Query, { kind: "plural" }>, index: number): readonly Key[] {
  const keys = segments.map(({ key }) => key)
  const last = keys.lastIndexOf(undefined)
  return keys.map((key, place) => key ?? (place === last ? index : 0))
}

/** What is wanted of an array, item by item. */
function itemsOf({
  keys: [index, ...keys],
  value,
}: Wanted): readonly (readonly [number, Wanted])[] {
  if (typeof index === "number") return [[index, { keys, value }]]
  if (index !== undefined || !isList(value)) return []
  return value.map((item, nth) => [nth, { keys: [], value: item }])
}

/** What is wanted of an object, member by member; which of several parts is to leave one out, nobody can tell. */
function membersOf({ keys, value }: Wanted): readonly Wanted[] {
  if (keys.length > 0) return [{ keys, value }]
  const members = isObject(value) ? Object.entries(value) : []
  return members.map(([name, member]) => ({ keys: [name], value: member }))
}

function wantMembers(
  members: readonly (readonly [Key, Expr])[],
  scope: OriginScope,
  { keys: [key, ...keys], value }: Wanted,
): readonly Wish[] {
  return members.flatMap(([name, expr]) => {
    if (key !== undefined) return key === name ? want(expr, scope, { keys, value }) : []
    return value === undefined ? [] : want(expr, scope, { keys: [], value: memberAt(value, name) })
  })
}

function memberAt(value: Json, key: Key): Json | undefined {
  if (typeof key === "number") return isList(value) ? value[key] : undefined
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
}

const wantEach = (expr: Of<"each">, scope: OriginScope, wanted: Wanted): readonly Wish[] =>
  itemsOf(wanted).flatMap(([index, one]) => {
    const item: Origin = ({ keys, value }) =>
      want(expr.in, scope, { keys: [index, ...keys], value })
    return want(expr.as, { ...scope, item }, one)
  })

/** As if the ops left every row in its place. */
function wantOps({ from, ops }: Of<"ops">, scope: OriginScope, wanted: Wanted): readonly Wish[] {
  const before = ops
    .toReversed()
    .reduce<readonly Wanted[]>((all, op) => all.flatMap((one) => beforeOp(op, one)), [wanted])
  return before.flatMap((one) => want(from, scope, one))
}

function beforeOp(op: Op, { keys, value }: Wanted): readonly Wanted[] {
  switch (op.op) {
    case "flatten":
    case "rrf":
    case "merge":
    case "vote":
      return [{ keys: [0, ...keys], value }]
    case "select":
      return itemsOf({ keys, value }).flatMap(([index, row]) =>
        beforeSelect(op.fields, row).map((one) => ({ ...one, keys: [index, ...one.keys] })),
      )
    case "concat":
    case "filter":
    case "limit":
    case "sort":
    case "dedupe":
      return [{ keys, value }]
  }
}

const beforeSelect = (
  fields: { readonly [name: string]: string },
  row: Wanted,
): readonly Wanted[] =>
  membersOf(row).flatMap(({ keys: [name = "", ...keys], value }) => {
    const path = Object.hasOwn(fields, name) ? fields[name] : undefined
    const query = path === undefined ? undefined : readQuery(path)
    return query?.kind === "singular" ? [{ keys: [...query.keys, ...keys], value }] : []
  })

/** One row for each target. */
const wantResults = ({ of }: ResultsExpr, { frame }: OriginScope, wanted: Wanted) =>
  itemsOf(wanted).flatMap(([index, row]) => {
    const { step = "", output = "$" } = of[index] ?? {}
    return wantHit(frame.steps.get(step) ?? nowhere, output, row)
  })
