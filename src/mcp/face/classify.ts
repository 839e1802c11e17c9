import { isObject, type JsonObject } from "../../schema/json.ts"
import type { RpcId } from "../jsonrpc.ts"
import { metaKeys } from "../meta-keys.ts"
import { firstModern } from "../revisions.ts"
import { codes, type Fail, fail } from "./errors.ts"
import { header, type RequestHeaders } from "./headers.ts"
import { envelopeFault } from "./modern/envelope.ts"
import { idOf, type Message, messageOf } from "./shape.ts"

/** Which era's table answers a POST, or why none does. */
export type Route =
  | { readonly era: "modern"; readonly message: Message; readonly version: string }
  | { readonly era: "legacy"; readonly message: Message }
  | { readonly era: undefined; readonly id: RpcId | undefined; readonly fail: Fail }

/**
 * Decides the era of one posted message. The body decides, headers only contradict: a proxy that strips them must not
 * change what a request means. Equal to `classifyInboundRequest` of the MCP SDK, the difference being that batches are
 * refused whole: no revision we serve has them (2025-03-26 did).
 */
export function classify(headers: RequestHeaders, body: unknown): Route {
  if (Array.isArray(body)) return refused(undefined, invalid("batches are not supported"))
  const message = messageOf(body)
  if (message === undefined) return refused(idOf(body), invalid("not a JSON-RPC message"))
  if (message.kind === "response") return { era: "legacy", message }

  const version = trimmed(header(headers, "mcp-protocol-version"))
  const meta = metaOf(message.params)
  const isClaimed = meta !== undefined && Object.hasOwn(meta, metaKeys.version)
  return message.kind === "request"
    ? classifyRequest(headers, message, version, isClaimed ? meta : undefined, meta)
    : classifyNotification(headers, message, version, isClaimed ? meta : undefined)
}

type Request = Extract<Message, { kind: "request" }>
type Notification = Extract<Message, { kind: "notification" }>

/** `claim` is `_meta` where it names a protocol version. */
function classifyRequest(
  headers: RequestHeaders,
  message: Request,
  version: string | undefined,
  claim: JsonObject | undefined,
  meta: JsonObject | undefined,
): Route {
  const isHandshake = message.method === "initialize" && !isSoundModern(claim)
  if (isHandshake || claim === undefined) {
    if (version === undefined || version < firstModern) return { era: "legacy", message }
    if (isHandshake)
      return refused(message.id, mismatch("initialize belongs to revisions before 2026-07-28"))
    return refused(message.id, envelopeMissing(meta))
  }
  const fault = envelopeFault(claim)
  if (fault !== undefined) return refused(message.id, badEnvelope(fault))
  const claimed = String(claim[metaKeys.version])
  const contradiction = contradicts(headers, message.method, version, claimed)
  if (contradiction !== undefined) return refused(message.id, contradiction)
  return { era: "modern", message, version: claimed }
}

function classifyNotification(
  headers: RequestHeaders,
  message: Notification,
  version: string | undefined,
  claim: JsonObject | undefined,
): Route {
  if (claim === undefined && (version === undefined || version < firstModern))
    return { era: "legacy", message }
  const claimed = claim === undefined ? version : claim[metaKeys.version]
  if (typeof claimed !== "string")
    return refused(undefined, badEnvelope(`${metaKeys.version}: expected a string`))
  if (version !== undefined && version !== claimed) return refused(undefined, versionMismatch)
  const named = trimmed(header(headers, "mcp-method"))
  if (claimed >= firstModern && named !== undefined && named !== message.method)
    return refused(undefined, methodMismatch)
  return { era: "modern", message, version: claimed }
}

/** A claim that wins over the method name `initialize`: sound, and of a modern revision. */
const isSoundModern = (claim: JsonObject | undefined): boolean =>
  claim !== undefined &&
  String(claim[metaKeys.version]) >= firstModern &&
  envelopeFault(claim) === undefined

function contradicts(
  headers: RequestHeaders,
  method: string,
  version: string | undefined,
  claimed: string,
): Fail | undefined {
  if (version !== undefined && version !== claimed) return versionMismatch
  const named = trimmed(header(headers, "mcp-method"))
  return named !== undefined && named !== method ? methodMismatch : undefined
}

const metaOf = (params: JsonObject | undefined): JsonObject | undefined => {
  const meta = params?.["_meta"]
  return isObject(meta) ? meta : undefined
}

/** Optional white space around a field value is not part of it (RFC 9110 §5.5). */
export function trimmed(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const first = value.charCodeAt(0)
  const last = value.charCodeAt(value.length - 1)
  if (first > 0x20 && last > 0x20) return value
  return value.replace(/^[ \t]+|[ \t]+$/g, "")
}

const refused = (id: RpcId | undefined, failure: Fail): Route => ({
  era: undefined,
  id,
  fail: failure,
})
const invalid = (words: string): Fail =>
  fail(400, codes.invalidRequest, `Invalid request: ${words}`)
export const mismatch = (words: string): Fail =>
  fail(400, codes.headerMismatch, `Header mismatch: ${words}`)
const versionMismatch = mismatch("MCP-Protocol-Version and the body name different versions")
const methodMismatch = mismatch("Mcp-Method and the body name different methods")
const badEnvelope = (words: string): Fail =>
  fail(400, codes.invalidParams, `Invalid _meta envelope: ${words}`)

function envelopeMissing(meta: JsonObject | undefined): Fail {
  const required = [metaKeys.version, metaKeys.capabilities]
  const missing = required.filter((key) => meta === undefined || !Object.hasOwn(meta, key))
  return badEnvelope(`missing ${missing.join(", ")}`)
}
