import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import { bindCondition } from "./bind-condition.ts"
import type { DedupeOp, Expr, Keep, Op, VoteOp } from "./expr.ts"
import { given, numberIn, textIn, wordIn } from "./members.ts"
import { inside, type Place } from "./place.ts"

/** Compiles a binding. Handed in, because bindings hold ops and ops bindings. */
type Bind = (binding: Json, place: Place) => Expr

const item: Expr = { kind: "path", of: "item", path: "$" }

/** Compiles the ops of an aggregation, in their order; those that are written `false` are left out. */
export function bindOps(ops: readonly Json[], place: Place, bind: Bind): readonly Op[] {
  const bound = ops.flatMap((op, index) =>
    isObject(op) ? (bindOp(op, inside(place, index), bind) ?? []) : [],
  )
  checkOrder(bound, place)
  return bound
}

function bindOp(op: JsonObject, place: Place, bind: Bind): Op | undefined {
  const name = Object.keys(op).find((key) => Object.hasOwn(readers, key))
  if (name === undefined) return
  return readers[name]?.(member(op, name) ?? null, inside(place, name), bind)
}

type ReadOp = (written: Json, place: Place, bind: Bind) => Op | undefined

/** A reader of ops that are objects. */
const of =
  (read: (written: JsonObject, place: Place, bind: Bind) => Op): ReadOp =>
  (written, place, bind) =>
    isObject(written) ? read(written, place, bind) : undefined

const flag =
  (op: "flatten" | "concat" | "merge"): ReadOp =>
  (written) =>
    written === true ? { op } : undefined

const readers: { readonly [name: string]: ReadOp } = {
  flatten: flag("flatten"),
  concat: flag("concat"),
  merge: flag("merge"),
  filter: (written, place) => ({ op: "filter", if: bindCondition(written, item, place) }),
  limit: (written) => {
    const count = isObject(written) ? numberIn(written, "count") : written
    return { op: "limit", count: typeof count === "number" ? count : 0 }
  },
  select: of((written) => ({
    op: "select",
    fields: Object.fromEntries(
      Object.keys(written).map((name) => [name, textIn(written, name) ?? "$"]),
    ),
  })),
  sort: of((written) => ({
    op: "sort",
    field: textIn(written, "field") ?? "$",
    order: wordIn(written, "order", ["asc", "desc"]) ?? "asc",
  })),
  dedupe: of(bindDedupe),
  rrf: of((written) => ({
    op: "rrf",
    field: textIn(written, "field") ?? "$",
    k: numberIn(written, "k") ?? 60,
  })),
  vote: of((written) => bindVote(written)),
}

/** Nearer than this, by cosine, is the same where no threshold is written. */
const thresholdDefault = 0.9

function bindDedupe(written: JsonObject, place: Place, bind: Bind): DedupeOp {
  const vectors = member(written, "vectors")
  const threshold = numberIn(written, "threshold") ?? thresholdDefault
  const near = vectors && { vectors: bind(vectors, inside(place, "vectors")), threshold }
  return {
    op: "dedupe",
    field: textIn(written, "field") ?? "$",
    keep: keepOf(member(written, "keep")),
    by: textIn(written, "by") ?? "$.score",
    ...(near ? { near } : {}),
  }
}

/** `highest_score` is what the catalogue calls `best`. */
export function keepOf(word: Json | undefined): Keep {
  if (word === "highest_score" || word === "best") return "best"
  return word === "last" || word === "most_complete" ? word : "first"
}

export const bindVote = (written: JsonObject): VoteOp => ({
  op: "vote",
  by: wordIn(written, "by", ["highest_weight", "weighted_vote", "quorum", "all"]) ?? "all",
  field: textIn(written, "field") ?? "$",
  ...given({
    minWeight: numberIn(written, "minWeight"),
    conflictThreshold: numberIn(written, "conflictThreshold"),
  }),
})

/** What an op makes of an array, where its form alone tells. */
const yields: { readonly [op in Op["op"]]?: "an object" | "items" } = {
  merge: "an object",
  flatten: "items",
  rrf: "items",
}

/** Reports the first op that cannot work on what the ones before it make. */
function checkOrder(ops: readonly Op[], place: Place): void {
  const misfit = misfitIn(ops)
  if (misfit === undefined) return
  const { report, pointer } = inside(place, misfit.index)
  report({
    code: "op_type",
    severity: "error",
    pointer,
    message: misfit.message,
    hint: "change the order of the ops",
  })
}

function misfitIn(ops: readonly Op[]): { index: number; message: string } | undefined {
  let made: "an object" | "items" | undefined
  for (const [index, { op }] of ops.entries()) {
    if (made === "an object" && op !== "concat")
      return { index, message: `${op} needs an array, and merge makes an object` }
    if (made === "items" && op === "rrf")
      return { index, message: "rrf needs one list per target, and they are joined before" }
    made = yields[op] ?? (op === "concat" ? undefined : made)
  }
  return
}
