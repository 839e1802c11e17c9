import { isList, isObject, type Json } from "../../schema/json.ts"
import { computeCel } from "./cel.ts"
import type { Expr } from "./expr.ts"
import { compileOps } from "./ops/ops.ts"
import { rowsOf } from "./ops/rows.ts"
import { compileResults, computePath, computeStep } from "./paths.ts"
import { type Compute, fail, type Run, spend } from "./run.ts"
import type { Scope } from "./scope.ts"
import { computePredicate } from "./test-value.ts"
import { computeConcat, computeTemplate } from "./texts.ts"

type Of<K extends Expr["kind"]> = Extract<Expr, { kind: K }>

/** Made at first use and kept as long as the plan. */
const compiled = new WeakMap<Expr, Compute>()

/** An expression as a function, made once. */
export function compute(expr: Expr): Compute {
  const known = compiled.get(expr)
  if (known !== undefined) return known
  const made = make(expr)
  compiled.set(expr, made)
  return made
}

function make(expr: Expr): Compute {
  switch (expr.kind) {
    case "path":
      return computePath(expr)
    case "step":
      return computeStep(expr)
    case "constant":
      return () => expr.value
    case "construct":
      return construct(expr)
    case "list":
      return list(expr)
    case "merge":
      return merge(expr)
    case "coalesce":
      return coalesce(expr)
    case "template":
      return computeTemplate(expr.parts, new Map(named(expr.vars)))
    case "concat":
      return computeConcat(expr.parts.map(compute), expr.separator)
    case "each":
      return each(expr)
    case "over":
      return over(expr)
    case "ops":
      return aggregate(expr)
    case "cel":
      return computeCel(expr)
    case "predicate":
      return computePredicate(expr, compute(expr.of))
    case "not":
      return not(expr)
    case "all":
      return all(expr)
    case "results": {
      const results = compileResults(expr)
      return (scope, run) => results(scope, run).map(({ value }) => value)
    }
    case "ran":
      return ran(expr)
  }
}

const named = (exprs: { readonly [name: string]: Expr }) =>
  Object.entries(exprs).map(([name, expr]) => [name, compute(expr)] as const)

function construct({ fields }: Of<"construct">): Compute {
  const computes = named(fields)
  return (scope, run) => {
    const entries: [string, Json][] = []
    for (const [name, field] of computes) {
      const value = field(scope, run)
      if (value !== undefined) entries.push([name, value])
    }
    // From entries, so that a field named __proto__ is a field.
    return spend(run, entries.length) ? Object.fromEntries(entries) : undefined
  }
}

function list({ items }: Of<"list">): Compute {
  const computes = items.map(compute)
  return (scope, run) => computes.flatMap((item) => wrapped(item(scope, run)))
}

/** So that an item that is itself an array is not spliced. */
const wrapped = (value: Json | undefined): readonly Json[] => (value === undefined ? [] : [value])

function merge({ parts }: Of<"merge">): Compute {
  const computes = parts.map(compute)
  return (scope, run) => {
    const entries = computes.flatMap((part) => {
      const value = part(scope, run)
      return isObject(value) ? Object.entries(value) : []
    })
    return spend(run, entries.length) ? Object.fromEntries(entries) : undefined
  }
}

function coalesce({ options }: Of<"coalesce">): Compute {
  const computes = options.map(compute)
  return (scope, run) => {
    for (const option of computes) {
      const value = option(scope, run)
      if (run.error !== undefined) return
      if (value !== undefined && value !== null) return value
    }
    return undefined
  }
}

function each(expr: Of<"each">): Compute {
  const computeIn = compute(expr.in)
  const computeAs = compute(expr.as)
  return (scope, run) => {
    const items = computeIn(scope, run)
    if (items === undefined) return
    if (!isList(items)) {
      if (expr.orOne) return computeAs({ ...scope, item: items, index: 0 }, run)
      return fail(run, "each needs an array")
    }
    const made: Json[] = []
    for (const [index, item] of items.entries()) {
      if (!spend(run, 1)) return
      const value = computeAs({ ...scope, item, index }, run)
      if (value !== undefined) made.push(value)
    }
    return made
  }
}

function over(expr: Of<"over">): Compute {
  const computeOf = compute(expr.of)
  const computeAs = compute(expr.as)
  return (scope, run) => {
    const self = computeOf(scope, run)
    return self === undefined ? undefined : computeAs({ ...scope, self }, run)
  }
}

function aggregate({ from, ops }: Of<"ops">): Compute {
  const apply = compileOps(ops, compute)
  if (from.kind === "results") {
    const results = compileResults(from)
    return (scope, run) => apply(results(scope, run), scope, run)
  }
  const computeFrom = compute(from)
  return (scope, run) => {
    const value = computeFrom(scope, run)
    if (value === undefined) return
    if (isList(value)) return apply(rowsOf(value), scope, run)
    if (ops[0]?.op === "concat") return apply(rowsOf([value]), scope, run)
    return fail(run, `${ops[0]?.op ?? "aggregation"} needs an array`)
  }
}

function not({ of }: Of<"not">): Compute {
  const computeOf = compute(of)
  return (scope, run) => !truth(computeOf(scope, run), run)
}

function all({ of }: Of<"all">): Compute {
  const computes = of.map(compute)
  return (scope, run) => computes.every((each) => truth(each(scope, run), run))
}

function truth(value: Json | undefined, run: Run): boolean {
  if (typeof value !== "boolean" && run.error === undefined)
    fail(run, "a condition is neither true nor false")
  return value === true
}

function ran({ steps }: Of<"ran">): Compute {
  return ({ frame }: Scope, run) => {
    const step = steps.map((id) => frame.steps.get(id)).find((settled) => settled?.status === "ok")
    return step === undefined ? fail(run, `none of ${steps.join(", ")} ran`) : step.value
  }
}
