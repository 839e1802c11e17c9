import type { Result } from "../outcome.ts"
import { type Inner, type Work, within } from "../work.ts"

/** The step with all its attempts, within a time; of a durable run that of the whole, however often it was begun again. */
export function underTimeout(timeoutMs: number, work: Work, inner: Inner): Promise<Result> {
  const { log, ports } = work.run.parts
  const endMs = log?.endOf(work.path, timeoutMs, "step")
  // What was done in time is gone through again at once, and has not run out of it.
  const leftMs = endMs === undefined ? timeoutMs : Math.max(0, endMs - ports.clock.now())
  return within(work, { ms: leftMs, reason: late(timeoutMs, "timeoutMs") }, inner)
}

/** Each attempt within a time: one that a process did not live to see the end of is over. */
export function underAttemptTimeout(ms: number, work: Work, inner: Inner): Promise<Result> {
  return within(work, { ms, reason: late(ms, "attemptTimeoutMs") }, inner)
}

const late = (ms: number, policy: string) =>
  ({ class: "timeout", message: `not done within ${ms} ms (${policy})` }) as const
