import type { Cancellation } from "../cancellation.ts"
import { Stop } from "../stop.ts"
import { startTimer, type Work } from "../work.ts"

export interface Grace {
  readonly stop: Stop
  close(): void
}

/**
 * Of a call whose effect counts, the answer is waited for a little longer than its time: it says whether something has to
 * be undone. Not when the whole run has been given up.
 */
export function graceOf({ run, stop: time }: Work): Grace {
  const { ports, limits } = run.parts
  const stop = new Stop(run.halt)
  let timer: Cancellation | undefined
  const watch = () => {
    const { aborted } = time
    if (aborted === undefined || timer !== undefined) return
    timer = startTimer(ports.clock, limits.graceMs, () => stop.abort(aborted))
  }
  const unwatch = time.watch(watch)
  watch()
  return {
    stop,
    close: () => {
      unwatch()
      timer?.cancel()
      stop.close()
    },
  }
}
