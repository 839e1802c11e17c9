import { orStop, type Reason, Stop, type Waited } from "../stop.ts"
import { startTimer, type Work } from "../work.ts"

/**
 * Of a call whose effect counts, the answer is waited for a little longer than its time: it says whether something has to
 * be undone. Not when the whole run has been given up.
 */
export async function inGrace<T>(
  answer: Promise<T>,
  reason: Reason,
  { run }: Work,
): Promise<Waited<T>> {
  const { ports, limits } = run.parts
  const stop = new Stop(run.halt)
  const timer = startTimer(ports.clock, limits.graceMs, () => stop.abort(reason))
  const waited = await orStop(answer, stop, "aborted")
  timer.cancel()
  stop.close()
  return waited
}
