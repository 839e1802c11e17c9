import type { OnError } from "../../plan/policies.ts"
import { after, effectOf, errorValue, type Failed, failure, type Result } from "../outcome.ts"
import { beginTally, summaryOf } from "../report.ts"
import { computed, fail, type Inner, type Policy, type Work } from "../work.ts"

/**
 * Makes something else of a failure. `fallback` runs what the policy names, as a step without policies of its own. A
 * stop is no failure: nothing is started after it.
 */
export const underOnError =
  (fallback: Inner): Policy<OnError> =>
  async (onError, work, inner) => {
    const result = await inner(work)
    if (result.ok || work.stop.reason !== undefined) return result
    if (onError.on !== undefined && !onError.on.includes(result.error.class)) return result
    const failed = withMessage(result, onError)
    const scope = { ...work.scope, error: errorValue(failed.error) }
    return after(effectOf(failed), await reaction(onError, failed, { ...work, scope }, fallback))
  }

const withMessage = (failed: Failed, { message }: OnError): Failed =>
  message === undefined ? failed : { ...failed, error: { ...failed.error, message } }

async function reaction(
  onError: OnError,
  failed: Failed,
  work: Work,
  fallback: Inner,
): Promise<Result> {
  const isForEffect = onError.output !== undefined || onError.rethrow === true
  const ran = await run(onError, work, fallback)
  if (ran !== undefined && (!isForEffect || !ran.ok))
    return isForEffect ? after(effectOf(ran), failed) : ran
  const before = ran === undefined ? "none" : effectOf(ran)
  if (onError.rethrow === true || onError.output === undefined) return after(before, failed)
  const output = computed(onError.output, work)
  return after(before, output.ok ? { ...output, effect: "none" } : output)
}

/** Under the step's path with a `!`, which no id has: its key is not that of the step. */
async function run(
  { run: other }: OnError,
  work: Work,
  fallback: Inner,
): Promise<Result | undefined> {
  if (other === undefined) return
  const tally = beginTally()
  const there = { ...work, path: `${work.path}!`, tally }
  const { clock } = work.run.parts.ports
  const beganMs = clock.now()
  const input = computed(other.input, there)
  const result = !input.ok ? input : await started(input.value)
  const summary = summaryOf({ id: there.path, tally, ms: clock.now() - beganMs }, result)
  work.tally.inner.push(summary, ...tally.inner)
  return result

  async function started(self: Work["scope"]["self"]): Promise<Result> {
    if (other === undefined || self === undefined)
      return fail(there, failure("binding", "there is nothing to run it with: its input is absent"))
    const { isProven: _, ...own } = work.step // of the input of the step, not of this one
    const step = { ...own, node: other.node, policies: {}, effect: other.effect }
    return fallback({ ...there, step, scope: { ...work.scope, self } })
  }
}
