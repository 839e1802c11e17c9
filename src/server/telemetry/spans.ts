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
import type { Operations } from "./operations.ts"
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
  readonly now: () => number
  /** Undefined where traces are not wanted: then nothing has an id, and callers' traces are handed on as they are. */
  readonly traces: TracePorts | undefined
  /** Undefined where metrics are not wanted. */
  readonly operations: Operations | undefined
}

interface TracePorts extends Pick<TraceSettings, "minTrust"> {
  readonly sampling: Sampling
  /** Takes what is over, at once. */
  readonly push: (ended: Ended) => void
}

/**
 * Makes the spans of what goes through, and measures it. A span that is not kept has ids, which are passed on, and
 * costs nothing beyond that.
 */
export const createTracing = (ports: TracingPorts): Tracing => ({
  request: (inquiry, facts) =>
    isRequest(inquiry) ? new OwnSpan({ inquiry, facts, ports }) : undefined,
  resumed: (first, inquiry, facts) => {
    const place = ports.traces && resumedPlace(first, ports.traces)
    return new OwnSpan({ inquiry, facts, ports, ...(place && { place }) })
  },
  sessionEnded: (session) => ports.operations?.sessionEnded(session),
})

function resumedPlace(first: TraceContext | undefined, { sampling }: TracePorts): Place {
  const id = traceId()
  const isSampled = first?.isSampled ?? sampling.keeps(id)
  const context = { traceId: id, spanId: spanId(), isSampled }
  return { context, parent: undefined, links: first === undefined ? [] : [first] }
}

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

  get context(): TraceContext | undefined {
    return this.#where()?.context
  }

  identified(caller: Caller | undefined): void {
    const { inquiry, ports } = this.#making
    this.#place ??= ports.traces && placeOf(inquiry, caller, ports.traces)
  }

  /** Who calls stayed unknown: the trace is a new one. */
  #where(): Place | undefined {
    this.identified(undefined)
    return this.#place
  }

  permitted(): void {
    this.#permittedMs = this.#making.ports.now()
  }

  step(inquiry: Inquiry, facts: Facts): Span {
    const place = this.#below()
    return new OwnSpan({ ports: this.#making.ports, inquiry, facts, ...(place && { place }) })
  }

  attempt(server: CatalogServer): Attempt {
    const { ports, inquiry, facts } = this.#making
    const place = this.#below()
    const startMs = ports.now()
    let message: TracedMessage | undefined
    return {
      meta: (callers) => (place === undefined ? callers : metaWith(callers, place.context)),
      sent: (as) => {
        message = as
      },
      ended: (reply) => {
        const { method } = inquiry
        const about = {
          kind: "attempt",
          method,
          target: facts.target,
          server,
          error: errorOf(reply),
          message,
        } as const
        this.#end(place, { startMs, endMs: ports.now() }, about)
      },
    }
  }

  ended(record: AuditRecord, answer: BackendReply | undefined): void {
    const place = this.#where()
    const { message } = this.#making.inquiry
    const startMs = record.timeMs
    const endMs = startMs + (record.ms ?? 0)
    const isPermitted = this.#permittedMs !== undefined
    if (place?.context.isSampled && (isPermitted || deciding.has(record.kind))) {
      const permit = { kind: "permit", record, isPermitted } as const
      this.#end(this.#below(), { startMs, endMs: this.#permittedMs ?? endMs }, permit)
    }
    const error = errorOf(answer)
    const request = { kind: "request", record, error, isPermitted, message } as const
    this.#end(place, { startMs, endMs }, request)
  }

  rested(run: { readonly id: string; readonly tool: string }, status: string): void {
    const { facts, ports } = this.#making
    const about = { kind: "run", run: run.id, tool: run.tool, status } as const
    this.#end(this.#where(), { startMs: facts.startedMs, endMs: ports.now() }, about)
  }

  #end(place: Place | undefined, times: Pick<Ended, "startMs" | "endMs">, about: About): void {
    const { operations, traces } = this.#making.ports
    const isKept = place?.context.isSampled === true
    operations?.ended(about, times.endMs - times.startMs, isKept ? place.context : undefined)
    if (isKept) traces?.push({ ...place, ...times, about })
  }

  #below(): Place | undefined {
    const context = this.#where()?.context
    if (context === undefined) return
    return { context: { ...context, spanId: spanId() }, parent: context.spanId, links: [] }
  }
}

/** Records of what needs a permit. */
const deciding: ReadonlySet<AuditRecord["kind"]> = new Set(["call", "step"])

function placeOf(
  { trace }: Inquiry,
  caller: Caller | undefined,
  { minTrust, sampling }: TracePorts,
): Place {
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
