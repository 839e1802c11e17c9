import type { Evidence } from "../../../call/caller.ts"
import { type ContentKind, listContent } from "../../../call/content/list-content.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import type { Era } from "../../revisions.ts"
import type { FaceContext, PostedRequest } from "../context.ts"
import { answerPage, hasSoundCursor, type PagedList, paginate } from "../pages.ts"
import { refusalFail } from "../refusal-words.ts"
import { messageOf, traceOf } from "../trace.ts"

/** The lists of what is no tool, by method. */
export const contentLists: ReadonlyMap<string, ContentKind> = new Map([
  ["resources/list", "resources"],
  ["resources/templates/list", "resourceTemplates"],
  ["prompts/list", "prompts"],
])

/** Each list is printed once: it is the same array until something in it changes. */
export type ContentPages = WeakMap<readonly JsonObject[], PagedList>

/**
 * `resources/list`, `resources/templates/list` or `prompts/list`, in either era. `members` are further members of the
 * result, as JSON text with a leading comma, for a list that may be kept so many milliseconds.
 */
export async function answerContentList(
  context: FaceContext,
  era: Era,
  kind: ContentKind,
  posted: PostedRequest,
  evidence: Evidence,
  members: (ttlMs: number) => string,
): Promise<void> {
  const { exchange, message, headers } = posted
  if (!hasSoundCursor(posted)) return
  const { id, method, params } = message
  const meta = params?.["_meta"]
  const trace = traceOf(isObject(meta) ? meta : undefined, headers)
  const inquiry = { era, method, evidence, trace, message: messageOf(posted) }
  exchange.wait()
  const listing = await listContent(kind, inquiry, context.gateway)
  if (!listing.ok) return exchange.fail(refusalFail(listing.refusal, context.speaker), id)
  const { caller, entries, ttlMs } = listing.value
  const list = printed(context, kind, entries)
  answerPage(context, posted, list, caller.principal, members(ttlMs))
}

function printed(
  { contentPages, limits }: FaceContext,
  key: ContentKind,
  entries: readonly JsonObject[],
): PagedList {
  const known = contentPages.get(entries)
  if (known !== undefined) return known
  const texts = entries.map((entry) => JSON.stringify(entry))
  const list = paginate(texts, limits.listPageMax, { key, members: "" })
  contentPages.set(entries, list)
  return list
}
