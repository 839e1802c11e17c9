import { type JsonObject, member } from "../../schema/json.ts"
import { bind } from "../expr/bind.ts"
import type { Expr } from "../expr/expr.ts"
import { given, numberIn, objectIn, objectsIn, textIn, textsIn } from "../expr/members.ts"
import { inside, type Level, type Place } from "../expr/place.ts"
import type { Waiting } from "./edges.ts"
import { checkLimit } from "./limits.ts"
import {
  entered,
  graphInput,
  item,
  type LooseStep,
  type Lowering,
  type Spot,
  stepSpot,
  stepValue,
} from "./lowering.ts"
import type { Graph, Join, Step } from "./plan.ts"
import { lowerStep } from "./step.ts"

/** Pipelines and sagas: every step must succeed. */
export const everyStep: Join = { wait: "all", need: "all", failFast: true, partial: false }

/** Steps of a pipeline, or targets of a scatter-gather, at a time. */
export const parallelDefault = 16
/** Steps of a saga at a time. */
export const parallelSaga = 8

/** A pipeline that the author did not write as one: its steps, in their order, and what comes of them. */
export const pipelineOf = (
  steps: readonly Step[],
  output: Expr,
  { rawOf }: { readonly rawOf?: string | undefined } = {},
): Graph => ({
  kind: "pipeline",
  steps,
  join: everyStep,
  output,
  ...given({ rawOf: rawOf === undefined ? undefined : rawStep(steps, rawOf) }),
  maxParallel: parallelDefault,
})

/** The step, if its result may be handed on as it came. */
export function rawStep(steps: readonly LooseStep[], id: string): string | undefined {
  const step = steps.find((one) => one.id === id)
  const isCalling = step !== undefined && step.node.kind !== "value" && step.node.kind !== "approve"
  return isCalling && step.policies.forEach === undefined ? id : undefined
}

/** One step of a pipeline or saga as it was written, with what it waits for. */
export interface WrittenStep {
  readonly step: LooseStep
  readonly waiting: Waiting
  readonly written: JsonObject
  readonly spot: Spot
  /** For its compensation, which sees the step itself as well. */
  readonly level: Level
}

interface Reading {
  /** The member that says what a step does. */
  readonly operationKey: "operation" | "action"
  /** What a step without `input` is given: the value of the step before, or the graph's input. */
  readonly inputDefault: "previous" | "input"
}

/** The steps of a pipeline or saga; `spot` is that of the graph. */
export function lowerSteps(
  spec: JsonObject,
  spot: Spot,
  { operationKey, inputDefault }: Reading,
  lowering: Lowering,
): readonly WrittenStep[] {
  const steps = objectsIn(spec, "steps")
  const { maxSteps: max } = lowering.limits
  const there = inside(spot, "steps")
  checkLimit({ what: "steps", found: steps.length, max, limit: "maxSteps" }, there)
  const ids = new Map(steps.map((step, index) => [textIn(step, "id") ?? "", index] as const))
  let previous: string | undefined
  return steps.slice(0, max).map((written, index) => {
    const id = textIn(written, "id") ?? ""
    const level: Level = { ids, before: index, outer: spot.level, mentioned: new Set() }
    const at = stepSpot(inside(entered(there, level), index), id)
    const operation = objectIn(written, operationKey) ?? {}
    const input = inputOf(written, inputDefault === "previous" ? previous : undefined, at)
    const step = lowerStep({ id, written, operation, operationKey, input, spot: at }, lowering)
    previous = id
    return { step, waiting: waitingOf(step, written, level), written, spot: at, level }
  })
}

/** The input that is written, or what stands for it; a step reads the value that it is given by default. */
function inputOf(written: JsonObject, previous: string | undefined, spot: Spot): Expr {
  const input = member(written, "input")
  if (input !== undefined) return bind(input, inside(spot, "input"))
  if (Object.hasOwn(written, "forEach")) return item
  if (previous === undefined) return graphInput
  spot.level?.mentioned.add(previous)
  return stepValue(previous)
}

const waitingOf = (step: LooseStep, written: JsonObject, level: Level): Waiting => ({
  id: step.id,
  reads: level.mentioned,
  after: Object.hasOwn(written, "after") ? textsIn(written, "after") : undefined,
  isEffectful: step.effect !== "read",
  isDetached: step.policies.detached === true,
})

/** Reports steps that wait for one that nobody can wait for. */
export function checkDetached(steps: readonly WrittenStep[]): void {
  const detached = new Set(steps.flatMap(({ waiting }) => (waiting.isDetached ? waiting.id : [])))
  if (detached.size === 0) return
  for (const { waiting, spot } of steps) {
    const named = [...waiting.reads, ...(waiting.after ?? [])].find((id) => detached.has(id))
    if (named === undefined) continue
    spot.report({
      code: "detached_referenced",
      severity: "error",
      pointer: spot.pointer,
      message: `waits for step ${JSON.stringify(named)}, which is detached and has no value`,
      hint: "give this step an input of its own, or do not detach the other",
    })
  }
}

/** How many steps run at a time. */
export function parallelOf(
  spec: JsonObject,
  key: "maxParallel" | "concurrency",
  { spot, otherwise, lowering }: { spot: Place; otherwise: number; lowering: Lowering },
): number {
  const found = numberIn(spec, key) ?? otherwise
  const { maxParallel: max } = lowering.limits
  checkLimit({ what: "steps at a time", found, max, limit: "maxParallel" }, inside(spot, key))
  return found
}
