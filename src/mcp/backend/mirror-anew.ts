import type { BackendReply, Listed } from "../../call/backends.ts"
import type { Errand } from "./backend-call.ts"
import type { Outcome } from "./outgoing.ts"
import { listedParamHeaders } from "./param-headers.ts"

/** MCP 2026-07-28, HeaderMismatch: the server looked at the headers of a request, and has not carried it out. */
const headerMismatch = -32020

/** Whether a server refused a call because of its `Mcp-Param-*` headers: it wants others than were known. */
export function isMirrorRefused(outcome: Outcome): boolean {
  if (outcome.kind !== "error" || outcome.error.code !== headerMismatch) return false
  const { message, data } = outcome.error
  return /mcp-param-/i.test(`${message} ${JSON.stringify(data)}`)
}

/** Sends the call once more, with the headers that the server's list asks for now; a server without one has refused it. */
export async function mirrorAnew(
  errand: Errand,
  refused: BackendReply,
  ports: {
    toolsAnew(): Promise<Listed>
    sendMirrored(errand: Errand, mirrored: readonly string[]): Promise<BackendReply>
  },
): Promise<BackendReply> {
  const { isKnown, plain } = await ports.toolsAnew()
  return isKnown ? ports.sendMirrored(errand, listedParamHeaders(errand.request, plain)) : refused
}
