import type { BackendReply, BackendRequest, Listed } from "../../call/backends.ts"
import { isAsking } from "../../call/interaction/round-result.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import type { BackendCall, Errand } from "./backend-call.ts"
import { goAsTask, mayWantTask } from "./go-as-task.ts"
import { goRounds } from "./go-rounds.ts"
import { isMirrorRefused, mirrorAnew } from "./mirror-anew.ts"
import type { Outcome } from "./outgoing.ts"

/** What a call that goes on after an answer of its server needs of its backend. */
export interface Means {
  send(server: CatalogServer, request: BackendRequest): Promise<BackendReply>
  /** Once more, with these `Mcp-Param-*`; the last attempt. */
  sendMirrored(errand: Errand, mirrored: readonly string[]): Promise<BackendReply>
  /** What the server lists. */
  tools(): Promise<Listed>
  /** The same, whatever was known of it. */
  toolsAnew(): Promise<Listed>
}

/** How a call goes on after an answer that is not final; undefined where it is final. Never rejects. */
export function further(
  call: BackendCall,
  outcome: Outcome,
  reply: BackendReply,
  means: Means,
): Promise<BackendReply> | undefined {
  const { errand, request } = call
  const send = (next: BackendRequest) => means.send(errand.server, next)
  // The result asks something, and its caller waits for the final one.
  if (isAsking(reply) && request.rounds === undefined) return goRounds(request, reply, send)
  // The server would have a task, and its caller would not.
  if (mayWantTask(request, outcome)) return goAsTask(request, reply, { ...means, send })
  if (isMirrorRefused(outcome) && !errand.isMirroredAnew) return mirrorAnew(errand, reply, means)
  return undefined
}
