import { isObject, type JsonObject } from "../schema/json.ts"
import type { BackendReply, RpcError } from "./backends.ts"
import { hopsOnward } from "./hops.ts"

/** The member of `_meta` in which a backend finds the idempotency key of a call (MCP has none of its own). */
export const idempotencyKey = "dev.postern/idempotencyKey"

/** The gateway's own keys: what it says under them nobody else may say, neither to it nor through it. */
const isOurs = (key: string) => key.startsWith("dev.postern/")

/**
 * What of a caller's `_meta` goes on to the backend: all but our own keys; and the key of the call, if it has one, and how
 * many gateways it has passed. The four keys that MCP 2026-07-28 reserves
 * (protocol version, client capabilities, client info, log level) are the protocol face's, which takes them out
 * before, and the backend's codec writes its own.
 */
export function forwardedMeta(meta: JsonObject | undefined, key: string | undefined): JsonObject {
  const hops = hopsOnward(meta)
  if (meta === undefined && key === undefined) return hops
  return {
    ...(meta && withoutOurs(meta)),
    ...hops,
    ...(key !== undefined && { [idempotencyKey]: key }),
  }
}

/** A backend's reply without anything it says in our name: a refusal, a trust level. The same object where it says none. */
export function withoutOurMeta(reply: BackendReply): BackendReply {
  if (reply.kind === "refusal") return reply
  if (reply.kind === "error") {
    const error = withoutOurData(reply.error)
    return error === reply.error ? reply : { kind: "error", error }
  }
  const result = withoutOurMembers(reply.result)
  if (result === reply.result) return reply
  const plain = reply.plain && withoutOurMembers(reply.plain)
  return { kind: "result", result, ...(plain && { plain }) }
}

/** A result or parameters without what its `_meta` says in our name. */
export function withoutOurMembers(result: JsonObject): JsonObject {
  const meta = result["_meta"]
  if (!isObject(meta)) return result
  const kept = withoutOurs(meta)
  return kept === meta ? result : { ...result, _meta: kept }
}

/** A backend's notification, held to the same. */
export function withoutOurNotice(notification: JsonObject): JsonObject {
  const { params } = notification
  if (!isObject(params)) return notification
  const kept = withoutOurMembers(params)
  return kept === params ? notification : { ...notification, params: kept }
}

function withoutOurData(error: RpcError): RpcError {
  if (!isObject(error.data)) return error
  const data = withoutOurs(error.data)
  return data === error.data ? error : { ...error, data }
}

function withoutOurs(object: JsonObject): JsonObject {
  if (!Object.keys(object).some(isOurs)) return object
  return Object.fromEntries(Object.entries(object).filter(([key]) => !isOurs(key)))
}
