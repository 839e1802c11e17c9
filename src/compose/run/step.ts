import { decide } from "../expr/evaluate.ts"
import { needsInput } from "../plan/needs-input.ts"
import { runNode } from "./node.ts"
import { codes, failure, type Result } from "./outcome.ts"
import { underBreaker } from "./policies/breaker.ts"
import { underCache } from "./policies/cache.ts"
import { underForEach } from "./policies/for-each.ts"
import { underOnError } from "./policies/on-error.ts"
import { underOnce } from "./policies/once.ts"
import { underRetry } from "./policies/retry.ts"
import { underThrottle } from "./policies/throttle.ts"
import { underAttemptTimeout, underTimeout } from "./policies/timeout.ts"
import { undoable } from "./saga/saga-scope.ts"
import { underJournal } from "./saga/under-journal.ts"
import { computed, fail, type Inner, type Work } from "./work.ts"

/*
 * The nesting of policies, innermost first; each is in a file of its own, and does nothing where the step has none.
 */
export const attempt: Inner = (work) =>
  underAttemptTimeout(work, (inner) => runNode(inner.step.node, inner))
const guarded: Inner = (work) => underBreaker(work, attempt)
const paced: Inner = (work) => underThrottle(work, guarded)
const tried: Inner = (work) => underRetry(work, paced)
const timed: Inner = (work) => underTimeout(work, tried)
const cached: Inner = (work) => underCache(work, timed)
const once: Inner = (work) => underOnce(work, cached)
const journaled: Inner = (work) => underJournal(work, once, attempt)
const caught: Inner = (work) => withInput(work, journaled)

/** Runs a step when its turn has come. */
export async function runStep(work: Work): Promise<Result | "skipped"> {
  const { when } = work.step.policies
  if (when !== undefined) {
    const decided = decide(when, work.scope)
    if (!decided.ok) {
      const { class: errorClass, message } = decided.error
      return fail(work, { class: errorClass, code: codes[errorClass], message })
    }
    if (!decided.holds) {
      work.run.parts.log?.skip(work.path, "condition")
      return "skipped"
    }
  }
  return underForEach(work, caught)
}

/** Computes the input, which everything from here on sees as `self`; a failure to do so is handled like any other. */
async function withInput(work: Work, inner: Inner): Promise<Result> {
  const input = computed(work.step.input, work)
  if (!input.ok) return underOnError(work, async () => input, tried)
  if (input.value !== undefined) {
    const there = { ...work, scope: { ...work.scope, self: input.value } }
    const result = underOnError(there, inner, tried)
    return work.step.undo === undefined ? result : undoable(there, await result)
  }
  if (!needsInput(work.step.node)) return underOnError(work, inner, tried)
  const missing = failure("binding", "there is nothing to run it with: its input is absent")
  return underOnError(work, async (there) => fail(there, missing), tried)
}
