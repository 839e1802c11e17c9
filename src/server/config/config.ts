import type { Trust } from "../../call/caller.ts"
import type { Levels } from "../../call/gateway.ts"
import type { RateRule } from "../../call/limits/rate-rule.ts"
import type { Resilience } from "../../call/resilience/server-guard.ts"
import type { ResultRules } from "../../call/results/result-rules.ts"
import type { ServerRule } from "../../call/server-rules.ts"
import type { BackendOptions } from "../../mcp/backend/address.ts"
import type { Authorization } from "../../mcp/backend/credentials/authorization.ts"
import type { Tlp } from "../../portable/sbom/settings.ts"
import type { Knobs } from "../../registry/draft.ts"
import type { Limits } from "../limits.ts"
import type { Secret } from "../secret.ts"

/** A configuration that may be started: defaults in, paths absolute, durations in milliseconds, sizes in bytes. */
export interface Config {
  /** The file it was read from, absolute. */
  readonly file: string
  readonly listen: {
    readonly host: string
    readonly port: number
    readonly path: string
    readonly publicUrl: string | undefined
    /** Accepted values of `Host` besides the listening address, and of `Origin`. */
    readonly hosts: readonly string[]
    readonly origins: readonly string[]
    /** Undefined: plain HTTP. */
    readonly tls: ListenTls | undefined
  }
  readonly admin: {
    readonly host: string
    readonly port: number
    /** Accepted names in `Host` besides localhost and addresses. */
    readonly hosts: readonly string[]
  }
  readonly registry: {
    /** The document as it is named: its file, or its address without the query. */
    readonly name: string
    readonly source: RegistryConfig
    /** Where the pins of the servers' tools stand; it need not be there. */
    readonly lock: string
    /** Keys of a tool's `_meta` that are not pinned. */
    readonly volatileMeta: readonly string[]
    readonly knobs: Knobs
    readonly levels: Levels
  }
  /** What is done with results before they are passed on. */
  readonly results: ResultRules
  readonly servers: readonly ServerConfig[]
  readonly identity: {
    /** Empty: bearer tokens are not looked at. */
    readonly jwt: readonly JwtConfig[]
    /** Templates of the URIs in agents' certificates; empty: certificates name no agents. */
    readonly agentUris: readonly string[]
    readonly trustedFrom: readonly string[]
    readonly clientInfo: boolean
    readonly minTrust: Trust
    readonly onConflict: "deny" | "warn"
  }
  /** The first seals, all open; none: each process makes its own. */
  readonly sessionKeys: readonly Secret[]
  /** Where other replicas with these keys reach this one; undefined where they do not. */
  readonly replicaUrl: string | undefined
  /** Undefined: decisions are not recorded. */
  readonly audit: AuditConfig | undefined
  /** Values of the environment that stand in headers, variables and arguments of servers: no text shows them. */
  readonly taken: readonly Secret[]
  readonly log: { readonly level: string; readonly to: "stderr" | "stdout" }
  /** Undefined: only what the variables of OpenTelemetry say. */
  readonly telemetry: TelemetryConfig | undefined
  readonly sbom: SbomConfig
  readonly limits: Limits
  readonly rateLimits: readonly RateRule[]
  /** Where rules are written, in their order. */
  readonly places: {
    readonly rules: readonly Place[]
    readonly rateLimits: readonly Place[]
    readonly sizes: readonly Place[]
    readonly redactions: readonly Place[]
    readonly caches: readonly Place[]
  }
  readonly state: {
    readonly runs: RunStore
    /** Whose the ids of sagas are. */
    readonly runIds: "all" | "agent"
    /** A PostgreSQL in which rate limits are counted; undefined: in this process. */
    readonly rates: Secret | undefined
  }
  /** For clients. What servers say of themselves is not passed on: it would speak in the gateway's name. */
  readonly instructions: string | undefined
  readonly explainRefusals: boolean
}

/** Files are absolute, and in PEM. */
export interface ListenTls {
  readonly cert: string
  readonly key: Secret
  /**
   * Which authorities' client certificates are accepted, and whether callers have to show one. Undefined: nobody is
   * asked for one.
   */
  readonly clients: { readonly ca: string; readonly areRequired: boolean } | undefined
  readonly minVersion: "TLSv1.2" | "TLSv1.3"
}

/** Where the registry document comes from. */
export type RegistryConfig = { readonly kind: "file"; readonly file: string } | HttpRegistryConfig

export interface HttpRegistryConfig {
  readonly kind: "http"
  /** Its query may hold a secret. */
  readonly url: string
  readonly refreshMs: number
  /** The file of the last good copy; undefined: none is kept. */
  readonly cache: string | undefined
  readonly waitMs: number
  readonly maxStaleMs: number | undefined
  readonly events: boolean
  readonly acceptOlder: boolean
  readonly auth: RegistryAuth | undefined
  /** Files in PEM. */
  readonly tls: {
    readonly ca: string | undefined
    readonly client: { readonly cert: string; readonly key: string } | undefined
  }
  readonly signature: SignatureConfig | undefined
}

