import type { JsonObject } from "../schema/json.ts"
import type { BackendReply, Backends } from "./backends.ts"
import type { CallRequest } from "./call.ts"
import { subjectToken } from "./identity/subject-token.ts"
import { forwardedMeta, withoutOurMeta } from "./meta.ts"
import type { Permit } from "./permit.ts"

/**
 * Asks the backend, under its own name for the tool. There is no way here without a permit. A composition is permitted,
 * listed and checked like any tool; running one is refused in so many words.
 */
export async function execute(
  { caller, tool }: Permit,
  input: JsonObject | undefined,
  { evidence, meta, cancellation, onNotification }: CallRequest,
  backends: Backends,
): Promise<BackendReply> {
  const { implementation, name } = tool
  if (implementation.kind === "composition") {
    const { pattern } = implementation
    return { kind: "refusal", refusal: { code: "composition_unsupported", tool: name, pattern } }
  }
  const own = implementation.tool
  const reply = await backends.request(implementation.server, {
    method: "tools/call",
    subject: name,
    name: own,
    params: input === undefined ? { name: own } : { name: own, arguments: input },
    meta: forwardedMeta(meta),
    subjectToken: backends.takesSubjectTokens ? subjectToken(caller, evidence) : undefined,
    cancellation,
    onNotification,
  })
  return withoutOurMeta(reply)
}
