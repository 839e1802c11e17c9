import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import { mismatch, trimmed } from "./classify.ts"
import type { Fail } from "./errors.ts"
import { header, type RequestHeaders } from "./headers.ts"

const prefix = "=?base64?"
const suffix = "?="
/** Node's decoder forgives missing padding and stray characters; the specification does not. */
const canonicalBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/
const utf8 = new TextDecoder("utf-8", { fatal: true })

/**
 * The value of an `Mcp-Name` or `Mcp-Param-*` header: plain, or UTF-8 in a Base64 sentinel. Undefined for a sentinel
 * around something else. A value that lacks prefix or suffix is literal (MCP 2026-07-28, Streamable HTTP).
 */
export function decodeValue(value: string): string | undefined {
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

/** An argument that the schema wants mirrored in a header. */
export interface MirroredParam {
  readonly path: readonly string[]
  /** In lower case: `mcp-param-region`. */
  readonly header: string
  readonly isInteger: boolean
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const scalarTypes: readonly unknown[] = ["string", "integer", "boolean", "number"]

/**
 * The `x-mcp-header` annotations of a tool's input schema, reachable through `properties` alone. Those the
 * specification does not allow (other places, other types) bind nobody: a client that sees one drops the tool.
 */
export function mirroredParams(schema: JsonObject): readonly MirroredParam[] {
  const found: MirroredParam[] = []
  const visit = (node: Json | undefined, path: readonly string[]): void => {
    if (!isObject(node)) return
    const name = member(node, "x-mcp-header")
    const type = member(node, "type")
    if (
      path.length > 0 &&
      typeof name === "string" &&
      token.test(name) &&
      scalarTypes.includes(type)
    ) {
      const isInteger = type === "integer" || type === "number"
      found.push({ path, header: `mcp-param-${name.toLowerCase()}`, isInteger })
    }
    const properties = member(node, "properties")
    if (!isObject(properties)) return
    for (const [key, child] of Object.entries(properties)) visit(child, [...path, key])
  }
  visit(schema, [])
  return found
}

/** The first mirrored argument whose header is missing, unreadable or different (-32020), if any. */
export function paramFault(
  mirrored: readonly MirroredParam[],
  args: JsonObject | undefined,
  headers: RequestHeaders,
): Fail | undefined {
  for (const param of mirrored) {
    const value = valueAt(args, param.path)
    if (value === undefined || value === null || typeof value === "object") continue
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) continue // no header can be expected for these
    const sent = trimmed(header(headers, param.header))
    const place = param.path.join(".")
    if (sent === undefined) return mismatch(`${param.header} is missing for argument ${place}`)
    const decoded = decodeValue(sent)
    if (decoded === undefined) return mismatch(`${param.header} is not canonical Base64 of UTF-8`)
    if (!isSame(decoded, value, param.isInteger))
      return mismatch(`${param.header} and argument ${place} differ`)
  }
  return undefined
}

const decimal = /^-?\d+(?:\.\d+)?$/
const isSame = (decoded: string, value: string | number | boolean, isInteger: boolean): boolean =>
  isInteger && typeof value === "number" && decimal.test(decoded)
    ? Number(decoded) === value // 42.0 is 42
    : decoded === String(value)

function valueAt(root: Json | undefined, path: readonly string[]): Json | undefined {
  let node = root
  for (const key of path) node = isObject(node) ? member(node, key) : undefined
  return node
}
