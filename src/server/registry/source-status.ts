import type { Parts } from "../parts.ts"

type Sourced = Pick<Parts, "config" | "registry" | "remote">

/**
 * Whether what is in use may differ from what the source has: it cannot be reached, or what it has was refused, or it
 * has not answered yet.
 */
export function isStale({ registry, remote }: Sourced): boolean {
  const { bug, lastError } = registry.state()
  const { away, isFromCopy = false } = remote?.state() ?? {}
  return isFromCopy || away !== undefined || lastError !== undefined || bug !== undefined
}

/** Milliseconds since the source confirmed what is in use; 0 for a file, which is watched, and where nothing is in use. */
export const ageOf = ({ remote }: Pick<Parts, "remote">): number => remote?.state().ageMs ?? 0

/** Why the gateway should get no calls: what is in use is older than `registry.maxStale`. */
export function tooStale(parts: Sourced): string | undefined {
  const { source } = parts.config.registry
  if (source.kind === "file" || source.maxStaleMs === undefined) return
  const ageMs = ageOf(parts)
  if (ageMs <= source.maxStaleMs) return
  return `the registry was last confirmed ${Math.round(ageMs / 1_000)} s ago, and registry.maxStale is ${source.maxStaleMs / 1_000} s`
}

/** Of a registry over HTTP, for `/status`; undefined for a file. */
export function sourceStatus(parts: Sourced): object | undefined {
  const { remote } = parts
  if (remote === undefined) return
  const { away, confirmedAtMs, copy, events, fetches, isFromCopy, nextAtMs } = remote.state()
  return {
    stale: isStale(parts),
    ageSeconds: Math.round(ageOf(parts) / 1_000),
    confirmedAt: timeOf(confirmedAtMs),
    fromCopy: isFromCopy,
    away: away && {
      since: timeOf(away.sinceMs),
      attempts: away.attempts,
      reason: away.reason,
    },
    nextAt: Number.isFinite(nextAtMs) ? timeOf(nextAtMs) : null,
    events,
    copy,
    fetches,
  }
}

const timeOf = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString())
