import type { Catalog, CatalogAgent, CatalogServer } from "../registry/catalog.ts"
import type { Schemas } from "../schema/validator.ts"
import type { AuditRecord } from "./audit.ts"
import type { Backends } from "./backends.ts"
import type { Caller, Evidence } from "./caller.ts"
import type { Compositions } from "./composition/compositions.ts"
import type { Printed } from "./digest.ts"
import type { Interactions } from "./interaction/interactions.ts"
import type { RateLimits } from "./limits/rate-limits.ts"
import type { Result } from "./refusal.ts"
import type { ResultRules } from "./results/result-rules.ts"
import type { ToolRules } from "./rules/tool-rules.ts"
import type { ServerRules } from "./server-rules.ts"
import type { Tracing } from "./trace/tracing.ts"

export type Level = "deny" | "warn" | "allow"

/** The levels of `registry.validation.runtime`, and what else decides with them who may call what. */
export interface Levels {
  readonly inputValidation: Level
  readonly outputValidation: Level
  readonly unknownCaller: Level
  readonly undeclaredDependency: Level
  readonly definitionDrift: Level
  /** The tools that are withheld. Whenever this changes, the levels are another object. Absent: none is withheld. */
  readonly withheld?: Withheld
  /** What is taken away from what `depends` grants. Absent: nothing. */
  readonly toolRules?: ToolRules
}

export interface Withheld {
  /** Why the tool, under the server's own name for it, is withheld; undefined where it is not. */
  reason(server: CatalogServer, tool: string): string | undefined
}

/** What the way of a call needs from outside. The composition root makes one. */
export interface Gateway {
  /** The current catalog; a request asks once and keeps the answer. */
  catalog(): Catalog
  /** Who calls. A promise only where a token must be verified for the first time. */
  identify(evidence: Evidence, catalog: Catalog): Result<Caller> | Promise<Result<Caller>>
  readonly levels: Levels
  /** What configuration says of the catalog's servers. */
  rules(catalog: Catalog): ServerRules
  /**
   * The catalog with what servers expose to this agent, after asking them a short while; undefined where none does.
   * Absent: nothing is exposed to anybody.
   */
  learn?(catalog: Catalog, agent: CatalogAgent | undefined): Promise<Catalog> | undefined
  /** What is done with results before they are passed on. */
  readonly results: ResultRules
  readonly schemas: Schemas
  readonly backends: Backends
  readonly compositions: Compositions
  readonly interactions: Interactions
  /** A request that has passed this many gateways goes no further. */
  readonly hopsMax: number
  /** How often things may be asked for. Absent: there are no limits. */
  readonly rates?: RateLimits
  /** What the audit says about arguments and results (`createDigest`); undefined where it says nothing. */
  digest(value: unknown): Printed | undefined
  /** False while the audit cannot be written, so that nothing is carried out in vain. Absent: always. */
  canAudit?(): boolean
  /** Which calls are recorded before they are made, too: those of tools that are not read-only, or all. */
  readonly begins: "effects" | "all" | "none"
  /** True when the record is written. False when it could not be written and calls must be refused. */
  audit(record: AuditRecord): boolean | Promise<boolean>
  /** Absent: nobody traces. */
  readonly tracing?: Tracing | undefined
  /** Milliseconds since the epoch, with fractions. */
  now(): number
  /** 128 random bits as 32 hex digits, for record ids. */
  id(): string
}
