import { type Hit, replaceAt } from "../../compose/replace-at.ts"
import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import { parseExact } from "../../schema/parse-exact.ts"
import { type BackendReply, refused } from "../backends.ts"
import { isUrlRequired } from "../interaction/round-result.ts"
import { type Change, mapText } from "./map-text.ts"
import {
  type ByForm,
  type ByPath,
  type Redacting,
  type Redaction,
  redactedBy,
} from "./redaction.ts"

export interface Redacted {
  readonly answer: BackendReply
  /** `redacted: ID` for each redaction that took something out. */
  readonly warnings: readonly string[]
}

/**
 * A tool's answer without what redactions take out of it: a result, that of a failed call included, and the error of a
 * server. What cannot be looked through to its end is withheld. The very same answer where there is nothing to take out.
 */
export function redact(
  answer: BackendReply,
  redactions: readonly Redaction[],
  { tool, charsMax, blocks = ofTools }: Limits,
): Redacted {
  const warnings: string[] = []
  let left = answer
  for (const { id, how } of redactions) {
    const looking: Looking = { left: charsMax, isCutOff: false }
    const made =
      how.kind === "path" ? byPath(left, how, looking) : byForm(left, how, looking, blocks)
    if (looking.isCutOff) return { answer: withheld(tool, id), warnings }
    if (made !== left) warnings.push(redactedBy(id))
    left = made
  }
  return { answer: left, warnings }
}

interface Limits {
  /** What a refusal names. */
  readonly tool: string
  readonly charsMax: number
  /** The members of a result that hold content. Default: those of a tool's. */
  readonly blocks?: ReadonlySet<string>
}

const ofTools: ReadonlySet<string> = new Set(["content"])
/** Of a resource that was read, and of a prompt. */
export const ofContent: ReadonlySet<string> = new Set(["contents", "messages"])

/**
 * A value that a server says in passing, without what a detector finds; undefined where it cannot be looked through to
 * its end. The members named in `except` are left alone. The very same value where there is nothing to take out.
 */
export function takenOut(
  value: Json,
  { forms, charsMax, found }: Redacting,
  except: ReadonlySet<string>,
): Json | undefined {
  let left = value
  for (const { id, how } of forms) {
    const looking: Looking = { left: charsMax, isCutOff: false }
    const { digits, inText } = changesBy(how, looking)
    const made = mapText(left, { text: inText, digits, except })
    if (looking.isCutOff) return
    if (made !== left) found(redactedBy(id))
    left = made
  }
  return left
}

interface Looking {
  /** Characters of text. */
  left: number
  isCutOff: boolean
}

const withheld = (tool: string, id: string): BackendReply =>
  unlooked(tool, `redaction ${id} cannot look through it to its end (limit resultText)`)

export const unlooked = (tool: string, reason: string): BackendReply =>
  refused({ code: "withheld_output", tool, words: "it cannot be redacted", reason })

/** Types and bytes are not texts to read, and an address that is changed leads nowhere. */
export const unread = new Set(["type", "mimeType", "data", "blob", "uri"])

function changesBy({ replace, replacement }: ByForm, looking: Looking) {
  const digits = (one: string) => (replace(one) === one ? undefined : replacement)
  const metered = (one: string) => (isAffordable(one, looking) ? replace(one) : one)
  const within = { text: replace, digits } // of a text that is paid for
  const inText = (one: string) => {
    if (!isAffordable(one, looking)) return one
    const left = replace(one)
    const isPlain = left === one && !one.includes("\\")
    if (isPlain) return one
    const json = inJson(one, looking, ({ exact }) => mapText(exact, within))
    return json === undefined ? left : replace(json) // a form may go across names and values
  }
  return { digits, metered, inText }
}

function byForm(
  answer: BackendReply,
  how: ByForm,
  looking: Looking,
  blocks: ReadonlySet<string>,
): BackendReply {
  const { digits, metered, inText } = changesBy(how, looking)
  const change = { text: metered, digits }
  if (answer.kind === "refusal") return answer
  if (answer.kind === "error") return inError(answer, change)
  return inBoth(answer, (result) => {
    const [ofTask, said] = parted(result, ofProtocol)
    const [content, rest] = parted(said, blocks)
    const others = mapText(rest, change)
    const shown = mapText(content, { text: inText, except: unread })
    if (others === rest && shown === content) return
    return { ...ofTask, ...objectOf(others), ...objectOf(shown) }
  })
}

const objectOf = (value: Json): JsonObject => (isObject(value) ? value : {})

/** By which a call goes on that has no result yet, in either era: changed, it could not. */
const ofProtocol = new Set(
  "resultType requestState inputRequests task taskId status createdAt lastUpdatedAt ttlMs pollIntervalMs".split(
    " ",
  ),
)

