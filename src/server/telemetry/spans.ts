import type { AuditRecord } from "../../call/audit.ts"
import type { BackendReply } from "../../call/backends.ts"
import { atLeast, type Caller } from "../../call/caller.ts"
import type { Facts } from "../../call/facts.ts"
import type { Inquiry } from "../../call/inquiry.ts"
import { type TraceContext, writeTraceparent } from "../../call/trace/context.ts"
import type { TracedMessage } from "../../call/trace/message.ts"
import type { Attempt, Span, Tracing } from "../../call/trace/tracing.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import type { JsonObject } from "../../schema/json.ts"
import { spanId, traceId } from "./ids.ts"
import type { Sampling } from "./sampling.ts"
import type { TraceSettings } from "./settings.ts"

/** A span that is over. What it says is worked out when it is sent, and not while its call is answered. */
export interface Ended {
  readonly context: TraceContext
  /** The span above it. */
  readonly parent: string | undefined
  /** Traces that it has to do with and does not belong to. */
  readonly links: readonly TraceContext[]
  readonly startMs: number
  readonly endMs: number
  readonly about: About
}

/** What a span is about. */
export type About =
  | {
      readonly kind: "request"
      readonly record: AuditRecord
      readonly error: ErrorOf
      readonly isPermitted: boolean
      /** Undefined for a call that a composition makes. */
      readonly message: TracedMessage | undefined
    }
  | { readonly kind: "permit"; readonly record: AuditRecord; readonly isPermitted: boolean }
  | {
      readonly kind: "attempt"
      readonly method: string
      readonly target: Facts["target"]
      readonly server: CatalogServer
      readonly error: ErrorOf
      /** Undefined where it was not sent. */
      readonly message: TracedMessage | undefined
    }
  | { readonly kind: "run"; readonly run: string; readonly tool: string; readonly status: string }

/** `error.type`, and the code of JSON-RPC where there is one. */
export type ErrorOf = { readonly type: string; readonly code?: number } | undefined

export interface TracingPorts {
  readonly sampling: Sampling
  readonly now: () => number
  /** Takes what is over, at once. */
  readonly push: (ended: Ended) => void
}

/** Makes the spans of what goes through. One that is not kept has ids, which go on, and costs no more. */
export const createTracing = (
  { minTrust }: Pick<TraceSettings, "minTrust">,
  ports: TracingPorts,
): Tracing => ({
  request: (inquiry, facts) =>
    isRequest(inquiry) ? new OwnSpan({ inquiry, facts, ports, minTrust }) : undefined,
  resumed: (first, inquiry, facts) => {
    const id = traceId()
    const isSampled = first?.isSampled ?? ports.sampling.keeps(id)
    const context = { traceId: id, spanId: spanId(), isSampled }
    const links = first === undefined ? [] : [first]
    return new OwnSpan({
      inquiry,
      facts,
      ports,
      minTrust,
      place: { context, parent: undefined, links },
    })
  },
})

/** Streams and ends of sessions have the method of HTTP, and answers to questions none. */
const isRequest = ({ method }: Inquiry): boolean => !/^(?:[A-Z]+|response)$/.test(method)

interface Place {
  readonly context: TraceContext
  readonly parent: string | undefined
  readonly links: readonly TraceContext[]
}

interface Making {
  readonly inquiry: Inquiry
  readonly facts: Facts
  readonly ports: TracingPorts
  readonly minTrust: TraceSettings["minTrust"]
  /** Known from the beginning for all but the request of a caller. */
  readonly place?: Place
}

class OwnSpan implements Span {
  readonly #making: Making
  #place: Place | undefined
  #permittedMs: number | undefined

  constructor(making: Making) {
    this.#making = making
    this.#place = making.place
  }

  get context(): TraceContext {
    return this.#where().context
  }

  identified(caller: Caller): void {
    this.#place ??= placeOf(this.#making, caller)
  }

