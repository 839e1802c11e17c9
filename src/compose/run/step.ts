import { decide } from "../expr/evaluate.ts"
import type { Expr } from "../expr/expr.ts"
import { needsInput } from "../plan/needs-input.ts"
import type { Policies } from "../plan/policies.ts"
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
import { computed, fail, type Inner, type Policy, type Work } from "./work.ts"

/** Puts a policy around what is inside, for steps that have it. */
function under<N extends keyof Policies>(
  name: N,
  policy: Policy<NonNullable<Policies[N]>>,
  inner: Inner,
): Inner {
  return (work) => {
    const own = work.step.policies[name]
    return own === undefined ? inner(work) : policy(own, work, inner)
  }
}

/*
 * The nesting of policies, innermost first; each is in a file of its own.
 */
const node: Inner = (work) => runNode(work.step.node, work)
export const attempt = under("attemptTimeoutMs", underAttemptTimeout, node)
const guarded = under("breaker", underBreaker, attempt)
const paced = under("throttle", underThrottle, guarded)
const tried: Inner = (work) => underRetry(work, paced)
const timed = under("timeoutMs", underTimeout, tried)
const cached = under("cache", underCache, timed)
const once = under("once", underOnce, cached)
const journaled = underJournal({ inner: once, attempt })
const caught = (inner: Inner): Inner => under("onError", underOnError(tried), inner)
const acted = caught(journaled)
const each = under("forEach", underForEach, withInput)

/** Runs a step when its turn has come. */
export function runStep(work: Work): Promise<Result | "skipped"> {
  const { when } = work.step.policies
  return when === undefined ? each(work) : underWhen(when, work, each)
}

async function underWhen(when: Expr, work: Work, inner: Inner): Promise<Result | "skipped"> {
  const decided = decide(when, work.scope)
  if (!decided.ok) {
    const { class: errorClass, message } = decided.error
    return fail(work, { class: errorClass, code: codes[errorClass], message })
  }
  if (decided.holds) return inner(work)
  work.run.parts.log?.skip(work.path, "condition")
  return "skipped"
}

/** Computes the input, which everything from here on sees as `self`; a failure to do so is handled like any other. */
function withInput(work: Work): Promise<Result> {
  const { input, node, undo } = work.step
  const given = computed(input, work)
  if (!given.ok) return caught(() => Promise.resolve(given))(work)
  if (given.value === undefined) return needsInput(node) ? inputless(work) : acted(work)
  const there = { ...work, scope: { ...work.scope, self: given.value } }
  return undo === undefined ? acted(there) : undoable(undo, there, acted)
}

const inputless = caught(async (work) =>
  fail(work, failure("binding", "there is nothing to run it with: its input is absent")),
)
