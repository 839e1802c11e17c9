import type { Problem } from "../../../registry/problem.ts"
import { isRepeatable } from "../../plan/effect.ts"
import type { Graph, Step } from "../../plan/plan.ts"
import type { ErrorClass, Retry } from "../../plan/policies.ts"
import { effectOfNode } from "./node-effect.ts"

type PointerOf = (part: object) => string | undefined

/** What the policies of steps do not go well with: the time there is, and the effects of what is called. */
export function* graphAdvice(
  graph: Graph,
  pointer: string,
  pointerOf: PointerOf,
): Generator<Problem> {
  yield* scatterAdvice(graph, pointer)
  for (const step of graph.steps) {
    const at = pointerOf(step.node) ?? pointer
    yield* timeAdvice(step, graph, at)
    // Sagas have rules of their own.
    if (graph.kind === "saga") continue
    yield* cacheAdvice(step, at)
    yield* retryAdvice(step, at)
  }
}

const called = ({ id }: Step) => `step ${JSON.stringify(id)}`

function* timeAdvice(step: Step, { timeoutMs }: Graph, pointer: string): Generator<Problem> {
  if (timeoutMs === undefined) return
  const { timeoutMs: own, retry, attemptTimeoutMs = 0 } = step.policies
  const waits = retry === undefined ? 0 : delays(retry) + attemptTimeoutMs * retry.maxAttempts
  const needed = own ?? waits
  if (needed <= timeoutMs) return
  const what = own === undefined ? "may need for all its attempts" : "may take"
  yield {
    code: "timeout_order",
    severity: "warn",
    pointer,
    message: `${called(step)} ${what} ${needed} ms, and the whole around it ends after ${timeoutMs} ms`,
    hint: "give the whole more time than its steps, or the step less",
  }
}

/** The waits between all attempts, as long as they are without chance. */
function delays({ maxAttempts, backoffMs, factor, addMs, maxBackoffMs }: Retry): number {
  let sum = 0
  for (let nth = 1; nth < maxAttempts; nth++)
    sum += Math.min(backoffMs * factor ** (nth - 1) + addMs * (nth - 1), maxBackoffMs)
  return sum
}

function* cacheAdvice(step: Step, pointer: string): Generator<Problem> {
  if (step.policies.cache === undefined) return
  const effect = effectOfNode(step.node)
  if (effect === "read") return
  const isKnown = effect === "effect"
  yield {
    code: isKnown ? "cache_effect" : "cache_unproven",
    severity: isKnown ? "error" : "warn",
    pointer,
    message: isKnown
      ? `${called(step)} has an effect, and from the cache it would have none`
      : `${called(step)} is cached, and nothing says that it only reads`,
    hint: isKnown ? "cache what only reads" : "say so in the annotations of the tool: readOnlyHint",
  }
}

/** After these it is not known whether there was an effect. */
const unknownAfter: readonly ErrorClass[] = ["transport", "timeout", "unavailable"]

function* retryAdvice(step: Step, pointer: string): Generator<Problem> {
  const { retry } = step.policies
  if (retry === undefined || retry.maxAttempts < 2 || isRepeatable(effectOfNode(step.node))) return
  if (!retry.on.some((one) => unknownAfter.includes(one))) return
  yield {
    code: "retry_effect",
    severity: "warn",
    pointer,
    message: `${called(step)} is tried again when its outcome is not known, and may then have its effect twice`,
    hint: "say in the annotations of the tool that it is idempotent, or how it takes a key; or retry on other errors",
  }
}

function* scatterAdvice({ kind, steps, join }: Graph, pointer: string): Generator<Problem> {
  if (kind !== "scatter" || (join.wait === "all" && !join.failFast)) return
  const effectful = steps.filter(({ effect }) => effect === "effect" || effect === "unproven")
  if (effectful.length === 0) return
  const known = effectful.filter(({ effect }) => effect === "effect")
  const isError = join.wait !== "all" && known.length > 0
  const names = (isError ? known : effectful).map(({ id }) => JSON.stringify(id)).join(", ")
  yield {
    code: "scatter_effect",
    severity: isError ? "error" : "warn",
    pointer,
    message: isError
      ? `${names} may be given up when others have answered, and its effect cannot be undone`
      : `${names} may be given up before it answers, and nothing says that it only reads`,
    hint: isError
      ? "wait for all, or use a saga"
      : "say so in the annotations of the tools: readOnlyHint",
  }
}
