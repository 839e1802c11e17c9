import { isObject } from "../../schema/json.ts"
import { binding, ops } from "./binding.ts"
import { condition } from "./expression.ts"
import { object, optional, required } from "./fields.ts"
import { operation, operationReader } from "./operation.ts"
import { path } from "./path.ts"
import { policies, retryPolicy } from "./policies.ts"
import { type Reader, wrongType, wrongValue } from "./reading.ts"
import { checkReference, checkUnique, idsIn } from "./steps.ts"
import { flag, integer, list, number, oneOf, positive, text } from "./values.ts"

/** The elements of pipelines, sagas and scatter-gathers: the three patterns that are graphs of named parts. */

const idForm = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/

const id: Reader = (raw, at) => {
  if (typeof raw !== "string") return wrongType(at, raw, "a string")
  if (idForm.test(raw)) return raw
  const hint = "up to 64 letters, digits, _ and -, beginning with a letter or _"
  return wrongValue(at, `${JSON.stringify(raw.slice(0, 64))} is no id`, hint)
}

/** Ids of earlier steps of the same pipeline or saga. */
const after: Reader = list((raw, at) => {
  if (typeof raw !== "string") return wrongType(at, raw, "the id of an earlier step")
  checkReference(raw, { ...at, steps: at.steps && { ...at.steps, outer: undefined } })
  return raw
})

/** An array of steps, each of which sees those before it. The pattern's own reader has put all of them in sight. */
const stepList =
  (step: Reader): Reader =>
  (raw, at) =>
    list(
      (element, there, index) => {
        checkUnique(element, there, { ids: at.steps?.ids ?? new Map(), index })
        return step(element, { ...there, steps: at.steps && { ...at.steps, before: index } })
      },
      { min: 1 },
    )(raw, at)

export const pipelineSteps = stepList(
  object("a step", {
    id: required(id),
    name: optional(text),
    operation: required(operation),
    input: optional(binding),
    after: optional(after),
    ...policies,
  }),
)

const compensation = operationReader({
  what: "a compensation",
  beside: {
    input: optional(binding),
    retry: optional(retryPolicy),
    timeoutMs: optional(positive),
  },
})

/** A compensation runs after its step, so it may refer to it. */
const compensate: Reader = (raw, at) =>
  compensation(raw, {
    ...at,
    steps: at.steps && { ...at.steps, before: at.steps.before + 1 },
  })

const probed = object("onUnknown", {
  probe: required(operation),
  input: optional(binding),
  done: required(condition),
})
const onUnknown: Reader = (raw, at) =>
  isObject(raw) ? probed(raw, at) : oneOf("retry", "compensate", "park")(raw, at)

export const sagaSteps = stepList(
  object("a step", {
    id: required(id),
    name: optional(text),
    action: required(operation),
    compensate: optional(compensate),
    input: optional(binding),
    after: optional(after),
    pivot: optional(flag),
    compensateOnFailure: optional(flag),
    onUnknown: optional(onUnknown),
    ...policies,
  }),
)

const target = operationReader({
  what: "a target",
  style: "string",
  leading: { id: optional(id) },
  beside: {
    input: optional(binding),
    output: optional(path),
    weight: optional(number()),
    ...policies,
  },
})

/** Targets run at the same time: none sees another. */
export const targets: Reader = (raw, at) => {
  const ids = idsIn(raw)
  return list(
    (element, there, index) => {
      checkUnique(element, there, { ids, index })
      return target(element, there)
    },
    { min: 1 },
  )(raw, at)
}

export const aggregation = object("aggregation", { ops: required(ops) })

const quorum = object("complete", { quorum: required(integer({ min: 1 })) })
export const complete: Reader = (raw, at) =>
  isObject(raw) ? quorum(raw, at) : oneOf("all", "first")(raw, at)
