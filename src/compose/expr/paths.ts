import { parsePath } from "../../registry/spec/path.ts"
import type { Json } from "../../schema/json.ts"
import { compileSelect } from "../select.ts"
import type { PathExpr, ResultsExpr, StepExpr } from "./expr.ts"
import { isAffordable, passesInside } from "./path-cost.ts"
import { type Compute, fail, overrun, type Run } from "./run.ts"
import type { Frame, Scope, Settled } from "./scope.ts"

/** A compiled query: what it yields of a value, by its form alone. */
export type Query = (value: Json, run: Run) => Json | undefined

const whole: Query = (value) => value

/** Compiles a query. One that cannot be read fails when it is run: registration has refused it. */
export function compileQuery(path: string): Query {
  if (path === "$") return whole
  const parsed = parsePath(path)
  if (!parsed.ok) return (_, run) => fail(run, `the path ${path.slice(0, 64)} ${parsed.why}`)
  const select = compileSelect(path)
  const isSingular = parsed.query.singularQuery()
  const passes = passesInside(path)
  return (value, run) => {
    if (passes > 0 && !isAffordable(value, passes))
      return overrun(run, `${path} goes through so large a value too often (limit maxWork)`)
    const found = select(value, run)
    if (found !== undefined || isSingular) return found
    // Any other query yields an array: where it does not, it was given up.
    return run.left < 0
      ? overrun(run, `${path} finds more than may be gone through (limit maxWork)`)
      : fail(run, `${path} descends into a value that is nested too deep`)
  }
}

export function computePath({ of, path }: PathExpr): Compute {
  const query = compileQuery(path)
  const root: (scope: Scope) => Json | undefined =
    of === "input" ? (scope) => scope.frame.input : (scope) => scope[of]
  return (scope, run) => {
    const value = root(scope)
    return value === undefined ? undefined : query(value, run)
  }
}

export function computeStep({ step, up, path }: StepExpr): Compute {
  const query = compileQuery(path)
  return (scope, run) => {
    const value = settled(scope.frame, step, up)?.value
    return value === undefined ? undefined : query(value, run)
  }
}

/** The step of the graph `up` levels outwards, once it has settled. */
export function settled(frame: Frame, step: string, up: number): Settled | undefined {
  let at: Frame | undefined = frame
  for (let level = up; level > 0 && at !== undefined; level--) at = at.outer
  return at?.steps.get(step)
}

/** The result of one target, and what it weighs in a vote. */
export interface Result {
  readonly value: Json
  readonly weight: number
  readonly source: string
}

/** The results of a graph's targets that succeeded, in the order of the targets. */
export function compileResults({ of }: ResultsExpr): (scope: Scope, run: Run) => Result[] {
  const targets = of.map((target) => ({ ...target, query: compileQuery(target.output ?? "$") }))
  return ({ frame }, run) =>
    targets.flatMap(({ step, weight, query }) => {
      const target = frame.steps.get(step)
      if (target?.status !== "ok" || target.value === undefined) return []
      const value = query(target.value, run)
      return value === undefined ? [] : [{ value, weight, source: step }]
    })
}