function parted(
  object: JsonObject,
  keys: ReadonlySet<string>,
): readonly [these: JsonObject, others: JsonObject] {
  const those = (isOne: boolean) =>
    Object.fromEntries(Object.entries(object).filter(([key]) => keys.has(key) === isOne))
  return [those(true), those(false)]
}

function byPath(answer: BackendReply, how: ByPath, looking: Looking): BackendReply {
  if (answer.kind !== "result") return answer
  const { content, structuredContent } = answer.plain ?? answer.result
  const at = (value: Json): readonly Hit[] => {
    const hits = how.hits(value)
    if (hits === undefined) looking.isCutOff = true
    return hits ?? []
  }
  const taken = structuredContent === undefined ? [] : at(structuredContent)
  const secrets = taken
    .flatMap(({ value }) => worded(value))
    .toSorted((a, b) => b.length - a.length) // what holds another goes before it
  const inText = (text: string) => {
    if (!isAffordable(text, looking)) return text
    const json = inJson(text, looking, ({ value, exact }) => {
      const hits = at(value)
      return hits.length === 0 ? exact : replaceAt(exact, hits, how.replacement)
    })
    return json ?? withoutWords(text, secrets, String(how.replacement))
  }
  const blocks = content && mapText(content, { text: inText, except: unread })
  if (taken.length === 0 && blocks === content) return answer
  return inBoth(answer, (result) => ({
    ...result,
    ...(blocks !== undefined && { content: blocks }),
    ...(result["structuredContent"] !== undefined && {
      structuredContent: replaceAt(result["structuredContent"], taken, how.replacement),
    }),
  }))
}

/** Shorter words than this stand in other words, too. */
const wordMin = 4

/** What prose would say of a value that was taken out. */
function worded(value: Json): readonly string[] {
  if (isList(value)) return value.flatMap(worded)
  if (isObject(value)) return Object.values(value).flatMap(worded)
  const words = typeof value === "string" || typeof value === "number" ? String(value) : ""
  return words.length < wordMin ? [] : [words]
}

const withoutWords = (text: string, secrets: readonly string[], by: string): string =>
  secrets.reduce((left, secret) => left.replaceAll(secret, by), text)

function isAffordable(text: string, looking: Looking): boolean {
  looking.left -= text.length
  looking.isCutOff ||= looking.left < 0
  return !looking.isCutOff
}

/** A JSON text as a value to look at, and the same with all its digits. */
interface Read {
  readonly value: Json
  readonly exact: Json
}

/**
 * A text that is JSON as a whole, redacted as the value that it means; undefined for prose. Where an object has a name
 * twice, the text holds more than parsing shows, so it is printed again.
 */
function inJson(text: string, looking: Looking, change: (read: Read) => Json): string | undefined {
  const bare = text.trim() // of a byte order mark, too
  if (!/^[[{]/.test(bare)) return
  try {
    const { value, exact } = parseExact(bare) as Read // what is parsed from JSON is Json
    const made = change({ value, exact })
    return made === exact && colons(bare) === members(value) ? text : JSON.stringify(made)
  } catch (cause) {
    if (cause instanceof SyntaxError) return
    if (!(cause instanceof RangeError)) throw cause
    looking.isCutOff = true // deeper than the stack
    return text
  }
}

/** Of a JSON text those outside of its strings: one for each member that is written in it. */
const colons = (json: string): number =>
  json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"/g, "").split(":").length - 1

function members(value: Json): number {
  if (isList(value)) return value.reduce<number>((sum, item) => sum + members(item), 0)
  if (!isObject(value)) return 0
  return Object.values(value).reduce<number>((sum, item) => sum + 1 + members(item), 0)
}

/** The result as it is sent and as it is looked at; undefined: unchanged. */
export function inBoth(
  answer: Extract<BackendReply, { kind: "result" }>,
  change: (result: JsonObject) => JsonObject | undefined,
): BackendReply {
  const result = change(answer.result)
  const plain = answer.plain && change(answer.plain)
  if (result === undefined && plain === undefined) return answer
  const twin = plain ?? answer.plain
  return { kind: "result", result: result ?? answer.result, ...(twin && { plain: twin }) }
}

/** By which a page is visited, and known again when it was. */
const ofPages: ReadonlySet<string> = new Set(["url", "elicitationId"])

function inError(answer: Extract<BackendReply, { kind: "error" }>, change: Change): BackendReply {
  const { data, ...error } = answer.error
  const message = change.text(error.message)
  const isJson = isObject(data) || isList(data) || typeof data === "string"
  const inData = isUrlRequired(answer) ? { ...change, except: ofPages } : change
  const told = isJson ? mapText(data, inData) : data
  if (message === error.message && told === data) return answer
  return { kind: "error", error: { ...error, message, ...(told !== undefined && { data: told }) } }
}
