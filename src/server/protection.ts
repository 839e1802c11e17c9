import type { Backends } from "../call/backends.ts"
import { MemoryRates } from "../call/limits/memory-rates.ts"
import { RateLimits } from "../call/limits/rate-limits.ts"
import type { Rates } from "../call/limits/rates.ts"
import { SharedRates } from "../call/limits/shared-rates.ts"
import { GuardedBackends } from "../call/resilience/guarded-backends.ts"
import { PostgresRates } from "../store/rates/postgres-rates.ts"
import { clock, nowMs } from "./clock.ts"
import type { Config } from "./config/config.ts"
import type { GatewayMetrics } from "./gateway-metrics.ts"
import type { Logger } from "./log.ts"

/** The rate limits of a configuration, and where their counts are kept. */
export interface OpenRates {
  /** Undefined where there are no rules, so that calls need not ask. */
  readonly limits: RateLimits | undefined
  /** How often the store that gateways share could not be had. */
  failures(): number
  /** Makes that store ready, and waits for nothing. */
  open(): void
  close(): Promise<void>
}

export function openRates(config: Config, metrics: GatewayMetrics, log: Logger): OpenRates {
  const { limits, rateLimits, state } = config
  const local = new MemoryRates(limits.rateLimitCounts, nowMs)
  const limited = (rates: Rates) =>
    new RateLimits(rateLimits, rates, (rule) => metrics.countRateLimited(rule))
  if (rateLimits.length === 0) return { limits: undefined, ...noStore }
  if (state.rates === undefined) return { limits: limited(local), ...noStore }
  const store = new PostgresRates(state.rates.reveal(), limits.rateStoreTimeout)
  const shared = new SharedRates(store, {
    local,
    now: nowMs,
    keysMax: limits.rateLimitCounts,
    onLost: (error) => log.warn({ event: "rate_store_lost", reason: String(error) }),
    onBack: () => log.info({ event: "rate_store_back" }),
  })
  return {
    limits: limited(shared),
    failures: () => shared.failures,
    open: () => shared.open(),
    close: () => store.close(),
  }
}

const noStore = { failures: () => 0, open: () => undefined, close: () => Promise.resolve() }

/** The backends as calls reach them: each server behind its breaker. */
export const guardBackends = (backends: Backends, log: Logger) =>
  new GuardedBackends(backends, {
    clock,
    tell: (server, standing) => {
      if (standing === "open") log.warn({ event: "breaker_opened", server })
      else log.info({ event: "breaker_closed", server })
    },
  })
