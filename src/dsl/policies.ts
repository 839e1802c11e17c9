import type { Notes } from "./definition.ts"
import { type Convert, fromTable } from "./members.ts"
import { type Operation, operationJson } from "./operation.ts"
import type { Condition, ErrorClass, PathText } from "./spelled.ts"
import { type Cel, celJson, type Value, valueJson } from "./value.ts"

export interface Retry extends Notes {
  /** With the first. */
  readonly maxAttempts: number
  readonly backoffMs?: number
  readonly factor?: number
  readonly addMs?: number
  readonly maxBackoffMs?: number
  readonly jitter?: number
  readonly on?: readonly ErrorClass[]
  readonly if?: Condition
  readonly attemptTimeoutMs?: number
}

export interface OnError extends Notes {
  readonly on?: readonly ErrorClass[]
  readonly output?: Value
  readonly run?: Operation
  readonly input?: Value
  readonly rethrow?: boolean
  readonly message?: string
}

export interface Once extends Notes {
  readonly key: readonly PathText[]
  readonly ttlMs?: number
  readonly onDuplicate?: "cached" | "skip" | "error"
}

export interface Cache extends Notes {
  readonly ttlMs: number
  readonly key?: readonly PathText[]
  readonly staleMs?: number
  readonly if?: Condition
}

export interface Throttle extends Notes {
  readonly rate: number
  readonly windowMs: number
  readonly strategy?: "sliding_window" | "token_bucket" | "fixed_window" | "leaky_bucket"
  readonly onExceeded?: "wait" | "reject" | "queue"
}

export interface Breaker extends Notes {
  readonly name?: string
  readonly failures: number
  readonly windowMs: number
  readonly resetMs: number
  readonly successes?: number
  readonly if?: Condition
}

/** What may be said of any step or target, besides what it does. */
export interface Policies extends Notes {
  readonly when?: Cel | string
  readonly concurrency?: number
  readonly onItemError?: "fail" | "skip" | "keep"
  readonly onError?: OnError
  readonly once?: Once
  readonly cache?: Cache
  readonly timeoutMs?: number
  readonly retry?: Retry
  readonly throttle?: Throttle
  readonly breaker?: Breaker
  readonly detached?: boolean
}

const withCondition = fromTable({ if: celJson })
export const retryJson = withCondition

export const policies: Readonly<Record<string, Convert>> = {
  when: celJson,
  forEach: valueJson,
  onError: fromTable({ output: valueJson, run: operationJson, input: valueJson }),
  cache: withCondition,
  retry: withCondition,
  breaker: withCondition,
}
