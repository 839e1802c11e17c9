/** Where a request belongs in a trace (W3C Trace Context), as whoever sent it says. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string
  /** 16 hex digits: the span of whoever sent it. */
  readonly spanId: string
  /** Whether that span is kept. */
  readonly isSampled: boolean
  /** `tracestate`: what tracing systems add, for them to read. */
  readonly state?: string | undefined
  /** The other trace that the headers of a request name whose `_meta` names this one: of the connection, not of the message. */
  readonly around?: TraceContext | undefined
}

/** Later versions may add fields behind the four that are known, and ff is none (W3C Trace Context, 3.2.2). */
const shape = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.{0,128})?$/

/** Undefined for what is no `traceparent`: then there is no trace to go on with. */
export function readTraceparent(text: unknown, state?: unknown): TraceContext | undefined {
  if (typeof text !== "string") return
  const [, version, traceId = "", spanId = "", flags = "", more] = shape.exec(text) ?? []
  if (version === undefined || (version === "00" && more !== undefined)) return
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return
  const isSampled = (Number.parseInt(flags, 16) & 1) === 1
  return { traceId, spanId, isSampled, ...(isState(state) && { state }) }
}

/** As long as every system must be able to carry it (3.3.1.5); what is longer is left out, and the trace goes on without. */
const isState = (state: unknown): state is string =>
  typeof state === "string" && /^[\x20-\x7e]{1,512}$/.test(state)

export const writeTraceparent = ({ traceId, spanId, isSampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-0${isSampled ? 1 : 0}`
