import type { Evidence } from "../../call/caller.ts"
import { list } from "../../call/list.ts"
import { isObject } from "../../schema/json.ts"
import type { FaceContext, PostedRequest } from "./context.ts"
import { openCursor, sealCursor } from "./cursor.ts"
import { codes, fail, resultText } from "./errors.ts"
import { refusalFail } from "./refusal-words.ts"
import type { Era } from "./tool-list.ts"
import { traceOf } from "./trace.ts"

/** `tools/list`, in either era: what this caller may call, printed when it was first asked for. Returns the list's digest. */
export async function listTools(
  context: FaceContext,
  era: Era,
  { exchange, message, headers }: PostedRequest,
  evidence: Evidence,
): Promise<string | undefined> {
  const { id, params } = message
  const cursor = params?.["cursor"]
  if (cursor !== undefined && typeof cursor !== "string") return void exchange.fail(badCursor, id)
  const meta = params?.["_meta"]
  const trace = traceOf(isObject(meta) ? meta : undefined, headers)
  const listing = await list({ era, method: "tools/list", evidence, trace }, context.gateway)
  if (!listing.ok) return void exchange.fail(refusalFail(listing.refusal, context.speaker), id)
  const { caller, tools } = listing.value
  const { pages, digest } = context.toolLists(tools, era)
  const mine = { principal: caller.principal, digest }
  const page = cursor === undefined ? 0 : openCursor(context.cursors, cursor, mine)
  const told = page === undefined ? undefined : pages[page]
  if (page === undefined || told === undefined) return void exchange.fail(badCursor, id)
  const hasNext = page + 1 < pages.length
  const next = hasNext
    ? `,"nextCursor":"${sealCursor(context.cursors, { ...mine, page: page + 1 })}"`
    : ""
  const around = (text: string) => resultText(id, `${text}${next}}`)
  exchange.finish(around(told.text), { bytes: Buffer.byteLength(around("")) + told.bytes })
  return digest
}

const badCursor = fail(200, codes.invalidParams, "Invalid params: unknown cursor")
