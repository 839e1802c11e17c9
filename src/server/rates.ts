import { MemoryRates } from "../call/limits/memory-rates.ts"
import { RateLimits } from "../call/limits/rate-limits.ts"
import { nowMs } from "./clock.ts"
import type { Config } from "./config/config.ts"
import type { GatewayMetrics } from "./gateway-metrics.ts"

/** The rate limits of a configuration; undefined where it has none, so that calls need not ask. */
export function openRates(
  { limits, rateLimits }: Config,
  metrics: GatewayMetrics,
): RateLimits | undefined {
  if (rateLimits.length === 0) return
  const rates = new MemoryRates(limits.rateLimitCounts, nowMs)
  return new RateLimits(rateLimits, rates, (rule) => metrics.countRateLimited(rule))
}
