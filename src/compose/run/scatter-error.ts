import type { Graph } from "../plan/plan.ts"
import { codes, type Failed, failure, type StepError } from "./outcome.ts"
import { fail, type Site } from "./work.ts"

/** How a scatter-gather ended that has no answer. */
export interface Shortfall {
  readonly ok: number
  /** By the index of the target. */
  readonly failures: ReadonlyMap<number, Failed>
  /** The first in time. */
  readonly first: Failed | undefined
  readonly isLate: boolean
}

const messageMax = 2_000

/** One error for all targets: the first of them in the order of the document, with the words of all. */
export function shortOf(graph: Graph, shortfall: Shortfall, site: Site): Failed {
  const { ok, failures, first, isLate } = shortfall
  if (graph.join.failFast && first !== undefined && !isLate) return first
  const need = graph.join.partial ? 1 : graph.join.need
  const listed = graph.steps.flatMap(({ id }, index) => {
    const failed = failures.get(index)
    return failed === undefined ? [] : [`${id}: ${failed.error.message}`]
  })
  const message = [
    `${ok} of ${graph.steps.length} targets succeeded, and ${need === "all" ? "all are" : `${need} ${need === 1 ? "is" : "are"}`} needed`,
    ...(isLate ? [` within ${graph.timeoutMs} ms (timeoutMs)`] : []),
    ...(listed.length > 0 ? [`: ${listed.join("; ")}`] : []),
  ].join("")
  const words = message.length > messageMax ? `${message.slice(0, messageMax)}…` : message
  if (isLate) return fail(site, { class: "deadline", code: codes.deadline, message: words })
  const error = firstByPlace(graph, failures)
  // Nothing has failed: every target was skipped.
  if (error === undefined) return fail(site, failure("binding", words))
  return { ok: false, error: { ...error, message: words } }
}

function firstByPlace(
  { steps }: Graph,
  failures: ReadonlyMap<number, Failed>,
): StepError | undefined {
  for (let index = 0; index < steps.length; index++) {
    const failed = failures.get(index)
    // What was given up is not why.
    if (failed !== undefined && failed.error.class !== "cancelled") return failed.error
  }
  return failures.values().next().value?.error
}
