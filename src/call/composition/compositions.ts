import type { Plan } from "../../compose/plan/plan.ts"
import type { RunLimits } from "../../compose/run/limits.ts"
import type { Clock } from "../../compose/run/ports.ts"
import type { PolicyState } from "../../compose/run/state/policy-state.ts"
import type { CatalogTool } from "../../registry/catalog.ts"
import type { Full } from "../shares.ts"
import type { DurableRuns } from "./durable/durable-runs.ts"

/** What running compositions takes from outside the way of a call. The composition root makes one. */
export interface Compositions {
  /** Of a composition of any catalog that a request may still keep to. */
  planOf(tool: CatalogTool): Plan | undefined
  /** What policies remember between runs: it outlives catalogs. */
  readonly state: PolicyState
  readonly clock: Clock
  readonly limits: RunLimits
  /** One run with all its steps may take. */
  readonly timeoutMs: number
  /** Those that outlive their calls, and this process. */
  readonly durable: DurableRuns
  /** Whose the ids of sagas are: each agent's own, or one and the same for all. */
  readonly runIds: "all" | "agent"
  /** How long a call waits for a durable run. */
  readonly holdMs: number
  /** How long a call of a client that takes tasks waits for one, before it is answered with a task. */
  readonly taskAfterMs: number
  /** How long a durable run is kept after its end. */
  readonly retentionMs: number
  /** Takes one of the places for runs, or tells which limit is reached. Whoever took one gives it back. */
  enter(principal: string): Full | undefined
  leave(principal: string, run: EndedRun): void
  /** 128 random bits in base64url. */
  runId(): string
}

/** A run that is over, for whoever counts. */
export interface EndedRun {
  readonly pattern: string
  /** `completed`, or the class of the error; `bug` when it threw. */
  readonly outcome: string
}
