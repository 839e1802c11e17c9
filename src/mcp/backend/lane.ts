import type { BackendRequest } from "../../call/backends.ts"
import type { JsonObject } from "../../schema/json.ts"

/**
 * Which of a legacy server's sessions a request travels in. Sessions are kept apart by what the server was told that the
 * client can do, and by whose requests they are: what a server keeps in one, or asks in one, must not reach another.
 */
export interface Lane {
  readonly key: string
  /** What `initialize` declares, and whether that is anything the server may ask. */
  readonly capabilities: JsonObject
  readonly mayAsk: boolean
}

/** For those who can be asked nothing, and for the gateway itself. */
export const plainLane: Lane = { key: "", capabilities: {}, mayAsk: false }

/** How far callers share what a legacy server keeps for a session. */
export type Isolation = "shared" | "principal" | "session"

/**
 * The lane of a request; undefined for the plain one. Callers that can be asked something never share one with another
 * principal, whatever the isolation, and roots are a client's own: they are never shared between two of its sessions.
 */
export function laneOf(request: BackendRequest, isolation: Isolation): Lane | undefined {
  const { peer } = request
  if (peer === undefined) {
    const key = isolation === "shared" ? undefined : ownerOf(request, isolation)
    return key === undefined ? undefined : { ...plainLane, key }
  }
  const { capabilities } = peer
  const isOwn = isolation === "session" || capabilities["roots"] !== undefined
  const owner = ownerOf(request, isOwn ? "session" : "principal")
  return { key: `${owner} ${JSON.stringify(capabilities)}`, capabilities, mayAsk: true }
}

/** A modern caller has no sessions: all its requests belong together. */
function ownerOf(
  { caller, session }: BackendRequest,
  isolation: Exclude<Isolation, "shared">,
): string | undefined {
  if (isolation === "session" && session !== undefined) return `session ${session}`
  return caller && `principal ${caller.principal}`
}
