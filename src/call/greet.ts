import type { Catalog } from "../registry/catalog.ts"
import type { Caller } from "./caller.ts"
import type { Gateway } from "./gateway.ts"
import type { Inquiry } from "./inquiry.ts"
import { ok, type Result } from "./refusal.ts"
import { withCaller } from "./with-caller.ts"

export interface GreetRequest extends Inquiry {
  /** Where a session begins or ends with this request, which is recorded. */
  readonly session: "start" | "end" | undefined
}

export interface Greeting {
  readonly caller: Caller
  readonly catalog: Catalog
}

/**
 * Identifies the sender of a request that needs nothing else (initialize, ping, discover, the stream of a session, its
 * end). Recorded when it is refused (`identity`) and when a session begins or ends (`session`).
 */
export function greet(request: GreetRequest, gateway: Gateway): Promise<Result<Greeting>> {
  const { session } = request
  return withCaller(
    {
      inquiry: request,
      answer: (caller, catalog, facts) => {
        facts.note = session && { session }
        return ok({ caller, catalog })
      },
      kind: (end) => (end === "answered" ? session && "session" : "identity"),
    },
    gateway,
  )
}
