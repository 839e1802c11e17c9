import { binding } from "./binding.ts"
import { condition, dialectCondition } from "./expression.ts"
import { type Fields, object, optional, required } from "./fields.ts"
import { operation } from "./operation.ts"
import { path } from "./path.ts"
import { conditionOrPredicate } from "./predicate.ts"
import type { Reader } from "./reading.ts"
import { duration, flag, integer, list, name, number, oneOf, positive, text } from "./values.ts"

const errorClasses = list(
  oneOf(
    ..."denied input binding budget circuitOpen throttled transport timeout unavailable".split(" "),
    ..."protocol tool output declined conflict cancelled deadline journal".split(" "),
  ),
)

/** `{ condition: { expression } }` of the variant dialect: its expression. */
const conditionObject: Reader = (raw, at) =>
  object("a condition", { expression: required(dialectCondition) })(raw, at)?.["expression"]

export const retryPolicy = object("retry", {
  maxAttempts: required(integer({ min: 1 })),
  backoffMs: optional(duration),
  factor: optional(number()),
  addMs: optional(duration),
  maxBackoffMs: optional(duration),
  jitter: optional(number({ max: 1 })),
  on: optional(errorClasses),
  if: optional(conditionOrPredicate),
  attemptTimeoutMs: optional(positive),
})

const onErrorPolicy = object("onError", {
  on: optional(errorClasses),
  output: optional(binding),
  run: optional(operation),
  input: optional(binding),
  rethrow: optional(flag),
  message: optional(text),
})

const oncePolicy = object("once", {
  key: required(list(path)),
  ttlMs: optional(duration),
  onDuplicate: optional(oneOf("cached", "skip", "error")),
})

const cachePolicy = object("cache", {
  ttlMs: required(positive),
  key: optional(list(path)),
  staleMs: optional(duration),
  if: optional(conditionOrPredicate),
})

/** Of the throttle policy and the throttle pattern alike. */
export const throttleFields: Fields = {
  rate: required(positive),
  windowMs: required(positive),
  strategy: optional(oneOf("sliding_window", "token_bucket", "fixed_window", "leaky_bucket")),
  onExceeded: optional(oneOf("wait", "reject", "queue")),
}

const breakerPolicy = object("breaker", {
  name: optional(name),
  failures: required(integer({ min: 1 })),
  windowMs: required(positive),
  resetMs: required(positive),
  successes: optional(integer({ min: 1 })),
  if: optional(conditionOrPredicate),
})

/** What may be said of any step or target, besides what it does. */
export const policies: Fields = {
  when: {
    read: condition,
    alias: { name: "condition", form: "step.condition", read: conditionObject },
  },
  forEach: optional(binding),
  concurrency: optional(integer({ min: 1 })),
  onItemError: optional(oneOf("fail", "skip", "keep")),
  onError: optional(onErrorPolicy),
  once: optional(oncePolicy),
  cache: optional(cachePolicy),
  timeoutMs: optional(positive),
  retry: optional(retryPolicy),
  throttle: optional(object("throttle", throttleFields)),
  breaker: optional(breakerPolicy),
  detached: optional(flag),
}
