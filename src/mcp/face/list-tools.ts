import type { Evidence } from "../../call/caller.ts"
import { list } from "../../call/list.ts"
import { isObject } from "../../schema/json.ts"
import type { Era } from "../revisions.ts"
import type { FaceContext, PostedRequest } from "./context.ts"
import { answerPage, hasSoundCursor } from "./pages.ts"
import { refusalFail } from "./refusal-words.ts"
import { messageOf, traceOf } from "./trace.ts"

/** `tools/list`, in either era: what this caller may call, printed when it was first asked for. Returns the list's digest. */
export async function listTools(
  context: FaceContext,
  era: Era,
  posted: PostedRequest,
  evidence: Evidence,
): Promise<string | undefined> {
  const { exchange, message, headers } = posted
  if (!hasSoundCursor(posted)) return
  const meta = message.params?.["_meta"]
  const trace = traceOf(isObject(meta) ? meta : undefined, headers)
  const listing = await list(
    { era, method: "tools/list", evidence, trace, message: messageOf(posted) },
    context.gateway,
  )
  if (!listing.ok)
    return void exchange.fail(refusalFail(listing.refusal, context.speaker), message.id)
  const { caller, tools } = listing.value
  const told = context.toolLists(tools, era)
  return answerPage(context, posted, told, caller.principal) ? told.digest : undefined
}
