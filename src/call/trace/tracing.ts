import type { CatalogServer } from "../../registry/catalog.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { AuditRecord } from "../audit.ts"
import type { BackendReply } from "../backends.ts"
import type { Caller } from "../caller.ts"
import type { Facts } from "../facts.ts"
import type { Inquiry } from "../inquiry.ts"
import type { TraceContext } from "./context.ts"
import type { TracedMessage } from "./message.ts"

/**
 * Whoever makes traces of what goes through, and measures it. The composition root gives one where telemetry is on. The
 * line tells it when something begins and ends, and what it is from the record of the audit: no step depends on it.
 */
export interface Tracing {
  /**
   * A request of a caller, from its arrival on; what becomes known of it is added to the facts. Undefined for what is no
   * message of a protocol.
   */
  request(inquiry: Inquiry, facts: Facts): Span | undefined
  /** A durable run that goes on without the call that began it, which left `first`. */
  resumed(first: TraceContext | undefined, inquiry: Inquiry, facts: Facts): Span
  /** A session of the legacy era is over, which began when its first request was answered. */
  sessionEnded(session: { readonly revision: string; readonly ms: number }): void
}

export interface Span {
  /**
   * What the span belongs to, and itself. Whether it goes on with the caller's trace hangs on who that is. Undefined where
   * it is only measured.
   */
  readonly context: TraceContext | undefined
  /** Before anything is begun under it. Not called where it stays unknown who calls. */
  identified(caller: Caller): void
  /** What was asked for may be done. */
  permitted(): void
  /** A call that a composition makes. */
  step(inquiry: Inquiry, facts: Facts): Span
  /** A request that goes to a server because of it. */
  attempt(server: CatalogServer): Attempt
  ended(record: AuditRecord, answer: BackendReply | undefined): void
  /** A resumed run has come to rest. */
  rested(run: { readonly id: string; readonly tool: string }, status: string): void
}

export interface Attempt {
  /** The `_meta` that goes along: the caller's, with this in place of the caller's trace (SEP-414). */
  meta(callers: JsonObject | undefined): JsonObject | undefined
  /** It is on its way, as this message. Of what is sent twice the last counts. */
  sent(message: TracedMessage): void
  ended(reply: BackendReply): void
}
