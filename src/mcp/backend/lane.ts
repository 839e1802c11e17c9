import type { BackendRequest } from "../../call/backends.ts"
import { withoutTasks } from "../../call/interaction/capabilities.ts"
import type { JsonObject } from "../../schema/json.ts"

/**
 * Which of a legacy server's sessions, or processes, a request travels in. They are kept apart by what the server was told
 * that the client can do, and by whose requests they are: what a server keeps in one, or asks in one, must not reach
 * another.
 */
export interface Lane {
  readonly key: string
  /** Whose it is: a session's of a client, all of a principal's, or everybody's. */
  readonly owner: "session" | "principal" | "everybody"
  /** What `initialize` declares, and whether that is anything the server may ask. */
  readonly capabilities: JsonObject
  readonly mayAsk: boolean
  /** The session of a client whose roots the server was told of. */
  readonly rootsOf?: string | undefined
}

/** For those who can be asked nothing, and for the gateway itself. */
export const plainLane: Lane = { key: "", owner: "everybody", capabilities: {}, mayAsk: false }

/** How far callers share what a legacy server keeps for a session. */
export type Isolation = "shared" | "principal" | "session"

/**
 * The lane of a request; undefined for the plain one. Callers that can be asked something never share one with another
 * principal, whatever the isolation, and roots are a client's own: they are never shared between two of its sessions.
 */
export function laneOf(request: BackendRequest, isolation: Isolation): Lane | undefined {
  const { caller, peer, session } = request
  const capabilities = withoutTasks(peer?.capabilities)
  if (caller === undefined || (capabilities === undefined && isolation === "shared")) return
  const isOwn = isolation === "session" || capabilities?.["roots"] !== undefined
  const owner = isOwn && session !== undefined ? "session" : "principal" // a modern caller has no sessions
  const name = owner === "session" ? session : caller.principal
  return capabilities === undefined
    ? { ...plainLane, key: `${owner} ${name}`, owner }
    : {
        key: `${owner} ${name} ${JSON.stringify(capabilities)}`,
        owner,
        capabilities,
        mayAsk: true,
        rootsOf: capabilities["roots"] === undefined ? undefined : session,
      }
}
