import type { CatalogServer } from "../registry/catalog.ts"
import type { JsonObject } from "../schema/json.ts"
import type { Digested, Target } from "./audit.ts"
import type { Caller } from "./caller.ts"
import type { TraceContext } from "./trace/context.ts"

/** What the audit wants to know. The line writes it and only the audit reads it: no step depends on it. */
export interface Facts {
  readonly startedMs: number
  /** The span that was made of it; undefined where none is, or it is not known yet. */
  trace: TraceContext | undefined
  /** The digest of the catalog that the request keeps to. */
  readonly catalog: string
  caller: Caller | undefined
  target: Target | undefined
  /** Whom the request is for, once that is known. */
  server: CatalogServer | undefined
  warnings: readonly string[]
  /** When the backend was asked, and when it had answered. */
  executedMs: number | undefined
  answeredMs: number | undefined
  in: Digested | undefined
  out: Digested | undefined
  note: JsonObject | undefined
}

/** Every fact has its place from the beginning, so that all records are of one shape. */
export const beginFacts = (startedMs: number, catalog: string, target?: Target): Facts => ({
  startedMs,
  trace: undefined,
  catalog,
  caller: undefined,
  target,
  server: undefined,
  warnings: [],
  executedMs: undefined,
  answeredMs: undefined,
  in: undefined,
  out: undefined,
  note: undefined,
})

/** Adds warnings, each once; without a new list where there are none, which is nearly always. */
export function warn(facts: Facts, warnings: readonly string[]): void {
  if (warnings.length === 0) return
  const { warnings: known } = facts
  facts.warnings = known.length === 0 ? warnings : [...new Set([...known, ...warnings])]
}
