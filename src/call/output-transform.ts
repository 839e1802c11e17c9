import { compileMapping } from "../compose/mapping.ts"
import type { ToolEntity } from "../registry/model.ts"
import { isObject, type Json, type JsonObject } from "../schema/json.ts"
import { parseJson } from "../schema/parse-json.ts"

type Transform = (value: Json) => Json

/** Compiled at first use and kept as long as the document that declares it. */
const compiled = new WeakMap<JsonObject, Transform>()

/** The tool's `outputTransform`, if it declares one. */
export function transformOf({ outputTransform }: ToolEntity): Transform | undefined {
  if (outputTransform === undefined) return
  const known = compiled.get(outputTransform)
  if (known !== undefined) return known
  const transform = compileMapping(outputTransform)
  compiled.set(outputTransform, transform)
  return transform
}

/**
 * What a result holds for a transform to work on: `structuredContent`, else the JSON that its only block of text is as a
 * whole. JSON is never looked for in prose.
 */
export function structuredValue(result: JsonObject): Json | undefined {
  const { structuredContent, content } = result
  if (structuredContent !== undefined) return structuredContent
  if (!Array.isArray(content) || content.length !== 1) return
  const [block]: readonly Json[] = content
  if (block === undefined || !isObject(block) || block["type"] !== "text") return
  return typeof block["text"] === "string" ? parse(block["text"]) : undefined
}

function parse(text: string): Json | undefined {
  try {
    return parseJson(text) as Json // what is parsed from JSON is Json
  } catch (cause) {
    if (cause instanceof SyntaxError) return // prose
    throw cause
  }
}
