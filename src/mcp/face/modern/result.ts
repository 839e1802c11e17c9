import { isObject, type Json, type JsonObject } from "../../../schema/json.ts"
import { envelopeKeys, metaKeys } from "../../meta-keys.ts"
import type { CallCodec } from "../call-tool.ts"
import type { FaceContext } from "../context.ts"

/** What every modern result has: who answers. A member of the result, as JSON text. */
export const ownMeta = (serverInfo: JsonObject): string =>
  `"_meta":{"${metaKeys.serverInfo}":${JSON.stringify(serverInfo)}}`

/** What every modern list has beside its elements, as JSON text. No list is public: each is one caller's. */
export const listMembers = (ttlMs: number, own: string): string =>
  `,"resultType":"complete","ttlMs":${ttlMs},"cacheScope":"private",${own}`

const withServerInfo = (meta: Json | undefined, { serverInfo }: FaceContext): JsonObject => ({
  ...(isObject(meta) ? meta : {}),
  [metaKeys.serverInfo]: serverInfo,
})

export const modernCodec: CallCodec = {
  era: "modern",

  meta(meta) {
    let kept: Record<string, JsonObject[string]> | undefined
    for (const key of Object.keys(meta)) {
      const value = meta[key]
      if (envelopeKeys.has(key) || value === undefined) continue
      kept ??= {}
      kept[key] = value
    }
    return kept
  },

  result({ result, text }, _, context) {
    const { resultType, _meta: meta, content } = result
    const isComplete = resultType === undefined || resultType === "complete"
    if (isComplete && meta === undefined && Array.isArray(content)) {
      // Nearly every result: what is missing goes in front, and nothing is copied.
      const missing = resultType === undefined ? `"resultType":"complete",` : ""
      return `{${missing}${context.ownMeta},${(text ?? JSON.stringify(result)).slice(1)}`
    }
    const isAsking = resultType === "input_required" || resultType === "task"
    return JSON.stringify({
      ...result,
      ...(isAsking ? {} : { content: content ?? [], resultType: "complete" }),
      _meta: withServerInfo(meta, context),
    })
  },

  contentResult(result, isCacheable, context) {
    const { resultType, ttlMs } = result
    if (resultType === "input_required")
      return JSON.stringify({ ...result, _meta: withServerInfo(result["_meta"], context) })
    const isTtl = typeof ttlMs === "number" && Number.isSafeInteger(ttlMs) && ttlMs >= 0
    return JSON.stringify({
      ...result,
      ...(isCacheable && { ttlMs: isTtl ? ttlMs : 0, cacheScope: "private" }),
      resultType: "complete",
      _meta: withServerInfo(result["_meta"], context),
    })
  },
}