  /** Who calls stayed unknown: the trace is a new one. */
  #where(): Place {
    this.#place ??= placeOf(this.#making, undefined)
    return this.#place
  }

  permitted(): void {
    this.#permittedMs = this.#making.ports.now()
  }

  step(inquiry: Inquiry, facts: Facts): Span {
    const place = this.#below()
    return new OwnSpan({ ...this.#making, inquiry, facts, place })
  }

  attempt(server: CatalogServer): Attempt {
    const { ports, inquiry, facts } = this.#making
    const place = this.#below()
    const startMs = ports.now()
    let message: TracedMessage | undefined
    return {
      meta: (callers) => metaWith(callers, place.context),
      sent: (as) => {
        message = as
      },
      ended: (reply) => {
        if (!place.context.isSampled) return
        const { method } = inquiry
        const about = {
          kind: "attempt",
          method,
          target: facts.target,
          server,
          error: errorOf(reply),
          message,
        } as const
        ports.push({ ...place, startMs, endMs: ports.now(), about })
      },
    }
  }

  ended(record: AuditRecord, answer: BackendReply | undefined): void {
    const place = this.#where()
    if (!place.context.isSampled) return
    const { ports, inquiry } = this.#making
    const { push } = ports
    const { message } = inquiry
    const startMs = record.timeMs
    const endMs = startMs + (record.ms ?? 0)
    const isPermitted = this.#permittedMs !== undefined
    if (isPermitted || deciding.has(record.kind))
      push({
        ...this.#below(),
        startMs,
        endMs: this.#permittedMs ?? endMs,
        about: { kind: "permit", record, isPermitted },
      })
    push({
      ...place,
      startMs,
      endMs,
      about: { kind: "request", record, error: errorOf(answer), isPermitted, message },
    })
  }

  rested(run: { readonly id: string; readonly tool: string }, status: string): void {
    const place = this.#where()
    const { facts, ports } = this.#making
    const about = { kind: "run", run: run.id, tool: run.tool, status } as const
    if (place.context.isSampled)
      ports.push({ ...place, startMs: facts.startedMs, endMs: ports.now(), about })
  }

  #below(): Place {
    const { context } = this.#where()
    return { context: { ...context, spanId: spanId() }, parent: context.spanId, links: [] }
  }
}

/** Records of what needs a permit. */
const deciding: ReadonlySet<AuditRecord["kind"]> = new Set(["call", "step"])

function placeOf({ inquiry, minTrust, ports }: Making, caller: Caller | undefined): Place {
  const { trace } = inquiry
  const { sampling } = ports
  const isTrusted =
    caller !== undefined && minTrust !== undefined && atLeast(caller.trust, minTrust)
  if (trace === undefined || !isTrusted) {
    const id = traceId()
    const context = { traceId: id, spanId: spanId(), isSampled: sampling.keeps(id) }
    return { context, parent: undefined, links: trace === undefined ? [] : linked(trace) }
  }
  const { around, ...parent } = trace
  const isSampled = sampling.keepsCallers(parent.isSampled)
  const context = { ...parent, spanId: spanId(), isSampled }
  return { context, parent: parent.spanId, links: around === undefined ? [] : [around] }
}

const linked = ({ around, ...trace }: TraceContext): TraceContext[] =>
  around === undefined ? [trace] : [trace, around]

/** The trace of the caller gives way to ours; its baggage is for all that the request leads to, and stays. */
function metaWith(callers: JsonObject | undefined, context: TraceContext): JsonObject {
  const { traceparent: _, tracestate: __, ...others } = callers ?? {}
  const { state } = context
  const traceparent = writeTraceparent(context)
  return state === undefined
    ? { ...others, traceparent }
    : { ...others, traceparent, tracestate: state }
}

/** MCP semantic conventions: the code of the error of JSON-RPC, or `tool_error`; ours are the codes of refusals. */
function errorOf(reply: BackendReply | undefined): ErrorOf {
  if (reply === undefined) return { type: "_OTHER" }
  if (reply.kind === "refusal") return { type: reply.refusal.code }
  if (reply.kind === "error") return { type: String(reply.error.code), code: reply.error.code }
  return (reply.plain ?? reply.result)["isError"] === true ? { type: "tool_error" } : undefined
}
