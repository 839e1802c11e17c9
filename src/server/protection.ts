import type { Backends } from "../call/backends.ts"
import { MemoryRates } from "../call/limits/memory-rates.ts"
import { RateLimits } from "../call/limits/rate-limits.ts"
import { GuardedBackends } from "../call/resilience/guarded-backends.ts"
import { clock, nowMs } from "./clock.ts"
import type { Config } from "./config/config.ts"
import type { GatewayMetrics } from "./gateway-metrics.ts"
import type { Logger } from "./log.ts"

/** The rate limits of a configuration; undefined where it has none, so that calls need not ask. */
export function openRates(
  { limits, rateLimits }: Config,
  metrics: GatewayMetrics,
): RateLimits | undefined {
  if (rateLimits.length === 0) return
  const rates = new MemoryRates(limits.rateLimitCounts, nowMs)
  return new RateLimits(rateLimits, rates, (rule) => metrics.countRateLimited(rule))
}

/** The backends as calls reach them: each server behind its breaker. */
export const guardBackends = (backends: Backends, { limits }: Config, log: Logger) =>
  new GuardedBackends(backends, {
    serversMax: limits.policyNames,
    clock,
    tell: (server, standing) => {
      if (standing === "open") log.warn({ event: "breaker_opened", server })
      else log.info({ event: "breaker_closed", server })
    },
  })
