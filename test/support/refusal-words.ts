import type { Refusal } from "../../src/call/refusal.ts"
import { refusalAnswer } from "../../src/mcp/face/refusal-words.ts"
import { isObject } from "../../src/schema/json.ts"

/** What a caller reads of a refusal. */
export function wordsOf(refusal: Refusal): string {
  const speaker = { explain: false, metadataUrl: undefined, scope: undefined }
  const said = refusalAnswer(refusal, speaker)
  if (said.kind === "error") return said.fail.message
  const { content } = said.result
  const [block] = Array.isArray(content) ? content : []
  return isObject(block) ? String(block["text"]) : ""
}
