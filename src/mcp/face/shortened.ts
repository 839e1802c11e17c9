import { isObject, type Json, type JsonObject } from "../../schema/json.ts"

/** Also one whose digits are kept (see `parseExact`), which is no text in any case. */
const isNumber = (value: Json | undefined) => value !== undefined && typeof value !== "string"

/** Characters of what a server calls its logger. */
const loggerMax = 256

/**
 * A notification that is too long for its reader's buffer, as text that is not: how far the work has come, without words;
 * that something was logged, without what it was. Undefined where nothing is left that means the same: a stream without it
 * is worth more than one that is cut.
 */
export function shortened(notification: JsonObject, lengthMax: number): string | undefined {
  const { method, params } = notification
  if (!isObject(params)) return
  const less = lessOf(method, params)
  const text = less && JSON.stringify({ jsonrpc: "2.0", method, params: less })
  return text !== undefined && text.length <= lengthMax ? text : undefined
}

function lessOf(method: unknown, params: JsonObject): JsonObject | undefined {
  if (method === "notifications/progress") {
    const { progressToken = null, progress = null, total } = params
    return { progressToken, progress, ...(isNumber(total) && { total }) }
  }
  if (method !== "notifications/message") return
  const { level = "info", logger } = params
  const data = "left out: longer than this stream carries (limits.streamBufferBytes)"
  return {
    level,
    ...(typeof logger === "string" && { logger: logger.slice(0, loggerMax).toWellFormed() }),
    data,
  }
}
