import { nested } from "../../../call/tasks/shape.ts"
import type { CatalogTool } from "../../../registry/catalog.ts"
import { isObject, type Json, type JsonObject } from "../../../schema/json.ts"
import { metaKeys } from "../../meta-keys.ts"
import { type CallCodec, shapeOf } from "../call-tool.ts"

/** Members that only modern results have. */
const modernOnly = ["resultType", "ttlMs", "cacheScope"]

export const legacyCodec: CallCodec = {
  era: "legacy",
  meta: (meta) => meta,

  result({ result, text }, tool) {
    if (result["resultType"] === "task") return createdTask(result)
    const shaped = tool === undefined ? asObject(result) : wrapped(result, tool)
    if (!isLegacy(shaped)) return JSON.stringify({ content: [], ...withoutModern(shaped) })
    return shaped === result && text !== undefined ? text : JSON.stringify(shaped)
  },

  contentResult: (result) => JSON.stringify(withoutModern(result)),
}

/** A task in place of a result, which is nested in this era. */
function createdTask({ _meta: meta, ...task }: JsonObject): string {
  return JSON.stringify({ task: nested(task), ...(meta !== undefined && { _meta: meta }) })
}

function withoutModern(result: JsonObject): JsonObject {
  const kept = Object.entries(result).filter(([key]) => !modernOnly.includes(key))
  const legacy: Record<string, Json> = Object.fromEntries(kept)
  const meta = result["_meta"]
  if (isObject(meta)) {
    const entries = Object.entries(meta).filter(([key]) => key !== metaKeys.serverInfo)
    if (entries.length > 0) legacy["_meta"] = Object.fromEntries(entries)
    else delete legacy["_meta"]
  }
  return legacy
}

/** A value without a schema is wrapped only where it must be: this era knows objects only. */
const asObject = (result: JsonObject): JsonObject => {
  const { structuredContent } = result
  return structuredContent === undefined || isObject(structuredContent)
    ? result
    : { ...result, structuredContent: { result: structuredContent } }
}

const isLegacy = ({ resultType, ttlMs, cacheScope, content, _meta: meta }: JsonObject): boolean =>
  resultType === undefined &&
  ttlMs === undefined &&
  cacheScope === undefined &&
  Array.isArray(content) &&
  !(isObject(meta) && Object.hasOwn(meta, metaKeys.serverInfo))

/**
 * The result of a tool whose schema allows more than objects: `structuredContent` in its wrapper, and the value as text
 * for clients that read nothing else.
 */
function wrapped(result: JsonObject, tool: CatalogTool): JsonObject {
  const { structuredContent, content } = result
  if (structuredContent === undefined || !shapeOf(tool).isWrapped) return asObject(result)
  const blocks = Array.isArray(content) ? content : []
  const hasText = blocks.some((block) => isObject(block) && block["type"] === "text")
  const text = { type: "text", text: JSON.stringify(structuredContent) }
  return {
    ...result,
    content: hasText ? blocks : [...blocks, text],
    structuredContent: { result: structuredContent },
  }
}
