import { createHash } from "node:crypto"

import type { FaceContext, PostedRequest } from "./context.ts"
import { openCursor, sealCursor } from "./cursor.ts"
import { codes, fail, resultText } from "./errors.ts"

/** What one caller's list says, as JSON texts. */
export interface PagedList {
  /** At least one: it is empty when there is nothing to list. */
  readonly pages: readonly Page[]
  /** Of all pages: equal lists have equal digests, whatever else a reload changed. */
  readonly digest: string
}

/** A result as JSON text, but for the cursor of the next page and the closing brace. */
interface Page {
  readonly text: string
  /** Of the text in UTF-8: counted once, where the text is sent many times. */
  readonly bytes: number
}

/** What a result has beside its elements. */
interface Frame {
  /** The member that holds the elements. */
  readonly key: string
  /** Further members, as JSON text with a leading comma. */
  readonly members: string
}

export function paginate(texts: readonly string[], pageMax: number, frame: Frame): PagedList {
  const pages: Page[] = []
  for (let start = 0; start < texts.length; start += pageMax)
    pages.push(pageOf(texts.slice(start, start + pageMax), frame))
  const hash = createHash("sha256").update(frame.key)
  for (const text of texts) hash.update(text).update("\n")
  return {
    pages: pages.length === 0 ? [pageOf([], frame)] : pages,
    digest: hash.digest("base64url"),
  }
}

function pageOf(texts: readonly string[], { key, members }: Frame): Page {
  const text = `{"${key}":[${texts.join(",")}]${members}`
  return { text, bytes: Buffer.byteLength(text) }
}

/** Whether the request's cursor, if it has one, is a text at all; answers where it is not. */
export function hasSoundCursor({ exchange, message }: PostedRequest): boolean {
  const cursor = message.params?.["cursor"]
  if (cursor === undefined || typeof cursor === "string") return true
  exchange.fail(badCursor, message.id)
  return false
}

/**
 * Answers with the page that the request's cursor asks for; false where there is no such page. `more` are members that
 * are not the same each time, as JSON text with a leading comma.
 */
export function answerPage(
  { cursors }: FaceContext,
  { exchange, message }: PostedRequest,
  { pages, digest }: PagedList,
  principal: string,
  more = "",
): boolean {
  const { id, params } = message
  const cursor = params?.["cursor"]
  const mine = { principal, digest }
  const page = cursor === undefined ? 0 : openCursor(cursors, String(cursor), mine)
  const told = page === undefined ? undefined : pages[page]
  if (page === undefined || told === undefined) {
    exchange.fail(badCursor, id)
    return false
  }
  const hasNext = page + 1 < pages.length
  const next = hasNext ? `,"nextCursor":"${sealCursor(cursors, { ...mine, page: page + 1 })}"` : ""
  const around = (text: string) => resultText(id, `${text}${next}${more}}`)
  exchange.finish(around(told.text), { bytes: Buffer.byteLength(around("")) + told.bytes })
  return true
}

const badCursor = fail(200, codes.invalidParams, "Invalid params: unknown cursor")
