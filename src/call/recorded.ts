import { type RequestKind, recordOf, unrecorded } from "./audit.ts"
import { type BackendReply, refused } from "./backends.ts"
import type { Facts } from "./facts.ts"
import type { Gateway } from "./gateway.ts"
import type { Inquiry } from "./inquiry.ts"
import type { Span } from "./trace/tracing.ts"

/** One request on its way, and what its record is made of. */
export interface Recorded {
  readonly kind: RequestKind
  /** Of the record. */
  readonly id: string
  readonly request: Inquiry
  readonly gateway: Gateway
  readonly facts: Facts
  /** Undefined where nobody traces. */
  readonly span: Span | undefined
}

/**
 * Goes the way of a request and writes its one record before the answer leaves: what cannot be recorded is not answered.
 * Rejects only for a bug, which is recorded as well.
 */
export async function recorded<W extends Recorded>(
  way: W,
  go: (way: W) => BackendReply | Promise<BackendReply>,
): Promise<BackendReply> {
  const { kind, id, request, gateway, facts, span } = way
  let reply: BackendReply | undefined // stays undefined when a bug throws
  let isRecorded = false
  try {
    reply = await go(way)
  } finally {
    facts.trace = span?.context
    const record = recordOf(kind, request, facts, reply, gateway.now(), id)
    span?.ended(record, reply)
    isRecorded = await gateway.audit(record)
  }
  return isRecorded ? reply : refused(unrecorded)
}
