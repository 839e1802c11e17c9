import type { Anatomy } from "../../schema/types/anatomy.ts"
import {
  anyLength,
  arrayOf,
  bothOf,
  type Length,
  notArray,
  notThere,
  numberType,
  objectOf,
  type Part,
  type Type,
  textType,
  unionOf,
} from "../../schema/types/type.ts"
import type { Op, VoteOp } from "../expr/expr.ts"
import { inferMerged } from "./infer-merge.ts"
import { inferQuery } from "./infer-query.ts"

/** What goes from op to op: as many rows, or another value. */
export type Flow =
  | { readonly kind: "rows"; readonly type: Type; readonly length: Length }
  | { readonly kind: "value"; readonly part: Part }

/** What the ops make of rows; nothing where one of them fails for certain. */
export function inferOps(ops: readonly Op[], from: Flow, anatomy: Anatomy): Part {
  let flow = from
  for (const op of ops) {
    const rows = rowsIn(flow, anatomy)
    if (rows === undefined) return notThere
    flow = inferOp(op, rows, anatomy)
  }
  if (flow.kind === "value") return flow.part
  return { type: arrayOf(flow.type, flow.length), presence: "always" }
}

/** The rows that an op works on; undefined where there is no array. */
export function rowsIn(flow: Flow, anatomy: Anatomy): Rows | undefined {
  if (flow.kind === "rows") return flow
  const items = flow.part.presence === "never" ? undefined : anatomy.items(flow.part.type)
  return items && { kind: "rows", type: items.type, length: items }
}

type Rows = Extract<Flow, { kind: "rows" }>

export function inferOp(op: Op, rows: Rows, anatomy: Anatomy): Flow {
  const { type, length } = rows
  const few: Length = { min: Math.min(1, length.min), max: length.max }
  switch (op.op) {
    case "flatten":
      return flattened(rows, anatomy)
    case "concat":
    case "sort":
      return rows
    case "merge":
      return { kind: "value", part: mergedRows(rows, anatomy) }
    case "filter":
      return { ...rows, length: { ...length, min: 0 } }
    case "limit": {
      const [min, max] = [Math.min(length.min, op.count), Math.min(length.max, op.count)]
      return { ...rows, length: { min, max } }
    }
    case "select": {
      const row: Part = { type, presence: "always" }
      const fields = Object.entries(op.fields).map(
        ([name, path]) => [name, inferQuery(path, row, anatomy)] as const,
      )
      return { ...rows, type: objectOf(new Map(fields)) }
    }
    case "dedupe":
      return { ...rows, length: few }
    case "rrf": {
      const items = anatomy.items(type)
      return { kind: "rows", type: items?.type ?? notThere.type, length: anyLength }
    }
    case "vote":
      return { kind: "value", part: { type: voted(op, rows), presence: "always" } }
  }
}

function flattened({ type, length }: Rows, anatomy: Anatomy): Rows {
  const items = anatomy.items(type)
  if (items === undefined) return { kind: "rows", type, length }
  const others = anatomy.isArray(type) ? [] : [bothOf([type, notArray])]
  return { kind: "rows", type: unionOf([items.type, ...others]), length: anyLength }
}

/** The members of any of the rows; those of all are sure where there is one. */
function mergedRows({ type, length }: Rows, anatomy: Anatomy): Part {
  const one: Part = { type, presence: length.min > 0 ? "always" : "maybe" }
  return { type: inferMerged([one], anatomy), presence: "always" }
}

const voted = ({ by }: VoteOp, { type, length }: Rows): Type =>
  by === "all" ? arrayOf(ballot(type), length) : type

const ballot = (value: Type): Type =>
  objectOf(
    new Map([
      ["value", { type: value, presence: "always" }],
      ["weight", { type: numberType, presence: "always" }],
      ["source", { type: textType, presence: "always" }],
    ] as const),
  )
