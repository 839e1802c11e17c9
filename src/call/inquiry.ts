import type { Evidence } from "./caller.ts"
import type { TraceContext } from "./trace/context.ts"
import type { TracedMessage } from "./trace/message.ts"

/** What every request to the gateway has, whatever it asks for. A protocol face makes one per request. */
export interface Inquiry {
  /** Of the audit record, where the face has already told it to someone; made otherwise. */
  readonly id?: string
  readonly era: "legacy" | "modern" | undefined
  /** As it was sent: `tools/call`, or the HTTP method where the request is no more than that. */
  readonly method: string
  readonly evidence: Evidence
  /** The trace that its sender says it belongs to. */
  readonly trace: TraceContext | undefined
  /** Absent where it is no message of its own. */
  readonly message?: TracedMessage
}