export type RegistryAuth =
  | { readonly kind: "bearer"; readonly token: Secret }
  | { readonly kind: "basic"; readonly user: string; readonly password: Secret }
  | { readonly kind: "clientCredentials"; readonly authorization: Authorization<Secret> }

export interface SignatureConfig {
  /** A file: a JSON Web Key Set, or a key in PEM. */
  readonly keys: string
  readonly algorithms: readonly string[]
  readonly url: string
  /** In lower case. */
  readonly header: string
}

/** Where durable runs are kept: in a file, in a database that several gateways share, or as long as the process lasts. */
export type RunStore =
  | { readonly kind: "memory" }
  | { readonly kind: "sqlite"; readonly file: string }
  | { readonly kind: "postgres"; readonly url: Secret }

/** One entry of `servers`: where a server version lives. */
export interface ServerConfig {
  /** As it is written in the file, and where. */
  readonly key: string
  readonly at: Place
  readonly name: string
  readonly version: string | undefined
  readonly url: string | undefined
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, Secret>
  /** How a token is had that is sent, too. */
  readonly authorization: Authorization<Secret> | undefined
  /** Started by the gateway; spoken to over `url` where there is one, else over stdio. */
  readonly process: ProcessConfig | undefined
  readonly options: BackendOptions
  /** What of it is carried, and to whom. */
  readonly rule: ServerRule
  /** What is done when it fails. */
  readonly resilience: Resilience
}

export interface ProcessConfig {
  readonly command: string
  readonly args: readonly string[]
  readonly env: ReadonlyMap<string, Secret>
  readonly cwd: string
}

export interface JwtConfig {
  readonly issuer: string
  readonly audience: readonly string[]
  readonly jwks: KeySource
  readonly claims: { readonly name: string; readonly version: string }
  readonly callerClaims: readonly string[]
  readonly algorithms: readonly string[]
  /** Required `typ`, if any. */
  readonly type: string | undefined
  readonly maxTokenAgeMs: number | undefined
  readonly clockToleranceMs: number
}

export type KeySource =
  | { readonly kind: "url"; readonly url: string }
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "keys"; readonly keys: readonly Readonly<Record<string, unknown>>[] }

export interface AuditConfig {
  readonly file: string
  readonly arguments: "digest" | "none"
  readonly key: Secret | undefined
  readonly sync: "batch" | "each" | "none"
  readonly begin: "effects" | "all" | "none"
  readonly onFailure: "deny" | "degrade"
}

/** What is undefined here, a variable of OpenTelemetry may say. Durations in milliseconds. */
export interface TelemetryConfig {
  readonly endpoint?: string | undefined
  /** Names in lower case. */
  readonly headers?: ReadonlyMap<string, Secret>
  readonly compression?: "gzip" | "none" | undefined
  /** A file, absolute. */
  readonly certificate?: string | undefined
  readonly timeout?: number | undefined
  readonly serviceName?: string | undefined
  readonly resource?: ReadonlyMap<string, string | number | boolean>
  readonly traces: {
    readonly enabled?: boolean | undefined
    readonly endpoint?: string | undefined
    readonly ratio?: number | undefined
    readonly minTrust: Trust | "none"
  }
  readonly metrics: {
    readonly enabled?: boolean | undefined
    readonly endpoint?: string | undefined
    readonly interval?: number | undefined
  }
}

/** What SBOMs say that the registry does not know. */
export interface SbomConfig {
  readonly name?: string | undefined
  readonly supplier?: PartyConfig | undefined
  readonly author?: PartyConfig | undefined
  readonly license?: string | undefined
  /** Without a slash at its end. */
  readonly namespace?: string | undefined
  readonly tlp?: Tlp | undefined
  readonly model?:
    | {
        readonly name: string
        readonly version?: string | undefined
        readonly purl?: string | undefined
        readonly supplier?: string | undefined
      }
    | undefined
}

export interface PartyConfig {
  readonly name: string
  readonly url?: string | undefined
  readonly email?: string | undefined
}

/** A place in a file. Line and column count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** Something wrong, or worth a warning, in a configuration. Never holds a value of the file. */
export interface ConfigProblem extends Place {
  /** Such as `listen.port`; "" for the file as a whole. */
  readonly path: string
  readonly message: string
}

/** `file:line:column path — message`, as it is printed. */
export const printProblem = ({ file, line, column, path, message }: ConfigProblem): string =>
  `${file}:${line}:${column} ${path || "(file)"} — ${message}`
