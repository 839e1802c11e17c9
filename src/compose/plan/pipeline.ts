import { type JsonObject, member } from "../../schema/json.ts"
import { bind } from "../expr/bind.ts"
import type { Expr } from "../expr/expr.ts"
import { given, numberIn } from "../expr/members.ts"
import { inside, type Level } from "../expr/place.ts"
import { pipelineEdges } from "./edges.ts"
import {
  checkDetached,
  everyStep,
  lowerSteps,
  parallelDefault,
  parallelOf,
  rawStep,
  type WrittenStep,
} from "./graphs.ts"
import { entered, graphInput, type Lowering, type Spot, stepValue } from "./lowering.ts"
import type { Graph } from "./plan.ts"

/** A pipeline (compositions §7). Its value is its `output`, else that of its last step. */
export function lowerPipeline(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const steps = lowerSteps(
    spec,
    spot,
    { operationKey: "operation", inputDefault: "previous" },
    lowering,
  )
  checkDetached(steps)
  const edges = pipelineEdges(steps.map(({ waiting }) => waiting))
  const last = steps.findLast(({ waiting }) => !waiting.isDetached)?.step.id
  const output = outputOf(spec, steps, spot)
  return {
    kind: "pipeline",
    steps: steps.map(({ step }, index) => ({ ...step, after: edges[index] ?? [] })),
    join: everyStep,
    output: output ?? (last === undefined ? graphInput : stepValue(last)),
    ...given({
      rawOf:
        output !== undefined || last === undefined
          ? undefined
          : rawStep(
              steps.map(({ step }) => step),
              last,
            ),
      timeoutMs: numberIn(spec, "timeoutMs"),
    }),
    maxParallel: parallelOf(spec, "maxParallel", { spot, otherwise: parallelDefault, lowering }),
  }
}

/** The `output` that is written, which sees every step. */
export function outputOf(
  spec: JsonObject,
  steps: readonly WrittenStep[],
  spot: Spot,
): Expr | undefined {
  const output = member(spec, "output")
  if (output === undefined) return
  const ids = new Map(steps.map(({ step }, index) => [step.id, index] as const))
  const level: Level = { ids, before: ids.size, outer: spot.level, mentioned: new Set() }
  return bind(output, inside(entered(spot, level), "output"))
}
