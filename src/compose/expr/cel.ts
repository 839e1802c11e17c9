import { isList, isObject, type Json } from "../../schema/json.ts"
import { affords, type Context } from "./cel-cost.ts"
import { readSource } from "./cel-source.ts"
import type { CelExpr } from "./expr.ts"
import { settled } from "./paths.ts"
import { type Compute, fail, type Run, spend } from "./run.ts"
import type { Scope } from "./scope.ts"

/** A value that is nested deeper is not taken from an expression. */
const depthMax = 500

/** Computes a CEL expression. Whatever its evaluation throws is the failure of this expression. */
export function computeCel(expr: CelExpr): Compute {
  const source = readSource(expr.source)
  if (source === undefined) return (_, run) => fail(run, "the expression cannot be read")
  return (scope, run) => {
    const context = contextOf(expr, scope)
    if (!affords(source.cost, context, run)) return
    const value: unknown = attempt(() => source.program(context), run)
    return run.error === undefined ? toJson(value, run, depthMax) : undefined
  }
}

/** The variables that have a value in this place; CEL fails on the others. */
function contextOf({ steps, input }: CelExpr, scope: Scope): Context {
  const context: { [root: string]: unknown } = {}
  const given = input === "self" ? scope.self : scope.frame.input
  if (given !== undefined) context["input"] = given
  for (const root of ["self", "item", "error"] as const)
    if (scope[root] !== undefined) context[root] = scope[root]
  // An integer, so that it can be added to others.
  if (scope.index !== undefined) context["index"] = BigInt(scope.index)
  const known = steps.flatMap(({ step, up }) => {
    const found = settled(scope.frame, step, up)
    return found === undefined ? [] : [[step, found] as const]
  })
  context["steps"] = Object.fromEntries(
    known.flatMap(([step, { value }]) => (value === undefined ? [] : [[step, value]])),
  )
  context["status"] = Object.fromEntries(known.map(([step, { status }]) => [step, status]))
  return context
}

function attempt(evaluate: () => unknown, run: Run): unknown {
  try {
    return evaluate()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    // The library draws the source below its message.
    return fail(run, `the expression fails: ${error.message.split("\n", 1)[0]}`)
  }
}

/** JSON of what CEL yields: integers are BigInt there, and dates, bytes and durations are no JSON. */
function toJson(value: unknown, run: Run, depth: number): Json | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      return Number.isFinite(value) ? value : fail(run, "the expression yields no finite number")
    case "bigint":
      return toNumber(value, run)
    default:
      return value === null ? null : toStructure(value, run, depth)
  }
}

function toNumber(value: bigint, run: Run): number | undefined {
  const number = Number(value)
  return Number.isSafeInteger(number)
    ? number
    : fail(run, "the expression yields an integer that JSON numbers are not exact for")
}

function toStructure(value: unknown, run: Run, depth: number): Json | undefined {
  if (depth === 0) return fail(run, "the expression yields a value that is nested too deep")
  if (isList(value)) {
    if (!spend(run, value.length >>> 3)) return
    return value.map((item) => toJson(item, run, depth - 1) ?? null)
  }
  if (!isObject(value) || !isPlain(value))
    return fail(run, "the expression yields what JSON has no form for")
  const members = Object.entries(value)
  if (!spend(run, members.length >>> 3)) return
  return Object.fromEntries(
    members.map(([key, inner]) => [key, toJson(inner, run, depth - 1) ?? null]),
  )
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
