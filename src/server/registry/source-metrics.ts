import type { Metrics } from "../metrics.ts"
import type { Parts } from "../parts.ts"
import { ageOf, isStale } from "./source-status.ts"

/** How the registry's source is doing. */
export function addSource(metrics: Metrics, parts: Parts): void {
  const { remote } = parts
  metrics.gauge(
    "postern_registry_is_stale",
    "1 when the catalog in use may not be what the source has: it is away, or has what was refused.",
    () => (isStale(parts) ? 1 : 0),
  )
  metrics.gauge(
    "postern_registry_age_seconds",
    "Since the source last confirmed the document in use; 0 for a file, which is watched.",
    () => ageOf(parts) / 1_000,
  )
  metrics.gauge(
    "postern_registry_is_from_copy",
    "1 when the document in use was kept from before the start and not confirmed since.",
    () => (remote?.state().isFromCopy ? 1 : 0),
  )
  metrics.gauge(
    "postern_registry_copy_is_sound",
    "1 when the last good document is kept in registry.cache, 0 when it cannot be.",
    () => {
      const copy = remote?.state().copy
      return copy === undefined ? [] : [{ value: copy.problem === undefined ? 1 : 0 }]
    },
  )
  metrics.gauge(
    "postern_registry_events_open",
    "1 when the source is listened to for changes.",
    () => (remote?.state().events === "open" ? 1 : 0),
  )
  metrics.total(
    "postern_registry_fetches_total",
    "Fetches of the registry document by what came: changed, unchanged, refused or away.",
    () =>
      Object.entries(remote?.state().fetches ?? {}).map(([outcome, value]) => ({
        values: [outcome],
        value,
      })),
    ["outcome"],
  )
}
