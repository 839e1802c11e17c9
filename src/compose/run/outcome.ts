import type { Json, JsonObject } from "../../schema/json.ts"
import type { ErrorClass } from "../plan/policies.ts"

/** What is known to have happened in the world when something ends. */
export type Happened = "none" | "unknown" | "done"

const byWeight: readonly Happened[] = ["none", "unknown", "done"]

/** The weightier of two: what was done stays done, whatever came after. */
export const worse = (one: Happened, other: Happened): Happened =>
  byWeight.indexOf(other) > byWeight.indexOf(one) ? other : one

/** What went wrong, as whoever found it can say it. */
export interface Failure {
  readonly class: ErrorClass
  /** Finer than the class: `CONNECTION_LOST`. */
  readonly code: string
  /** For the caller: no address, no value that may be secret. */
  readonly message: string
  /** Of class `tool`: the value of its answer. */
  readonly data?: Json
}

/** A failure of a step (compositions §6.3). Expressions see it as `error`. */
export interface StepError extends Failure {
  /** The path of the step: `book/flight`, of an item `book[3]/flight`. */
  readonly step: string
  /** What was called, as `name@version`. */
  readonly tool?: string
  /** With the first; 0 when it never came to one. */
  readonly attempts: number
  /** ISO 8601. */
  readonly at: string
  readonly effect: Happened
}

/** In short, for people. */
export const whatFailed = ({ step, message }: StepError): string =>
  step === "" ? message : `step ${step}: ${message}`

/** What comes of one call. */
export type Outcome =
  | {
      readonly ok: true
      readonly value: Json
      /** The result as it came, where it can be handed on as the result of the composition. */
      readonly raw?: JsonObject
    }
  | {
      readonly ok: false
      readonly error: Failure
      readonly effect: Happened
      /** What the backend asked to be left alone for. */
      readonly retryAfterMs?: number
    }

/** What comes of a step, an item or a graph. An absent value is undefined. */
export type Result =
  | {
      readonly ok: true
      readonly value: Json | undefined
      readonly raw?: JsonObject | undefined
      readonly effect: Happened
    }
  | Failed

export interface Failed {
  readonly ok: false
  readonly error: StepError
  readonly retryAfterMs?: number
}

/** The result with what happened before it. */
export const after = (before: Happened, result: Result): Result =>
  withEffect(result, worse(before, effectOf(result)))

/** The result, of which something else is known to have happened. */
export function withEffect<R extends Result>(result: R, effect: Happened): R
export function withEffect(result: Result, effect: Happened): Result {
  if (effect === effectOf(result)) return result
  return result.ok ? { ...result, effect } : { ...result, error: { ...result.error, effect } }
}

export const effectOf = (result: Result): Happened =>
  result.ok ? result.effect : result.error.effect

/** As the expressions of `onError` and `retry.if` see it. */
export const errorValue = (error: StepError): JsonObject => ({ ...error })

/**
 * Whether the backend itself has said what became of the call. That it could not be reached, say, tells of this attempt
 * alone and nothing of one before.
 */
export const isAnswered = ({ error }: Failed): boolean =>
  error.effect !== "unknown" && (error.class === "tool" || error.class === "output")

/** The codes of failures that the interpreter finds itself. */
export const codes = {
  denied: "DENIED",
  input: "INVALID_INPUT",
  binding: "BINDING",
  budget: "BUDGET",
  circuitOpen: "CIRCUIT_OPEN",
  throttled: "RATE_LIMITED",
  transport: "CONNECTION",
  timeout: "TIMEOUT",
  unavailable: "SERVICE_UNAVAILABLE",
  protocol: "PROTOCOL",
  tool: "TOOL_ERROR",
  output: "INVALID_OUTPUT",
  declined: "DECLINED",
  conflict: "CONFLICT",
  cancelled: "CANCELLED",
  deadline: "DEADLINE",
  journal: "JOURNAL",
} as const satisfies Record<ErrorClass, string>

/** The code of what this version does not do at all, whatever the class. */
export const unsupported = "UNSUPPORTED"

/** The code of a call that was announced and not made, because its run came to rest: it is still to be made. */
export const notSent = "NOT_SENT"

export const failure = (errorClass: ErrorClass, message: string): Failure => ({
  class: errorClass,
  code: codes[errorClass],
  message,
})
