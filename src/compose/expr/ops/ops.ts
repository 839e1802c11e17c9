import { isList, isObject, type Json } from "../../../schema/json.ts"
import type { Expr, Op } from "../expr.ts"
import { compileQuery } from "../paths.ts"
import { type Compute, fail, type Run, spend } from "../run.ts"
import type { Scope } from "../scope.ts"
import { compileDedupe } from "./dedupe.ts"
import { compileFuse } from "./fuse.ts"
import { type Row, rowsOf } from "./rows.ts"
import { compileSort } from "./sort.ts"
import { compileVote } from "./vote.ts"

/** What goes from op to op: rows where it is an array, else any value. */
type State = { readonly rows: readonly Row[] } | { readonly value: Json }

type Step = (rows: readonly Row[], scope: Scope, run: Run) => State | undefined

/** Compiles an expression inside an op. Handed in, because expressions hold ops and ops expressions. */
type CompileExpr = (expr: Expr) => Compute

/** The ops, one after the other, on the rows. */
export function compileOps(
  ops: readonly Op[],
  compileExpr: CompileExpr,
): (rows: readonly Row[], scope: Scope, run: Run) => Json | undefined {
  const steps = ops.map((op) => ({ name: op.op, step: compileOp(op, compileExpr) }))
  return (rows, scope, run) => {
    let state: State = { rows }
    for (const { name, step } of steps) {
      const now = asRows(state)
      if (now === undefined) return fail(run, `${name} needs an array`)
      if (!spend(run, now.length)) return
      const next = step(now, scope, run)
      if (next === undefined || run.error !== undefined) return
      state = next
    }
    return "rows" in state ? state.rows.map(({ value }) => value) : state.value
  }
}

function asRows(state: State): readonly Row[] | undefined {
  if ("rows" in state) return state.rows
  return isList(state.value) ? rowsOf(state.value) : undefined
}

const ofItems = (items: readonly Json[]): State => ({ rows: rowsOf(items) })

function compileOp(op: Op, compileExpr: CompileExpr): Step {
  switch (op.op) {
    case "flatten":
      return flatten
    case "concat":
      return (rows) => ({ rows })
    case "merge":
      return merge
    case "filter":
      return compileFilter(compileExpr(op.if))
    case "limit":
      return (rows) => ({ rows: rows.slice(0, op.count) })
    case "select":
      return compilePick(op.fields)
    case "sort": {
      const sort = compileSort(op)
      return (rows, _, run) => ({ rows: sort(rows, run) })
    }
    case "dedupe": {
      const dedupe = compileDedupe(op)
      const vectors = op.near && compileExpr(op.near.vectors)
      return (rows, scope, run) => ({ rows: dedupe(rows, vectors?.(scope, run), run) })
    }
    case "rrf": {
      const fuse = compileFuse(op)
      return (rows, _, run) => ofItems(fuse(rows, run))
    }
    case "vote": {
      const vote = compileVote(op)
      return (rows, _, run) => {
        const value = vote(rows, run)
        return value === undefined ? undefined : { value }
      }
    }
  }
}

/** One level; items that are no arrays stay. */
const flatten: Step = (rows, _, run) => {
  const items = rows.flatMap(({ value }) => (isList(value) ? value : [value]))
  return spend(run, items.length) ? ofItems(items) : undefined
}

/** Later ones win; what is no object is passed over. */
const merge: Step = (rows, _, run) => {
  const entries = rows.flatMap(({ value }) => (isObject(value) ? Object.entries(value) : []))
  return spend(run, entries.length) ? { value: Object.fromEntries(entries) } : undefined
}

/** Items of which the condition is false, or cannot be computed: those are counted. */
const compileFilter =
  (condition: Compute): Step =>
  (rows, scope, run) => {
    let dropped = 0
    const kept = rows.filter(({ value: item }, index) => {
      const holds = condition({ ...scope, item, index }, run)
      if (run.error?.class === "budget") return false
      const isDecided = run.error === undefined && typeof holds === "boolean"
      if (!isDecided) dropped++
      run.error = undefined
      return isDecided && holds
    })
    if (dropped > 0) run.notes.push({ kind: "dropped", items: dropped })
    return { rows: kept }
  }

/** Each item as an object of paths into it; what is absent is left out. */
function compilePick(fields: { readonly [name: string]: string }): Step {
  const queries = Object.entries(fields).map(([name, path]) => [name, compileQuery(path)] as const)
  return (rows, _, run) => ({
    rows: rows.map((row) => {
      const found = queries.flatMap(([name, query]) => {
        const value = query(row.value, run)
        return value === undefined ? [] : [[name, value] as const]
      })
      return { ...row, value: Object.fromEntries(found) }
    }),
  })
}
