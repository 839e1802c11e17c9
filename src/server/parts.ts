import type { Exposures } from "../call/exposed/exposures.ts"
import type { Gateway } from "../call/gateway.ts"
import type { Identify } from "../call/identify.ts"
import type { GuardedBackends } from "../call/resilience/guarded-backends.ts"
import type { BackendPool } from "../mcp/backend/pool.ts"
import type { Face } from "../mcp/face/face.ts"
import type { Catalog } from "../registry/catalog.ts"
import type { HttpSource } from "../store/http/http-source.ts"
import type { Audit } from "./audit/audit.ts"
import type { Runs } from "./compositions.ts"
import type { Config } from "./config/config.ts"
import type { GatewayMetrics } from "./gateway-metrics.ts"
import type { Logger } from "./log.ts"
import type { Pinning } from "./pins/pinning.ts"
import type { OpenRates } from "./protection.ts"
import type { Registry } from "./reload.ts"
import type { Routes } from "./routes.ts"
import type { Telemetry } from "./telemetry/telemetry.ts"
import type { TlsServing } from "./tls/tls-serving.ts"

export interface StartOptions {
  readonly version: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Logger
  /** Warnings of the configuration, `file:line:column …` each: they stay on `/status`. */
  readonly warnings: readonly string[]
  /** Ends a start that waits for its registry. */
  readonly signal?: AbortSignal
}

/** All that lives as long as the gateway. */
export interface Parts {
  /** What the way of a call is given. */
  readonly gateway: Gateway
  readonly config: Config
  readonly options: StartOptions
  readonly audit: Audit
  readonly identify: Identify
  readonly backends: BackendPool
  /** The same, as calls reach them. */
  readonly guarded: GuardedBackends
  readonly rates: OpenRates
  readonly exposures: Exposures
  readonly compositions: Runs
  readonly face: Face
  readonly registry: Registry
  /** Where the registry comes from over HTTP; undefined for a file. */
  readonly remote: HttpSource | undefined
  readonly metrics: GatewayMetrics
  /** Undefined where nothing is told to a collector. */
  readonly telemetry: Telemetry | undefined
  /** Undefined where callers speak plain HTTP. */
  readonly tls: TlsServing | undefined
  readonly pinning: Pinning
  readonly current: Current
}

/** What a reload replaces, in one step each. */
export interface Current {
  catalog: Catalog | undefined
  routes: Routes | undefined
  /** From when on callers are answered. */
  isServing: boolean
  isClosing: boolean
}

export const nothingYet = (): Current => ({
  catalog: undefined,
  routes: undefined,
  isServing: false,
  isClosing: false,
})

export function currentCatalog({ catalog }: Current): Catalog {
  if (catalog === undefined) throw new Error("no request is served before there is a catalog")
  return catalog
}

export function currentRoutes({ routes }: Current): Routes {
  if (routes === undefined) throw new Error("no request is served before there are routes")
  return routes
}
