import { hiddenText } from "../registry/pins/hidden-text.ts"
import { isList, isObject, type JsonObject } from "../schema/json.ts"

/** Characters of a result's texts that are looked at: an answer may be long, and this is only a flag. */
const charsMax = 64 * 1024

/** The warning for a result with text that a model reads and a person does not see. The result goes on as it came. */
export function hiddenTextIn({ content }: JsonObject): readonly string[] {
  if (!isList(content)) return none
  let left = charsMax
  for (const block of content) {
    const text = isObject(block) ? block["text"] : undefined
    if (typeof text !== "string") continue
    if (hiddenText(text.length > left ? text.slice(0, left) : text) !== undefined) return found
    left -= text.length
    if (left <= 0) break
  }
  return none
}

const none: readonly string[] = []
const found: readonly string[] = ["hidden_text"]
