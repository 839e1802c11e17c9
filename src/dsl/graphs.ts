import type { JsonObject } from "../registry/model.ts"
import type { Notes } from "./definition.ts"
import { each, fromTable, membersOf } from "./members.ts"
import type { Operation } from "./operation.ts"
import { type Policies, policies } from "./policies.ts"
import { madeBy } from "./site.ts"
import { type Spec, specOf } from "./spec.ts"
import type { Aggregation, PathText } from "./spelled.ts"
import { type PipelineStep, running, type SagaStep, stepsOf } from "./steps.ts"
import { opsJson, type Value, valueJson } from "./value.ts"

interface Described extends Notes {
  readonly description?: string
}

export interface PipelineOptions extends Described {
  readonly timeoutMs?: number
  readonly maxParallel?: number
}

type Build<S> = (step: S) => Value | undefined

/**
 * Steps in the order in which they are made, each of which sees those before it. What the function returns is the
 * result; otherwise it is the value of the last step.
 */
export function pipeline(build: Build<PipelineStep>): Spec
export function pipeline(options: PipelineOptions, build: Build<PipelineStep>): Spec
export function pipeline(...given: Graph<PipelineOptions, PipelineStep>): Spec {
  return specOf("pipeline", madeBy(pipeline, graphJson(given, stepsOf<PipelineStep>("operation"))))
}

export interface SagaOptions extends Described {
  /** What names a run: a second call with the same gets the first one's result. */
  readonly sagaIdPath?: PathText
  readonly timeoutMs?: number
  readonly onCancel?: "compensate" | "finish"
  readonly onCompensateFailure?: "continue" | "stop"
  readonly maxParallel?: number
  readonly store?: string
}

/** As {@link pipeline}; when a step fails, those before it are compensated in reverse. Durable. */
export function saga(build: Build<SagaStep>): Spec
export function saga(options: SagaOptions, build: Build<SagaStep>): Spec
export function saga(...given: Graph<SagaOptions, SagaStep>): Spec {
  return specOf("saga", madeBy(saga, graphJson(given, stepsOf<SagaStep>("action"))))
}

type Graph<O, S> = readonly [Build<S>] | readonly [O, Build<S>]

function graphJson<O extends object, S>(
  given: Graph<O, S>,
  { step, steps }: { readonly step: S; readonly steps: readonly JsonObject[] },
): JsonObject {
  const [options, build] = given.length === 1 ? [{}, given[0]] : given
  const output = build(step)
  const result = output !== undefined && { output: valueJson(output) }
  return { steps, ...result, ...membersOf(options, {}) }
}

export interface Target extends Policies {
  readonly run: Operation
  readonly id?: string
  readonly description?: string
  readonly input?: Value
  readonly forEach?: Value
  /** From what the target gave. */
  readonly output?: PathText
  readonly weight?: number
}

export interface ScatterGather extends Described {
  readonly targets: readonly (Operation | Target)[]
  readonly aggregation?: Aggregation
  readonly timeoutMs?: number
  readonly failFast?: boolean
  readonly concurrency?: number
  readonly complete?: "all" | "first" | { readonly quorum: number }
  readonly partial?: boolean
}

const scattered = {
  targets: each(running({ ...policies, input: valueJson })),
  aggregation: fromTable({ ops: opsJson }),
}

/** All targets at once, and what their results come to together. */
export const scatterGather = (body: ScatterGather): Spec =>
  specOf("scatterGather", madeBy(scatterGather, membersOf(body, scattered)))
