import { isObject, type JsonObject } from "../../../schema/json.ts"
import type { CallCodec } from "../call-tool.ts"
import { metaKeys } from "./envelope.ts"

const reserved: readonly string[] = [
  metaKeys.version,
  metaKeys.capabilities,
  metaKeys.clientInfo,
  metaKeys.logLevel,
]

/** What every modern result has: who answers. A member of the result, as JSON text. */
export const ownMeta = (serverInfo: JsonObject): string =>
  `"_meta":{"${metaKeys.serverInfo}":${JSON.stringify(serverInfo)}}`

export const modernCodec: CallCodec = {
  era: "modern",

  meta(meta) {
    let kept: Record<string, JsonObject[string]> | undefined
    for (const key of Object.keys(meta)) {
      const value = meta[key]
      if (reserved.includes(key) || value === undefined) continue
      kept ??= {}
      kept[key] = value
    }
    return kept
  },

  result(result, _, context) {
    const { resultType, _meta: meta, content } = result
    if (resultType === undefined && meta === undefined && Array.isArray(content)) {
      // Nearly every result of a legacy backend: what is missing goes in front, and nothing is copied.
      return `{"resultType":"complete",${context.ownMeta},${JSON.stringify(result).slice(1)}`
    }
    return JSON.stringify({
      ...result,
      content: content ?? [],
      resultType: "complete",
      _meta: { ...(isObject(meta) ? meta : {}), [metaKeys.serverInfo]: context.serverInfo },
    })
  },
}
