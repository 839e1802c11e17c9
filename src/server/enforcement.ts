import type { Backends } from "../call/backends.ts"
import type { Compositions } from "../call/composition/compositions.ts"
import { createDigest } from "../call/digest.ts"
import type { Exposures } from "../call/exposed/exposures.ts"
import type { Gateway } from "../call/gateway.ts"
import type { Identify } from "../call/identify.ts"
import { Interactions } from "../call/interaction/interactions.ts"
import type { Sealer } from "../call/interaction/request-state.ts"
import type { RateLimits } from "../call/limits/rate-limits.ts"
import { createSchemas } from "../schema/schemas.ts"
import type { Audit } from "./audit/audit.ts"
import { nowMs } from "./clock.ts"
import type { Config } from "./config/config.ts"
import type { GatewayMetrics } from "./gateway-metrics.ts"
import { interactionLimitsOf } from "./limit-sets.ts"
import type { Logger } from "./log.ts"
import { type Current, currentCatalog } from "./parts.ts"
import type { Pinning } from "./pins/pinning.ts"
import { randomId } from "./random-id.ts"
import type { Telemetry } from "./telemetry/telemetry.ts"

interface EnforcementParts {
  readonly config: Config
  readonly current: Current
  readonly audit: Audit
  readonly identify: Identify
  readonly backends: Backends
  readonly exposures: Exposures
  readonly compositions: Compositions
  readonly rates: RateLimits | undefined
  readonly metrics: GatewayMetrics
  readonly log: Logger
  /** For what callers bring back to us and must not change. */
  readonly sealer: Sealer
  readonly pinning: Pick<Pinning, "levels">
  readonly telemetry: Pick<Telemetry, "tracing"> | undefined
}

/** What the way of a call is given: every decision passes through `audit`, so that is where decisions are counted. */
export function createEnforcement(parts: EnforcementParts): Gateway {
  const { config, current, audit, identify, backends, exposures, compositions, metrics, log } =
    parts
  const { pinning, rates, sealer } = parts
  return {
    catalog: () => exposures.over(currentCatalog(current)),
    identify: (evidence, catalog) => identify.identify(evidence, catalog),
    get levels() {
      return pinning.levels
    },
    rules: (catalog) => exposures.rules(catalog),
    learn: (catalog, agent) => exposures.learn(catalog, agent),
    results: config.results,
    schemas: createSchemas({
      report: (trouble) => log.warn({ event: "schema_trouble", ...trouble }),
    }),
    backends,
    compositions,
    hopsMax: config.limits.hops,
    ...(rates && { rates }),
    interactions: new Interactions(interactionLimitsOf(config.limits), {
      sealer,
      now: nowMs,
      id: randomId,
      replicaUrl: config.replicaUrl,
    }),
    digest: createDigest({
      mode: config.audit?.arguments ?? "none",
      key: config.audit?.key?.reveal(),
    }),
    begins: config.audit?.begin ?? "none",
    canAudit: () => config.audit?.onFailure !== "deny" || audit.state().trouble === undefined,
    audit(record) {
      metrics.count(record)
      return audit.commit(record)
    },
    tracing: parts.telemetry?.tracing,
    now: nowMs,
    id: randomId,
  }
}
