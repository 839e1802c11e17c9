import { defaultLoadLimits } from "../registry/load.ts"

/** What a limit counts: decides how it is written in the configuration (`30s`, `4MiB`, `100`). */
type Unit = "milliseconds" | "bytes" | "count"

interface Limit {
  readonly unit: Unit
  readonly default: number
  /** The most that may be configured: beyond it the limit would protect nothing, or Node takes another value. */
  readonly max: number
  readonly says: string
}

const kib = 1024
const mib = 1024 * kib
const timerMax = 2_147_483_647

/**
 * Every limit of the gateway that configuration can move: its name is its key under `limits:`. Functions are given the
 * number; none of them imports this table.
 */
export const limitTable = {
  bodyBytes: bytes(4 * mib, "of a request's body; more is answered with 413"),
  headerBytes: bytes(16 * kib, "of a request's headers; more is answered with 431"),
  headerCount: count(100, "headers of a request"),
  connections: count(20_000, "open connections of the main listener; more are closed at once"),
  adminConnections: count(100, "open connections of the admin listener"),
  requestsPerConnection: count(10_000, "requests on one connection before it is closed"),
  headersTimeout: time(10_000, "for a request's headers to arrive"),
  requestTimeout: time(30_000, "for a whole request to arrive"),
  keepAliveTimeout: time(5_000, "an idle connection stays open; 65s behind a load balancer"),
  shutdownTimeout: time(10_000, "for requests in flight to finish when the gateway stops"),
  registryBytes: bytes(defaultLoadLimits.documentBytesMax, "of a registry document"),
  registryDepth: count(defaultLoadLimits.depthMax, "levels of nesting in a registry document"),
  registryEntities: count(
    defaultLoadLimits.entitiesMax,
    "schemas, servers, tools and agents of a registry document",
  ),
  registryDepends: count(defaultLoadLimits.dependsMax, "entries in one `depends`"),
  registrySlice: time(10, "a registry document is worked on before waiting calls get their turn"),
  backendTimeout: time(60_000, "a backend may take for one call; `timeout` of a server overrides"),
  backendConcurrency: count(
    64,
    "calls in flight to one server; `concurrency` of a server overrides",
  ),
  backendQueue: count(1_024, "calls waiting for one server; `queue` of a server overrides"),
  answerBytes: bytes(16 * mib, "of one answer of a backend"),
} as const satisfies Readonly<Record<string, Limit>>

export type LimitName = keyof typeof limitTable

/** The configured limits: milliseconds, bytes or counts, as the table says. */
export type Limits = Readonly<Record<LimitName, number>>

export const limitNames = Object.keys(limitTable) as LimitName[] // Object.keys widens what it was given

/** The limits of a configuration that sets none. */
export const defaultLimits = Object.fromEntries(
  limitNames.map((name) => [name, limitTable[name].default]),
) as Limits // every name of the table, by construction

function bytes(value: number, says: string): Limit {
  return { unit: "bytes", default: value, max: 1024 * mib, says: `bytes ${says}` }
}

function count(value: number, says: string): Limit {
  return { unit: "count", default: value, max: 1_000_000, says }
}

function time(value: number, says: string): Limit {
  return { unit: "milliseconds", default: value, max: timerMax, says: `how long ${says}` }
}
