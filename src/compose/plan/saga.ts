import { isObject, type JsonObject, member } from "../../schema/json.ts"
import { bind } from "../expr/bind.ts"
import { bindCondition } from "../expr/bind-condition.ts"
import type { Expr } from "../expr/expr.ts"
import { flagIn, given, numberIn, objectIn, textIn, wordIn } from "../expr/members.ts"
import { inside } from "../expr/place.ts"
import { sagaEdges } from "./edges.ts"
import { isRepeatable } from "./effect.ts"
import { everyStep, lowerSteps, parallelOf, parallelSaga, type WrittenStep } from "./graphs.ts"
import { apart, item, type Lowered, type Lowering, type Spot, self, stepValue } from "./lowering.ts"
import { lowerRetry } from "./own-policies.ts"
import { outputOf } from "./pipeline.ts"
import type { Graph, SagaOptions, Step, Undo } from "./plan.ts"
import { errorClasses } from "./policies.ts"

/** A saga (compositions §9). Its value is its `output`, else the values of all its steps by their ids. */
export function lowerSaga(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const written = lowerSteps(
    spec,
    spot,
    { operationKey: "action", inputDefault: "input" },
    lowering,
  )
  const steps = written.map((step) => ({ ...step, saga: sagaPart(step, lowering) }))
  checkPivots(written)
  const edges = sagaEdges(written.map(({ waiting }) => waiting))
  return {
    kind: "saga",
    steps: steps.map(({ step, saga }, index) => ({
      ...step,
      after: edges[index] ?? [],
      ...saga,
    })),
    join: everyStep,
    output: outputOf(spec, written, spot) ?? everyValue(written),
    ...given({ timeoutMs: numberIn(spec, "timeoutMs") }),
    maxParallel: parallelOf(spec, "maxParallel", { spot, otherwise: parallelSaga, lowering }),
    saga: optionsOf(spec),
  }
}

const everyValue = (steps: readonly WrittenStep[]): Expr => ({
  kind: "construct",
  fields: Object.fromEntries(steps.map(({ step: { id } }) => [id, stepValue(id)])),
})

function optionsOf(spec: JsonObject): SagaOptions {
  const path = textIn(spec, "sagaIdPath")
  return {
    ...given({
      id: path === undefined ? undefined : ({ kind: "path", of: "input", path } as const),
      onCancel: wordIn(spec, "onCancel", ["compensate", "finish"]),
    }),
    onCompensateFailure: wordIn(spec, "onCompensateFailure", ["continue", "stop"]) ?? "continue",
  }
}

type SagaPart = Pick<Step, "undo" | "pivot" | "onUnknown">

function sagaPart(step: WrittenStep, lowering: Lowering): SagaPart {
  const { written, level, step: lowered } = step
  const index = level.before
  // A compensation runs after its step, so it may refer to it.
  const spot: Spot = { ...step.spot, level: { ...level, before: index + 1 } }
  const compensate = objectIn(written, "compensate")
  const undo = compensate && undoOf(compensate, step, inside(spot, "compensate"), lowering)
  const isPivot = flagIn(written, "pivot") === true
  const isCalling = lowered.node.kind !== "value" && lowered.node.kind !== "approve"
  return {
    ...given({ undo, pivot: isPivot ? (true as const) : undefined }),
    ...(isCalling ? { onUnknown: onUnknownOf(step, { undo, isPivot }, lowering) } : {}),
  }
}

function undoOf(
  compensate: JsonObject,
  { step, written }: WrittenStep,
  spot: Spot,
  lowering: Lowering,
): Undo {
  const input = member(compensate, "input")
  return {
    ...lowering.node(compensate, apart(spot, "~")),
    // The output of the action wins; of one whose outcome is unknown there is none.
    input:
      input === undefined
        ? { kind: "merge", parts: [self, stepValue(step.id)] }
        : bind(input, inside(spot, "input")),
    retry: undoRetry(objectIn(compensate, "retry"), inside(spot, "retry"), lowering),
    ...given({
      timeoutMs: numberIn(compensate, "timeoutMs"),
      onFailure: flagIn(written, "compensateOnFailure") === true ? (true as const) : undefined,
    }),
  }
}

const undoDelays: JsonObject = { backoffMs: 500, factor: 2, maxBackoffMs: 60_000 }

/** A compensation is tried again whatever went wrong, and without an end of its own. */
function undoRetry(written: JsonObject | undefined, spot: Spot, lowering: Lowering): Undo["retry"] {
  const attemptsMax = 2 * lowering.limits.maxAttempts
  const { maxAttempts, ...retry } = lowerRetry({ ...undoDelays, ...written }, spot, attemptsMax)
  const on = written !== undefined && Object.hasOwn(written, "on") ? retry.on : errorClasses
  const isLimited = written !== undefined && Object.hasOwn(written, "maxAttempts")
  return { ...retry, on, ...(isLimited ? { maxAttempts } : {}) }
}

interface Fallbacks {
  readonly undo: Undo | undefined
  readonly isPivot: boolean
}

function onUnknownOf(
  { step, written, spot }: WrittenStep,
  { undo, isPivot }: Fallbacks,
  lowering: Lowering,
): Exclude<Step["onUnknown"], undefined> {
  const onUnknown = member(written, "onUnknown")
  const there = inside(spot, "onUnknown")
  if (isObject(onUnknown)) {
    const probe: Lowered = lowering.node(
      objectIn(onUnknown, "probe") ?? {},
      apart(inside(there, "probe"), "?"),
    )
    const input = member(onUnknown, "input")
    return {
      probe: probe.node,
      input: input === undefined ? self : bind(input, inside(there, "input")),
      done: bindCondition(member(onUnknown, "done") ?? "false", item, inside(there, "done")),
    }
  }
  const word = wordIn(written, "onUnknown", ["retry", "compensate", "park"])
  if (word !== undefined) return word
  if (isRepeatable(step.effect)) return "retry"
  // After a pivot the saga only goes forward.
  return undo !== undefined && !isPivot ? "compensate" : "park"
}

function checkPivots(steps: readonly WrittenStep[]): void {
  const [, second] = steps.filter(({ written }) => flagIn(written, "pivot") === true)
  second?.spot.report({
    code: "saga_pivot",
    severity: "error",
    pointer: `${second.spot.pointer}/pivot`,
    message: "a saga has one pivot, and an earlier step is it",
    hint: "mark the last step that can still be undone by none",
  })
}
