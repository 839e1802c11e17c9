import { digest } from "../../schema/canonical.ts"
import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { Approval, Lock, ServerPin, ToolPin } from "./lock.ts"
import { lockOf } from "./lock.ts"

export const lockVersion = 1

/**
 * A lock as it stands in its file: one entry a tool, keys of definitions in the order of RFC 8785, so that equal locks are
 * equal texts and a review sees the words that changed.
 */
export const lockText = (lock: Lock): string =>
  `${JSON.stringify({ lockVersion, servers: lockOf(lock.servers).servers.map(serverJson) }, null, 2)}\n`

function serverJson(pin: ServerPin): JsonObject {
  const { server, serverInfo, instructions, approval, tools } = pin
  return {
    server: server.name,
    ...(server.version !== undefined && { version: server.version }),
    digest: serverDigest(pin),
    ...(serverInfo && { serverInfo: { ...serverInfo } }),
    ...(instructions !== undefined && { instructions }),
    ...(approval && { approval: approvalJson(approval) }),
    tools: tools.map(toolJson),
  }
}

const toolJson = ({ name, digest, full, approval, definition }: ToolPin): JsonObject => ({
  name,
  digest,
  full,
  ...(approval && { approval: approvalJson(approval) }),
  definition: sorted(definition),
})

const approvalJson = ({ by, at, reason }: Approval): JsonObject => ({ by, at, reason })

/** Over a server's words and the digests of its tools: one line to compare, where a whole server is meant. */
function serverDigest({ serverInfo, instructions, tools }: ServerPin): string {
  return digest({
    ...(serverInfo && { serverInfo: { ...serverInfo } }),
    ...(instructions !== undefined && { instructions }),
    tools: Object.fromEntries(tools.map((tool) => [tool.name, tool.digest])),
  })
}

/** The same with its keys in order. Pinned definitions are not deep: they have a digest. */
function sorted(object: JsonObject): JsonObject
function sorted(value: Json): Json
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => sorted(item))
  if (!isObject(value)) return value
  const keys = Object.keys(value).sort()
  return Object.fromEntries(keys.map((key) => [key, sorted(value[key] ?? null)]))
}
