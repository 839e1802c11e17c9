import { written } from "../registry/model.ts"
import type { JsonObject } from "../schema/json.ts"
import { asCaller } from "./as-caller.ts"
import { refOf } from "./audit.ts"
import type { BackendReply } from "./backends.ts"
import type { InsideLine, Way } from "./call.ts"
import { runComposition } from "./composition/run.ts"
import { sendOn } from "./interaction/send-on.ts"
import { forwardedMeta } from "./meta.ts"
import type { Permit } from "./permit.ts"

/**
 * Asks the backend, under its own name for the tool, or runs the composition, whose calls go the way `inside`. There is no
 * way here without a permit.
 */
export async function execute(
  permit: Permit,
  input: JsonObject | undefined,
  way: Way,
  inside: InsideLine,
): Promise<BackendReply> {
  const { caller, tool } = permit
  const { implementation, name } = tool
  if (implementation.kind === "composition") return runComposition(permit, input ?? {}, way, inside)
  const { server, tool: own } = implementation
  const call = way.request
  const { interactions } = way.gateway
  const backends = asCaller(way.gateway.backends, caller, call.evidence)
  const request = {
    method: "tools/call",
    subject: name,
    name: own,
    params: input === undefined ? { name: own } : { name: own, arguments: input },
    meta: forwardedMeta(call.meta, call.key),
    cancellation: call.cancellation,
    onNotification: call.onNotification,
  }
  const about = [written(refOf(tool)), call.arguments ?? null]
  const talk = { caller, respondent: call.respondent, about, facts: way.facts }
  return sendOn(server, request, talk, { backends, interactions })
}
