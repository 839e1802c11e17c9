import type { Result } from "../outcome.ts"
import { type Inner, type Work, within } from "../work.ts"

/** The step with all its attempts, within a time. */
export const underTimeout = (work: Work, inner: Inner): Promise<Result> =>
  limited(work.step.policies.timeoutMs, "timeoutMs", work, inner)

/** Each attempt within a time. */
export const underAttemptTimeout = (work: Work, inner: Inner): Promise<Result> =>
  limited(work.step.policies.attemptTimeoutMs, "attemptTimeoutMs", work, inner)

function limited(
  ms: number | undefined,
  policy: "timeoutMs" | "attemptTimeoutMs",
  work: Work,
  inner: Inner,
): Promise<Result> {
  if (ms === undefined) return inner(work)
  const message = `not done within ${ms} ms (${policy})`
  return within(work, { ms, reason: { class: "timeout", message } }, inner)
}
