import type { Expr } from "../expr/expr.ts"
import type { Effect, Node } from "./plan.ts"

/**
 * What surrounds a step, each part within the one before, whatever order they are written in:
 *
 * when → forEach → onError → once → cache → timeoutMs → retry → throttle → breaker → attemptTimeoutMs → node
 *
 * Everything within `forEach` is for each item. Defaults are filled in.
 */
export interface Policies {
  /** False: the step is skipped and its value absent. Not a boolean: the step fails. */
  readonly when?: Expr
  readonly forEach?: ForEach
  readonly onError?: OnError
  readonly once?: Once
  readonly cache?: Cache
  /** Of the step with all its attempts. */
  readonly timeoutMs?: number
  readonly retry?: Retry
  readonly throttle?: Throttle
  readonly breaker?: Breaker
  readonly attemptTimeoutMs?: number
  /** Started and left alone: its failure is recorded, its value is nobody's. */
  readonly detached?: true
}

/** The nesting, outermost first. */
export const policyOrder = [
  "when",
  "forEach",
  "onError",
  "once",
  "cache",
  "timeoutMs",
  "retry",
  "throttle",
  "breaker",
  "attemptTimeoutMs",
] as const satisfies readonly (keyof Policies)[]

export type PolicyName = (typeof policyOrder)[number]

/** The classes of errors (StepError), of compositions §6.3. */
export const errorClasses = [
  "denied",
  "input",
  "binding",
  "budget",
  "circuitOpen",
  "throttled",
  "transport",
  "timeout",
  "unavailable",
  "protocol",
  "tool",
  "output",
  "declined",
  "conflict",
  "cancelled",
  "deadline",
  "journal",
] as const

export type ErrorClass = (typeof errorClasses)[number]

/** The value is the array of the items' values, in their order. */
export interface ForEach {
  /** An array; absent is an empty one, anything else fails with class `binding`. */
  readonly over: Expr
  readonly concurrency: number
  /** `keep` puts `{ error: { class, code, message } }` in the failed item's place, `skip` leaves it out. */
  readonly onItemError: "fail" | "skip" | "keep"
}

/** What becomes of a failure: `error` is in scope of its expressions. */
export interface OnError {
  /** Absent: every class. */
  readonly on?: readonly ErrorClass[]
  /**
   * Runs first. Its value is the step's, unless `output` or `rethrow` is given: then it is run for its effect. When it
   * fails, its error is the step's; where it is run for its effect, the first error.
   */
  readonly run?: { readonly node: Node; readonly input: Expr; readonly effect: Effect }
  readonly output?: Expr
  /** The error stands, whatever was run. */
  readonly rethrow?: true
  /** Instead of the error's own. */
  readonly message?: string
}

/** One outcome per key; a second call in flight waits for the first. Durable. */
export interface Once {
  /** Keys of two spaces never meet. */
  readonly space: string
  /** An object; its canonical JSON is the key. */
  readonly key: Expr
  /** Absent: for as long as outcomes are kept. */
  readonly ttlMs?: number
  readonly onDuplicate: "cached" | "skip" | "error"
}

/** Values, never errors; entries belong to the caller, too. One call in flight per key. */
export interface Cache {
  /** Of what is called, with its versions. */
  readonly space: string
  /** Its canonical JSON is the key. */
  readonly key: Expr
  readonly ttlMs: number
  /** After `ttlMs`: given at once, while one call renews it. */
  readonly staleMs?: number
  /** On the value as `item`: false, or not computable, keeps it out. */
  readonly if?: Expr
}

export interface Retry {
  /** With the first. */
  readonly maxAttempts: number
  readonly backoffMs: number
  /** Delay n is backoffMs × factorⁿ⁻¹ + addMs × (n−1), at most maxBackoffMs, times uniform(1−jitter, 1+jitter). */
  readonly factor: number
  readonly addMs: number
  readonly maxBackoffMs: number
  readonly jitter: number
  /** Classes that are tried again, unless an outcome is unknown inside a saga. */
  readonly on: readonly ErrorClass[]
  /** On the error: false, or not computable, ends it. */
  readonly if?: Expr
}

/** `rate` calls per window, counted per name in this process. */
export interface Throttle {
  readonly name: string
  readonly rate: number
  readonly windowMs: number
  readonly strategy: "sliding_window" | "token_bucket" | "fixed_window" | "leaky_bucket"
  readonly onExceeded: "wait" | "reject" | "queue"
}

/** Opens after `failures` within the window; steps with the same name share one. */
export interface Breaker {
  readonly name: string
  readonly failures: number
  readonly windowMs: number
  readonly resetMs: number
  /** Successes that close it again. */
  readonly successes: number
  /** On a success, with its value as `item`: true, or not computable, counts as a failure. */
  readonly if?: Expr
}
