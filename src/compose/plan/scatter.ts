import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import { bind } from "../expr/bind.ts"
import { bindOps } from "../expr/bind-ops.ts"
import type { Expr, ResultsExpr } from "../expr/expr.ts"
import { flagIn, given, listIn, numberIn, objectIn, objectsIn, textIn } from "../expr/members.ts"
import { inside } from "../expr/place.ts"
import { parallelDefault, parallelOf } from "./graphs.ts"
import { checkLimit } from "./limits.ts"
import {
  entered,
  graphInput,
  idsFor,
  item,
  type Lowering,
  type Spot,
  stepSpot,
} from "./lowering.ts"
import type { Graph, Join, Step } from "./plan.ts"
import { lowerStep } from "./step.ts"

/** A scatter-gather (compositions §8): its targets start at once and see nothing of each other. */
export function lowerScatter(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const targets = objectsIn(spec, "targets")
  const { maxTargets: max } = lowering.limits
  const there = inside(spot, "targets")
  checkLimit({ what: "targets", found: targets.length, max, limit: "maxTargets" }, there)
  const ids = idsFor(targets.map(nameOf), "target")
  const steps = targets.slice(0, max).map((target, index): Step => {
    const id = ids[index] ?? ""
    const at = stepSpot(inside(entered(there), index), id)
    const input = inputOf(target, at)
    const step = lowerTarget({ id, target, input, spot: at }, lowering)
    if (step.policies.detached) reportDetached(at)
    return { ...step, after: [] }
  })
  const results: ResultsExpr = {
    kind: "results",
    of: steps.map(({ id }, index) => ({
      step: id,
      weight: numberIn(targets[index] ?? {}, "weight") ?? 1,
      ...given({ output: textIn(targets[index] ?? {}, "output") }),
    })),
  }
  return {
    kind: "scatter",
    steps,
    join: joinOf(spec, steps.length, spot),
    output: aggregated(results, objectIn(spec, "aggregation"), spot),
    ...given({ timeoutMs: numberIn(spec, "timeoutMs") }),
    maxParallel: parallelOf(spec, "concurrency", { spot, otherwise: parallelDefault, lowering }),
  }
}

const reportDetached = ({ report, pointer }: Spot) =>
  report({
    code: "detached_referenced",
    severity: "error",
    pointer: `${pointer}/detached`,
    message: "the results of targets are gathered, and a detached one has none",
    hint: "do not detach it, or call it from a step of its own",
  })

interface TargetDraft {
  readonly id: string
  readonly target: JsonObject
  readonly input: Expr
  readonly spot: Spot
}

const lowerTarget = ({ id, target, input, spot }: TargetDraft, lowering: Lowering) =>
  lowerStep(
    { id, written: target, operation: target, operationKey: undefined, input, spot },
    lowering,
  )

function inputOf(target: JsonObject, spot: Spot): Expr {
  const input = member(target, "input")
  if (input !== undefined) return bind(input, inside(spot, "input"))
  return Object.hasOwn(target, "forEach") ? item : graphInput
}

/** The id that is written, else the name of what is called. */
function nameOf(target: JsonObject): string | undefined {
  const id = textIn(target, "id")
  const called = member(target, "tool") ?? member(target, "agent")
  return id ?? (isObject(called) ? textIn(called, "name") : textOf(called))
}

const textOf = (value: Json | undefined) => (typeof value === "string" ? value : undefined)

/** What the ops make of the results; without `aggregation` lists are joined, with no ops they are left alone. */
export function aggregated(from: Expr, aggregation: JsonObject | undefined, spot: Spot): Expr {
  if (aggregation === undefined) return { kind: "ops", from, ops: [{ op: "flatten" }] }
  const there = inside(inside(entered(spot), "aggregation"), "ops")
  const ops = bindOps(listIn(aggregation, "ops") ?? [], there, bind)
  return ops.length === 0 ? from : { kind: "ops", from, ops }
}

function joinOf(spec: JsonObject, targets: number, spot: Spot): Join {
  const failFast = flagIn(spec, "failFast") ?? false
  const complete = member(spec, "complete")
  const quorum = isObject(complete) ? numberIn(complete, "quorum") : undefined
  const count = quorum ?? (complete === "first" ? 1 : undefined)
  if (count === undefined) {
    // What undoes something has to undo all of it.
    const partial = flagIn(spec, "partial") ?? !(failFast || spot.path.includes("~"))
    return { wait: "all", need: "all", failFast, partial }
  }
  if (count > targets) reportQuorum(count, targets, inside(spot, "complete"))
  return { wait: count, need: count, failFast, partial: flagIn(spec, "partial") ?? false }
}

const reportQuorum = (quorum: number, targets: number, { report, pointer }: Spot) =>
  report({
    code: "quorum_range",
    severity: "error",
    pointer: `${pointer}/quorum`,
    message: `a quorum of ${quorum} can never be reached by ${targets} targets`,
    hint: `at most ${targets}`,
  })
