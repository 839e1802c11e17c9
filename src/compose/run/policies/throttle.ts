import type { Throttle } from "../../plan/policies.ts"
import { failure, type Result } from "../outcome.ts"
import type { Turn } from "../state/throttle-line.ts"
import { fail, type Inner, stopped, type Work } from "../work.ts"

/** Waits for a turn, or is refused one. Steps with the same name and numbers take turns. */
export async function underThrottle(throttle: Throttle, work: Work, inner: Inner): Promise<Result> {
  const { name, rate, windowMs, strategy } = throttle
  const line = work.run.parts.state.throttles.get(JSON.stringify([name, rate, windowMs, strategy]))
  const turn = await line.enter(throttle, work)
  if (turn === "taken") return inner(work)
  const { reason } = work.stop
  if (turn === "stopped" && reason?.class === "cancelled") return stopped(work, reason)
  return fail(work, failure("throttled", `${words[turn]} ${rateOf(throttle)}`))
}

const words: { readonly [turn in Exclude<Turn, "taken">]: string } = {
  exceeded: "there are more calls than",
  queueFull: "too many wait already (limit throttleQueue) for the turns of",
  tooLate: "its turn would come too late at",
  stopped: "its turn did not come in time at",
}

const rateOf = ({ rate, windowMs }: Throttle): string => `${rate} in ${windowMs} ms (throttle)`
