import type { Json, JsonObject } from "../registry/model.ts"
import type { Notes } from "./definition.ts"
import { type Convert, membersOf } from "./members.ts"
import { isOperation, type Operation, operationJson } from "./operation.ts"
import {
  type Bound,
  isBound,
  type Step,
  type StepOfEach,
  type StepRef,
  stepIdOf,
  stepValue,
} from "./path.ts"
import { type Policies, policies, type Retry, retryJson } from "./policies.ts"
import type { Registered } from "./schema.ts"
import { madeBy } from "./site.ts"
import { type Cel, celJson, type Single, type Value, valueJson } from "./value.ts"

/** What may be given to an operation: the members that its schema declares, each of them a value; or one value. */
export type Given<I> =
  I extends Registered<infer D>
    ? Given<D>
    : I extends { readonly properties: infer P }
      ? Single | { readonly [K in keyof P]?: Value }
      : Value

interface Described {
  readonly name?: string
  readonly description?: string
  /** Steps to wait for, where the order of writing is not meant. */
  readonly after?: readonly StepRef[]
}

export interface StepOptions<I, F> extends Policies, Described {
  readonly input?: Given<I>
  /** A list: the step runs for each of its items. */
  readonly forEach?: F & Value
}

/** The value of a step; with `forEach`, the list of the values for each item. */
export type StepOf<O, F> = F extends undefined ? Step<O> : StepOfEach<O>

/** Adds a step after those before it; returns what it will have given. */
export type PipelineStep = <I, O, const F = undefined>(
  id: string,
  operation: Operation<I, O>,
  options?: StepOptions<I, F>,
) => StepOf<O, F>

/** An operation with what is said of it in this place. */
export interface Undo extends Notes {
  readonly run: Operation
  readonly input?: Value
  readonly retry?: Retry
  readonly timeoutMs?: number
}

export interface Probe extends Notes {
  readonly probe: Operation
  readonly input?: Value
  readonly done: Cel | string
}

export interface SagaStepOptions<I, O, F> extends StepOptions<I, F> {
  /** What undoes the step; as a function, it is given the value of the step itself. */
  readonly compensate?: Operation | Undo | ((own: StepOf<O, F>) => Operation | Undo)
  readonly compensateOnFailure?: boolean
  /** From here on the saga only goes forward. */
  readonly pivot?: boolean
  readonly onUnknown?: "retry" | "compensate" | "park" | Probe
}

/** Adds a step after those before it; returns what it will have given. */
export type SagaStep = <I, O, const F = undefined>(
  id: string,
  action: Operation<I, O>,
  options?: SagaStepOptions<I, O, F>,
) => StepOf<O, F>

const ids: Convert = (given) =>
  Array.isArray(given)
    ? given.map((each) => (isBound(each) ? stepIdOf(each) : (each as Json)))
    : (given as Json)

/** `{ run, … }` as a document has it: the operation's members beside the others. */
export const running =
  (table: Readonly<Record<string, Convert>>): Convert =>
  (given) => {
    if (isOperation(given) || typeof given !== "object" || given === null)
      return operationJson(given)
    const { run, ...others } = membersOf(given, { run: operationJson, ...table })
    return { ...(run as JsonObject), ...others }
  }

const compensation = running({ input: valueJson, retry: retryJson })
const probe: Convert = (given) =>
  typeof given === "object" && given !== null
    ? membersOf(given, { probe: operationJson, input: valueJson, done: celJson })
    : (given as Json)

/** A function that collects steps as a program makes them, and the steps. Its types are `S`: they are all that differs. */
export function stepsOf<S>(member: "operation" | "action") {
  const steps: JsonObject[] = []
  const step = (id: string, operation: Operation, options: object = {}): Bound => {
    const own = stepValue(id)
    const table = {
      ...policies,
      input: valueJson,
      after: ids,
      onUnknown: probe,
      compensate: (given: unknown) =>
        compensation(typeof given === "function" ? given(own) : given),
    }
    const made = { id, [member]: operationJson(operation), ...membersOf(options, table) }
    steps.push(madeBy(step, made))
    return own
  }
  return { step: step as S, steps }
}
