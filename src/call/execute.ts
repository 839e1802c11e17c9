import type { JsonObject } from "../schema/json.ts"
import { asCaller } from "./as-caller.ts"
import type { BackendReply } from "./backends.ts"
import type { InsideLine, Way } from "./call.ts"
import { runComposition } from "./composition/run.ts"
import { forwardedMeta, withoutOurMeta } from "./meta.ts"
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
  const { evidence, meta, key, cancellation, onNotification } = way.request
  const backends = asCaller(way.gateway.backends, caller, evidence)
  const own = implementation.tool
  const reply = await backends.request(implementation.server, {
    method: "tools/call",
    subject: name,
    name: own,
    params: input === undefined ? { name: own } : { name: own, arguments: input },
    meta: forwardedMeta(meta, key),
    cancellation,
    onNotification,
  })
  return withoutOurMeta(reply)
}
