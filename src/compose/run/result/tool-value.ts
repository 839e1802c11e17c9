import { isList, isObject, type Json, type JsonObject, member } from "../../../schema/json.ts"
import { failure, type Outcome } from "../outcome.ts"

/**
 * The value of a tool's result (compositions §6.1): `structuredContent` where there is one; else a single block of text,
 * parsed when the whole of it is a JSON object or array; else the blocks. JSON is never looked for in prose.
 */
export function toolValue(result: JsonObject): Json {
  const structured = member(result, "structuredContent")
  if (structured !== undefined) return structured
  const content = contentOf(result)
  const text = content.length === 1 ? textOf(content[0]) : undefined
  return text === undefined ? { content } : parsed(text)
}

/**
 * What comes of a call that was answered with a result: `isError: true` is a failure, and as far as anybody knows
 * without effect. `raw` is what is handed on as it came, where that is another form of the same result.
 */
export function toolOutcome(result: JsonObject, raw: JsonObject = result): Outcome {
  const value = toolValue(result)
  if (member(result, "isError") !== true) return { ok: true, value, raw }
  const error = { ...failure("tool", wordsOf(result)), data: value }
  return { ok: false, error, effect: "none" }
}

const contentOf = (result: JsonObject): readonly Json[] => {
  const content = member(result, "content")
  return isList(content) ? content : []
}

function textOf(block: Json | undefined): string | undefined {
  if (block === undefined || !isObject(block) || member(block, "type") !== "text") return
  const text = member(block, "text")
  return typeof text === "string" ? text : undefined
}

function parsed(text: string): Json {
  if (!/^\s*[[{]/.test(text)) return text
  try {
    return JSON.parse(text) as Json // what JSON.parse returns is Json
  } catch (cause) {
    if (cause instanceof SyntaxError) return text
    throw cause
  }
}

const wordsMax = 2_000

/** What the tool says of its failure. */
function wordsOf(result: JsonObject): string {
  const texts = contentOf(result).flatMap((block) => textOf(block) ?? [])
  const words = texts.join("\n").trim()
  if (words === "") return "the tool failed and did not say why"
  return words.length > wordsMax ? `${words.slice(0, wordsMax)}…` : words
}
