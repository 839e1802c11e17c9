import type { ResultRules } from "../call/results/result-rules.ts"
import type { CatalogTool } from "../registry/catalog.ts"
import { printDuration, printSize } from "../server/config/scalars.ts"

/** What configuration does with the results of a tool. */
export interface ResultsShown {
  /** What they may have at most, as JSON; absent: what their server may answer. */
  readonly bytesMax?: number
  /** The ids of what is taken out of them. */
  readonly redactions: readonly string[]
  readonly cache?: { readonly ttlMs: number; readonly scope: "caller" | "everyone" }
}

/** Undefined where nothing is done. */
export function resultsFor(tool: CatalogTool, rules: ResultRules): ResultsShown | undefined {
  const { bytesMax, redactions, cache } = rules.about(tool)
  if (bytesMax === undefined && cache === undefined && redactions.length === 0) return
  return {
    ...(bytesMax !== undefined && { bytesMax }),
    redactions: redactions.map(({ id }) => id),
    ...(cache && { cache: { ttlMs: cache.ttlMs, scope: cache.scope } }),
  }
}

export function resultWords({ bytesMax, redactions, cache }: ResultsShown): string {
  const whose = cache?.scope === "everyone" ? "everyone" : "each caller"
  const words = [
    bytesMax === undefined ? [] : `at most ${printSize(bytesMax)}`,
    redactions.length === 0 ? [] : `redacted by ${redactions.join(", ")}`,
    cache === undefined ? [] : `kept for ${printDuration(cache.ttlMs)} for ${whose}`,
  ]
  return `results   ${words.flat().join("; ")}`
}
