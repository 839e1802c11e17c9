import type { Era } from "../../revisions.ts"
import type { Failure } from "../failure.ts"
import { modernCodes } from "../verdict.ts"

/** How a request was sent that a server turned away. */
export interface Sent {
  readonly era: Era | undefined
  /** The era was found out, and not stated. */
  readonly isProbed: boolean
  readonly sessionId: string | undefined
}

/**
 * The server no longer knows the session, or has changed its era, and refused the request before anything ran. Servers
 * differ in how they say so: 404 is the specification's word for an unknown session, 400 with -32000 that of many.
 */
export function isStale({ status, rpcCode }: Failure, sent: Sent): boolean {
  if (status !== 400 && status !== 404 && status !== 405) return false
  if (sent.era === "modern") return sent.isProbed && (rpcCode === undefined || isVague(rpcCode))
  if (rpcCode !== undefined && modernCodes.includes(rpcCode)) return true
  return sent.sessionId !== undefined && (status === 404 || isVague(rpcCode))
}

/** Codes without a meaning of their own, which the SDKs put on everything their transports refuse. */
const isVague = (rpcCode: number | undefined): boolean => rpcCode === -32000 || rpcCode === -32001
