import type { Breaker } from "../../plan/policies.ts"
import type { Clock } from "../ports.ts"
import { Background, type Report } from "./background.ts"
import { BreakerState } from "./breaker-state.ts"
import { CacheStore } from "./cache-store.ts"
import { FailuresInWindow } from "./failures-in-window.ts"
import { Recent } from "./recent.ts"
import { RetryBudget } from "./retry-budget.ts"
import { ThrottleLine } from "./throttle-line.ts"

/** What the state of one gateway may hold. */
export interface PolicyStateLimits {
  readonly cacheEntries: number
  readonly cacheBytes: number
  /** Breakers, throttles and backends that are remembered; the one not used for longest goes first. */
  readonly policyNames: number
  /** Steps that wait for their turn at one throttle. */
  readonly throttleQueue: number
  /** Detached steps that wait; of more the oldest is dropped. */
  readonly detachedQueue: number
  readonly detachedParallel: number
  /** One detached step, or what renews a cache, may take. */
  readonly detachedTimeoutMs: number
}

const mib = 1024 * 1024

export const defaultPolicyStateLimits: PolicyStateLimits = {
  cacheEntries: 10_000,
  cacheBytes: 64 * mib,
  policyNames: 10_000,
  throttleQueue: 1_000,
  detachedQueue: 1_000,
  detachedParallel: 16,
  detachedTimeoutMs: 30_000,
}

/** What policies share between runs. One per gateway, in memory. */
export interface PolicyState {
  readonly cache: CacheStore
  readonly breakers: Recent<BreakerState<Breaker>>
  readonly throttles: Recent<ThrottleLine>
  readonly retries: Recent<RetryBudget>
  readonly background: Background
}

export interface PolicyStateOptions {
  readonly clock: Clock
  readonly limits?: PolicyStateLimits
  /** Told how detached steps end, and when one is dropped. */
  readonly onDetached?: (report: Report) => void
}

export function createPolicyState(options: PolicyStateOptions): PolicyState {
  const { clock, limits = defaultPolicyStateLimits, onDetached = () => {} } = options
  const { policyNames } = limits
  return {
    cache: new CacheStore(limits.cacheEntries, limits.cacheBytes),
    breakers: new Recent(policyNames, () => new BreakerState(new FailuresInWindow())),
    throttles: new Recent(policyNames, () => new ThrottleLine(limits.throttleQueue)),
    retries: new Recent(policyNames, () => new RetryBudget()),
    background: new Background({
      clock,
      queueMax: limits.detachedQueue,
      parallel: limits.detachedParallel,
      timeoutMs: limits.detachedTimeoutMs,
      report: onDetached,
    }),
  }
}
