import type { JsonObject } from "../../schema/json.ts"
import type { Outgoing } from "./outgoing.ts"

export type Era = "legacy" | "modern"

export const modernVersion = "2026-07-28"
const legacyVersion = "2025-11-25"
const legacyVersions = [legacyVersion, "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"]

export const isLegacyVersion = (version: unknown): version is string =>
  typeof version === "string" && legacyVersions.includes(version)

/** Name and version that the gateway gives itself towards backends. */
export interface Identity {
  readonly name: string
  readonly version: string
}

const versionKey = "io.modelcontextprotocol/protocolVersion"
const capabilitiesKey = "io.modelcontextprotocol/clientCapabilities"
const identityKey = "io.modelcontextprotocol/clientInfo"
const logLevelKey = "io.modelcontextprotocol/logLevel"
const reserved = new Set([versionKey, capabilitiesKey, identityKey, logLevelKey, "progressToken"])

/** The members of `_meta` that every request carries: the envelope of the modern era, nothing in the legacy one. */
export const envelope = (era: Era, identity: Identity): string => {
  if (era === "legacy") return ""
  const { name, version } = identity
  const members = {
    [versionKey]: modernVersion,
    [capabilitiesKey]: {}, // no capability is declared, so no backend asks for an interaction
    [identityKey]: { name, version },
  }
  return JSON.stringify(members).slice(1, -1)
}

/** The request as JSON text. The caller's progress token is replaced by the id: tokens of two callers may be equal. */
export function requestText({ id, method, members, meta }: Outgoing, common: string): string {
  const metaMembers = meta === undefined ? common : joined(common, carried(meta, id))
  const metaText = metaMembers === "" ? "" : `"_meta":{${metaMembers}}`
  return `{"jsonrpc":"2.0","id":"${id}","method":"${method}","params":{${joined(members, metaText)}}}`
}

const joined = (one: string, other: string): string =>
  one === "" || other === "" ? one + other : `${one},${other}`

/** The caller's `_meta` without what is ours to say. */
function carried(meta: JsonObject, id: string): string {
  const entries = Object.entries(meta).filter(([key]) => !reserved.has(key))
  const rest = entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
  if (meta["progressToken"] !== undefined) rest.push(`"progressToken":"${id}"`)
  return rest.join(",")
}

/** The members of an object as JSON text, without its braces. */
export const membersOf = (params: JsonObject): string => JSON.stringify(params).slice(1, -1)

export const initializeParams = (
  { name, version }: Identity,
  capabilities: JsonObject,
): JsonObject => ({
  protocolVersion: legacyVersion,
  capabilities,
  clientInfo: { name, version },
})

export const initializedText = '{"jsonrpc":"2.0","method":"notifications/initialized"}'

export const cancelledText = (id: string): string =>
  `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"${id}","reason":"cancelled by the caller"}}`

/** What a backend's own request is answered with: pings are, everything else needs a capability that was not declared. */
export function replyText(request: JsonObject): string {
  const { id = null, method } = request
  const outcome =
    method === "ping" ? { result: {} } : { error: { code: -32601, message: "Method not found" } }
  return JSON.stringify({ jsonrpc: "2.0", id, ...outcome })
}
