import type { Json } from "../../schema/json.ts"
import type { Boundary, CallNode, Target } from "../plan/plan.ts"
import type { Cancellation } from "./cancellation.ts"
import type { Outcome } from "./outcome.ts"

/** All of the world that a run can touch. */
export interface Ports {
  readonly invoke: Invoke
  readonly clock: Clock
}

/**
 * Makes one call. Never rejects but for a bug: what goes wrong is an outcome. The input of a tool is an object; what an
 * agent is sent may be any value.
 */
export type Invoke = (target: Target, input: Json, call: CallOptions) => Promise<Outcome>

export interface CallOptions {
  /** Of the logical call, the same for all attempts at it; undefined for what only reads. */
  readonly key: string | undefined
  /** Cancelled when nobody waits for the answer any more, which is then dropped. */
  readonly cancellation: Cancellation
  /** When the answer comes too late for sure, on the clock's scale; undefined: never. */
  readonly deadlineMs: number | undefined
  readonly authority: Authority
  /** Of the step: `book/flight`. */
  readonly path: string
  /** What the plan knows of the call: its effect, the server, how it takes a key. */
  readonly node: CallNode
  /** The input fits what the tool takes: proved from schemas that every value in this run so far has been held to. */
  readonly isProven: boolean
}

/** The composition in whose name a call is made, and the only tools it may call. */
export type Authority = Pick<Boundary, "tool" | "depends">

export interface Clock {
  /** Milliseconds since the epoch, with fractions. Never goes back. */
  now(): number
  /** Resolves after so many milliseconds, and as soon as it is cancelled. Never rejects. */
  sleep(ms: number, cancellation: Cancellation): Promise<void>
  /** Resolves in the next turn of the loop: all that follows at once from what is known now has happened by then. */
  turn(): Promise<void>
  /** Uniform in [0, 1). */
  random(): number
}
