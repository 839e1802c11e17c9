import type { Catalog } from "../registry/catalog.ts"
import { type RequestKind, recordOf, unrecorded } from "./audit.ts"
import type { Caller } from "./caller.ts"
import { beginFacts, type Facts, warn } from "./facts.ts"
import type { Gateway } from "./gateway.ts"
import type { Inquiry } from "./inquiry.ts"
import { type Result, refuse } from "./refusal.ts"
import type { Span } from "./trace/tracing.ts"

/** What to do once it is known who asks; nothing is done at a backend, which may be asked what it lists. */
export interface Visit<T> {
  readonly inquiry: Inquiry
  answer(caller: Caller, catalog: Catalog, facts: Facts): Result<T> | Promise<Result<T>>
  /** The kind of its record; undefined where nothing was decided that an audit would want. `bug` threw. */
  kind(end: "answered" | "refused" | "bug"): RequestKind | undefined
}

/** Identify, answer, audit: the way of a request that is no call, with at most one record. */
export async function withCaller<T>(visit: Visit<T>, gateway: Gateway): Promise<Result<T>> {
  const catalog = gateway.catalog()
  const facts = beginFacts(gateway.now(), catalog.digest)
  const span = gateway.tracing?.request(visit.inquiry, facts)
  let result: Result<T> | undefined // stays undefined when a bug throws
  let isRecorded = false
  try {
    const identified = gateway.identify(visit.inquiry.evidence, catalog)
    const caller = identified instanceof Promise ? await identified : identified
    if (caller.ok) {
      facts.caller = caller.value
      span?.identified(caller.value)
      warn(facts, caller.value.warnings)
    }
    const answer = caller.ok ? visit.answer(caller.value, catalog, facts) : caller
    result = answer instanceof Promise ? await answer : answer
  } finally {
    isRecorded = await record(visit, gateway, { facts, span }, result)
  }
  return isRecorded ? result : refuse(unrecorded)
}

function record<T>(
  visit: Visit<T>,
  gateway: Gateway,
  { facts, span }: { facts: Facts; span: Span | undefined },
  result: Result<T> | undefined,
): boolean | Promise<boolean> {
  const end = result === undefined ? "bug" : result.ok ? "answered" : "refused"
  const kind = visit.kind(end)
  if (kind === undefined && span === undefined) return true
  const ending =
    result && (result.ok ? answered : { kind: "refusal" as const, refusal: result.refusal })
  facts.trace = span?.context
  const { inquiry } = visit
  const made = recordOf(kind ?? "request", inquiry, facts, ending, gateway.now(), gateway.id())
  span?.ended(made, ending)
  return kind === undefined || gateway.audit(made)
}

const answered = { kind: "result", result: {} } as const
