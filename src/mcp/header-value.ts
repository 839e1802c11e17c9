/*
 * Values as `Mcp-Name` and `Mcp-Param-*` carry them: plain where that is possible, else as UTF-8 in a Base64 sentinel,
 * `=?base64?…?=` (MCP 2026-07-28, Streamable HTTP).
 */

const prefix = "=?base64?"
const suffix = "?="
const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/
const sentinel = /^=\?base64\?.*\?=$/s
/** Node's decoder forgives missing padding and stray characters; the specification does not. */
const canonicalBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const utf8 = new TextDecoder("utf-8", { fatal: true })

export const encodeHeaderValue = (value: string): string =>
  plain.test(value) && !sentinel.test(value)
    ? value
    : `${prefix}${Buffer.from(value).toString("base64")}${suffix}`

/** Undefined for a sentinel around something else than canonical Base64 of UTF-8. Without prefix or suffix a value is literal. */
export function decodeHeaderValue(value: string): string | undefined {
  if (!value.startsWith(prefix) || !value.endsWith(suffix)) return value
  const encoded = value.slice(prefix.length, value.length - suffix.length)
  if (!canonicalBase64.test(encoded)) return undefined
  try {
    return utf8.decode(Buffer.from(encoded, "base64"))
  } catch (error) {
    if (error instanceof TypeError) return undefined // not UTF-8
    throw error
  }
}
