import type { FaceEvent } from "./context.ts"

type Log = (event: FaceEvent) => void

/**
 * A log for what anybody can cause as often as they like: `perSecondMax` events are told in full, the rest as a number
 * with the first event after it.
 */
export function createLogLimit(log: Log, perSecondMax: number, now: () => number): Log {
  let secondBegan = Number.NEGATIVE_INFINITY
  let told = 0
  let untold = 0
  return (event) => {
    const nowMs = now()
    if (nowMs - secondBegan >= 1_000) {
      secondBegan = nowMs
      told = 0
    }
    if (told >= perSecondMax) {
      untold++
      return
    }
    told++
    log(untold === 0 ? event : { ...event, untold })
    untold = 0
  }
}
