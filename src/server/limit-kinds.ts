/** What a limit counts: decides how it is written in the configuration (`30s`, `4MiB`, `100`). */
type Unit = "milliseconds" | "bytes" | "count"

export interface Limit {
  readonly unit: Unit
  readonly default: number
  /** Beyond these the limit would protect nothing, or Node would take another value. */
  readonly min: number
  readonly max: number
  readonly says: string
}

export const kib = 1024
export const mib = 1024 * kib
export const gib = 1024 * mib
export const minute = 60_000
export const day = 24 * 60 * minute
const timerMax = 24 * 24 * 60 * 60_000 // Node's timers end a little beyond 24 days

/** A size, 1 KiB to 1 GiB. */
export function bytes(value: number, says: string): Limit {
  return { unit: "bytes", default: value, min: kib, max: 1024 * mib, says: `bytes ${says}` }
}

/** A number of something, 1 to a million where nothing else is said. */
export function count(value: number, says: string, max = 1_000_000): Limit {
  return { unit: "count", default: value, min: 1, max, says }
}

/** A duration, 1 ms to what a timer can take. */
export function time(value: number, says: string): Limit {
  return { unit: "milliseconds", default: value, min: 1, max: timerMax, says: `how long ${says}` }
}
