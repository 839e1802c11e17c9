import { type Json, type JsonObject, member } from "../../schema/json.ts"
import { bind } from "../expr/bind.ts"
import { bindCondition } from "../expr/bind-condition.ts"
import type { Expr } from "../expr/expr.ts"
import {
  flagIn,
  given,
  listIn,
  numberIn,
  objectIn,
  textIn,
  textsIn,
  wordIn,
} from "../expr/members.ts"
import { inside } from "../expr/place.ts"
import { checkLimit } from "./limits.ts"
import { apart, type PolicyContext, type Spot, self } from "./lowering.ts"
import { breakerPolicy, cachePolicy, oncePolicy, throttlePolicy } from "./named-policies.ts"
import {
  type ErrorClass,
  errorClasses,
  type ForEach,
  type OnError,
  type Policies,
  type PolicyName,
  policyOrder,
  type Retry,
} from "./policies.ts"

/** The policies that are members of a step or target. */
export function policiesIn(written: JsonObject): readonly PolicyName[] {
  const retry = objectIn(written, "retry")
  const hasAttempts = retry !== undefined && numberIn(retry, "attemptTimeoutMs") !== undefined
  return policyOrder.filter((name) =>
    name === "attemptTimeoutMs" ? hasAttempts : Object.hasOwn(written, name),
  )
}

/** The policies that are members of a step or target, with their defaults. */
export function lowerPolicies(written: JsonObject, context: PolicyContext): Policies {
  const { spot } = context
  const when = textIn(written, "when")
  const of = (name: string) => objectIn(written, name)
  const retry = of("retry")
  return given({
    when: when === undefined ? undefined : bindCondition(when, self, inside(spot, "when")),
    forEach: lowerForEach(written, context),
    onError: lowerOnError(of("onError"), context),
    once: oncePolicy(of("once"), context),
    cache: cachePolicy(of("cache"), context),
    timeoutMs: numberIn(written, "timeoutMs"),
    retry: retry && lowerRetry(retry, inside(spot, "retry"), context.lowering.limits.maxAttempts),
    throttle: throttlePolicy(of("throttle"), context),
    breaker: breakerPolicy(of("breaker"), context),
    // Beside the others only where a wrapper was folded to it.
    attemptTimeoutMs: numberIn(retry ?? written, "attemptTimeoutMs"),
    detached: flagIn(written, "detached") === true ? (true as const) : undefined,
  })
}

/** Items at once, where they only read. */
const concurrencyRead = 8

function lowerForEach(
  written: JsonObject,
  { spot, effect, lowering }: PolicyContext,
): ForEach | undefined {
  const over = member(written, "forEach")
  if (over === undefined) return
  const concurrency = numberIn(written, "concurrency") ?? (effect === "read" ? concurrencyRead : 1)
  const { maxParallel: max } = lowering.limits
  const what = "items at a time"
  checkLimit({ what, found: concurrency, max, limit: "maxParallel" }, inside(spot, "concurrency"))
  return {
    over: bind(over, inside(spot, "forEach")),
    concurrency,
    onItemError: wordIn(written, "onItemError", ["fail", "skip", "keep"]) ?? "fail",
  }
}

function lowerOnError(
  written: JsonObject | undefined,
  { spot: step, lowering }: PolicyContext,
): OnError | undefined {
  if (written === undefined) return
  const spot = inside(step, "onError")
  const operation = objectIn(written, "run")
  const run = operation && lowering.node(operation, apart(inside(spot, "run"), "!"))
  const input = member(written, "input")
  const output = member(written, "output")
  const isRethrown = flagIn(written, "rethrow") === true || (!run && output === undefined)
  const reaction: Pick<OnError, "run" | "output"> = given({
    run: run && { ...run, input: input === undefined ? self : bind(input, inside(spot, "input")) },
    output: output === undefined ? undefined : bind(output, inside(spot, "output")),
  })
  return {
    ...given({ on: classesIn(written) }),
    ...(isRethrown ? { ...reaction, rethrow: true } : computed(reaction)),
    ...given({ message: textIn(written, "message") }),
  }
}

/** To run what only computes is to have an output. */
function computed(reaction: Pick<OnError, "run" | "output">): Pick<OnError, "run" | "output"> {
  const { run, output } = reaction
  if (run?.node.kind !== "value" || output !== undefined) return reaction
  const { value } = run.node
  return { output: run.input === self ? value : { kind: "over", of: run.input, as: value } }
}

function classesIn(written: JsonObject): readonly ErrorClass[] | undefined {
  if (listIn(written, "on") === undefined) return
  const words = textsIn(written, "on")
  return errorClasses.filter((name) => words.includes(name))
}

/** Tried again without being asked to say which: nothing was done, or what was done is not known. */
const retriedDefault: readonly ErrorClass[] = ["transport", "timeout", "unavailable"]
/** Those that a condition may choose from: what is refused or wrong stays so. */
const retriable: readonly ErrorClass[] = [
  "circuitOpen",
  "throttled",
  ...retriedDefault,
  "protocol",
  "tool",
]

/** A retry policy with its defaults; `attemptsMax` is the limit that it is held against. */
export function lowerRetry(written: JsonObject, spot: Spot, attemptsMax: number): Retry {
  const condition = member(written, "if")
  const maxAttempts = numberIn(written, "maxAttempts") ?? 1
  const excess = { what: "attempts", found: maxAttempts, max: attemptsMax } as const
  checkLimit({ ...excess, limit: "maxAttempts" }, inside(spot, "maxAttempts"))
  return {
    maxAttempts,
    backoffMs: numberIn(written, "backoffMs") ?? 200,
    factor: numberIn(written, "factor") ?? 2,
    addMs: numberIn(written, "addMs") ?? 0,
    maxBackoffMs: numberIn(written, "maxBackoffMs") ?? maxBackoffDefault,
    jitter: numberIn(written, "jitter") ?? 1,
    on: classesIn(written) ?? (condition === undefined ? retriedDefault : retriable),
    ...(condition === undefined ? {} : { if: onError(condition, inside(spot, "if")) }),
  }
}

export const maxBackoffDefault = 30_000

/** A condition on an error: a predicate looks at `{ error }`. */
const onError = (condition: Json, spot: Spot): Expr =>
  bindCondition(condition, { kind: "construct", fields: { error: errorValue } }, spot)

const errorValue: Expr = { kind: "path", of: "error", path: "$" }
