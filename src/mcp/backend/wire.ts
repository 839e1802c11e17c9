import type { QuestionAnswer } from "../../call/interaction/question.ts"
import type { JsonObject } from "../../schema/json.ts"
import { envelopeKeys, metaKeys } from "../meta-keys.ts"
import { firstModern, legacyVersions, newestLegacy } from "../revisions.ts"
import type { Outgoing } from "./outgoing.ts"

/** Those that callers may speak, and one that only servers still do. */
const understood: readonly unknown[] = [...legacyVersions, "2024-10-07"]

export const isLegacyVersion = (version: unknown): version is string => understood.includes(version)

/** Name and version that the gateway gives itself towards backends. */
export interface Identity {
  readonly name: string
  readonly version: string
}

const reserved: ReadonlySet<string> = new Set([...envelopeKeys, "progressToken"])

/**
 * The members of `_meta` that every request of the modern era carries, from what its caller can be asked (JSON text).
 * Where that is nothing, no backend asks for an interaction.
 */
export type Envelope = (capabilities: string) => string

export function envelopeOf({ name, version }: Identity): Envelope {
  const around = (capabilities: string) =>
    `"${metaKeys.version}":"${firstModern}","${metaKeys.capabilities}":${capabilities},` +
    `"${metaKeys.clientInfo}":${JSON.stringify({ name, version })}`
  const plain = around(noCapabilities)
  return (capabilities) => (capabilities === noCapabilities ? plain : around(capabilities))
}

/** As JSON text. */
export const noCapabilities = "{}"

/**
 * The request as JSON text, with an envelope in the modern era. The caller's progress token is replaced by the id: tokens
 * of two callers may be equal.
 */
export function requestText(outgoing: Outgoing, envelope: Envelope | undefined): string {
  const { id, method, members, meta } = outgoing
  const common = envelope === undefined ? "" : envelope(outgoing.capabilities) + logged(outgoing)
  const metaMembers = meta === undefined ? common : joined(common, carried(meta, id))
  const metaText = metaMembers === "" ? "" : `"_meta":{${metaMembers}}`
  const { legacyMembers, roundMembers } = outgoing
  const own = joined(members, envelope === undefined ? legacyMembers : roundMembers)
  return `{"jsonrpc":"2.0","id":"${id}","method":"${method}","params":{${joined(own, metaText)}}}`
}

/** A legacy server is told the level for a whole session: see log-levels.ts. */
const logged = ({ logs }: Outgoing): string =>
  logs === undefined ? "" : `,"${metaKeys.logLevel}":${JSON.stringify(logs.level)}`

const joined = (one: string, other: string): string =>
  one === "" || other === "" ? one + other : `${one},${other}`

/** The caller's `_meta` without what is ours to say. */
function carried(meta: JsonObject, id: string): string {
  if (!Object.keys(meta).some((key) => reserved.has(key))) return membersOf(meta)
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
  protocolVersion: newestLegacy,
  capabilities,
  clientInfo: { name, version },
})

export const initializedText = '{"jsonrpc":"2.0","method":"notifications/initialized"}'

export const rootsChangedText = '{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}'

export const cancelledText = (id: string): string =>
  `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"${id}","reason":"cancelled by the caller"}}`

/**
 * How a backend's own request is answered where nobody can be asked: pings are answered, everything else needs a
 * capability that was not declared.
 */
export function replyText(request: JsonObject): string {
  const { id = null, method } = request
  const outcome =
    method === "ping" ? { result: {} } : { error: { code: -32601, message: "Method not found" } }
  return JSON.stringify({ jsonrpc: "2.0", id, ...outcome })
}

/** How a backend's question is answered where it is not known whom to ask. */
export const unattributedText = ({ id = null }: JsonObject): string =>
  JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32603, message: unattributed } })

const unattributed =
  "It cannot be told which call this is about: ask on the stream of the call (relatedRequestId)"

/** What a backend is told of the caller's answer to its question. Nobody's answer is a cancelled form, or an error. */
export function answerText({ id = null, method }: JsonObject, answer: QuestionAnswer): string {
  const outcome =
    answer.kind !== "unanswered"
      ? withoutKind(answer)
      : method === "elicitation/create"
        ? { result: { action: "cancel" } }
        : { error: { code: -32603, message: `No answer: ${answer.reason}` } }
  return JSON.stringify({ jsonrpc: "2.0", id, ...outcome })
}

const withoutKind = ({ kind: _, ...outcome }: QuestionAnswer) => outcome

/** The client's progress with a question, under the server's own token. */
export const progressText = (token: string | number, params: JsonObject): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    method: "notifications/progress",
    params: { ...params, progressToken: token },
  })
