import { decide } from "../../expr/evaluate.ts"
import type { Breaker, ErrorClass } from "../../plan/policies.ts"
import { failure, type Result } from "../outcome.ts"
import type { Verdict } from "../state/breaker-state.ts"
import { fail, type Inner, type Work } from "../work.ts"

/** Calls nobody who has failed too often of late. Steps with the same breaker by name share what they learn. */
export async function underBreaker(breaker: Breaker, work: Work, inner: Inner): Promise<Result> {
  const { state, ports } = work.run.parts
  const shared = state.breakers.get(breaker.name)
  const passage = shared.enter(ports.clock.now())
  if (passage.isOpen)
    return fail(work, failure("circuitOpen", openWords(breaker, passage.retryInMs)))
  let verdict: Verdict = "neutral" // stays so when a bug throws
  try {
    const result = await inner(work)
    verdict = verdictOf(result, breaker, work)
    return result
  } finally {
    shared.leave(passage, verdict, ports.clock.now(), breaker)
  }
}

const openWords = ({ name }: Breaker, retryInMs: number): string =>
  `not called: it has failed too often of late (breaker ${name}); ` +
  (retryInMs > 0 ? `tried again in ${Math.ceil(retryInMs)} ms` : "it is being tried now")

/** What the backend is to blame for: not what was wrong before it was asked, nor that nobody waits any more. */
const blamed: ReadonlySet<ErrorClass> = new Set([
  "transport",
  "timeout",
  "unavailable",
  "protocol",
  "tool",
  "output",
])

function verdictOf(result: Result, breaker: Breaker, { scope, stop }: Work): Verdict {
  if (!result.ok) {
    // A stop from outside of the breaker has cut the call short.
    if (stop.reason !== undefined) return stop.reason.class === "timeout" ? "failure" : "neutral"
    return blamed.has(result.error.class) ? "failure" : "neutral"
  }
  if (breaker.if === undefined) return "success"
  const item = result.value
  const decided = decide(breaker.if, item === undefined ? scope : { ...scope, item })
  return decided.ok && !decided.holds ? "success" : "failure"
}
