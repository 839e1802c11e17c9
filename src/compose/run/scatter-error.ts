import type { Graph } from "../plan/plan.ts"
import { type Failed, failure } from "./outcome.ts"
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

/** One error for all targets: the first of them in the order of the document, with the words of all. */
export function shortOf(graph: Graph, shortfall: Shortfall, site: Site): Failed {
  const { failures, first, isLate } = shortfall
  if (graph.join.failFast && first !== undefined && !isLate) return first
  const failed = graph.steps.flatMap(({ id }, index) => {
    const { error } = failures.get(index) ?? {}
    // What was given up is not why.
    return error === undefined || error.class === "cancelled" ? [] : [{ id, error }]
  })
  const listed = failed.map(({ id, error }) => `${id}: ${error.message}`)
  const message = [standing(graph, shortfall), ...(listed.length > 0 ? [listed.join("; ")] : [])]
  const words = cut(message.join(": "))
  if (isLate) return fail(site, failure("deadline", words))
  const [earliest] = failed
  // Nothing has failed: every target was skipped.
  if (earliest === undefined) return first ?? fail(site, failure("binding", words))
  return { ok: false, error: { ...earliest.error, message: words } }
}

function standing({ join, steps, timeoutMs }: Graph, { ok, isLate }: Shortfall): string {
  const need = join.partial ? 1 : join.need
  const needed = need === "all" ? "all are" : `${need} ${need === 1 ? "is" : "are"}`
  const within = isLate ? ` within ${timeoutMs} ms (timeoutMs)` : ""
  return `${ok} of ${steps.length} targets succeeded, and ${needed} needed${within}`
}

const messageMax = 2_000

const cut = (message: string): string =>
  message.length > messageMax ? `${message.slice(0, messageMax)}…` : message
