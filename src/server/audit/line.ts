import type { AuditRecord, Digested, Target } from "../../call/audit.ts"
import type { Caller } from "../../call/caller.ts"
import type { JsonObject } from "../../schema/json.ts"

/** A record's place in the chain. */
export interface Link {
  /** Counts from 1. */
  readonly seq: number
  /** SHA-256 of the bytes of the line before, without its newline, in hex; {@link noHash} for the first. */
  readonly prev: string
}

export const noHash = "0".repeat(64)

/** Bytes of a line, with its newline. */
export const lineBytesMax = 4096

/** Bytes a buffer for {@link writeLine} has: a character of a line is at most three of them. */
export const lineBufferBytes = 3 * lineBytesMax

/** How much of a record is kept: the usual measure, and those for records that would otherwise not fit a line. */
interface Cut {
  /** Characters of one string. */
  readonly chars: number
  /** Members of one list. */
  readonly items: number
  /** Characters of the note as JSON. */
  readonly note: number
}

const usual: Cut = { chars: 256, items: 32, note: 2048 }
const cuts: readonly Cut[] = [
  usual,
  { chars: 64, items: 8, note: 512 },
  { chars: 24, items: 2, note: 0 },
]

/**
 * Writes a record as one line of JSON into `buffer` at byte `at` and returns how many bytes it has, newline included. The keys are
 * always the same, in this order; what does not apply is null; only `note` may be absent. Written by hand, because every
 * call waits for this line.
 */
export function writeLine(buffer: Buffer, record: AuditRecord, link: Link, at = 0): number {
  for (const cut of cuts) {
    const text = line(record, link, cut)
    if (text.length > lineBytesMax) continue
    const bytes = buffer.write(text, at, "utf8")
    if (bytes <= lineBytesMax) return bytes
  }
  throw new RangeError("an audit record does not fit its line") // the last cut fits whatever the strings are
}

function line(record: AuditRecord, { seq, prev }: Link, cut: Cut): string {
  const { chars } = cut
  return (
    `{"seq":${seq},"prev":"${prev}","time":"${isoTime(record.timeMs)}"` +
    `,"kind":"${record.kind}","id":${text(record.id, chars)}` +
    `,"trace":${text(record.trace, chars)},"era":${word(record.era)}` +
    `,"method":${text(record.method, chars)},"remote":${text(record.remote, chars)}` +
    `,"caller":${cut === usual ? usualCaller(record.caller) : caller(record.caller, cut)}` +
    `,"target":${entity(record.target, typeOf(record.target), chars)}` +
    `,"server":${entity(record.server, "", chars)}` +
    `,"decision":"${record.decision}","refusal":${word(record.refusal)}` +
    `,"reason":${text(record.reason, chars)},"warnings":${list(record.warnings, cut)}` +
    `,"outcome":${word(record.outcome)},"ms":${milliseconds(record.ms)}` +
    `,"backendMs":${milliseconds(record.backendMs)}` +
    `,"in":${digested(record.in)},"out":${digested(record.out)}` +
    `,"catalog":${text(record.catalog, chars)}${note(record.note, cut)}}\n`
  )
}

/** A caller is frozen and often the same object for many calls, so its part of the line is kept with it. */
const kept = new WeakMap<Caller, string>()

function usualCaller(who: Caller | undefined): string {
  if (who === undefined) return "null"
  const known = kept.get(who)
  if (known !== undefined) return known
  const made = caller(who, usual)
  kept.set(who, made)
  return made
}

function caller(who: Caller | undefined, cut: Cut): string {
  if (who === undefined) return "null"
  const { chars } = cut
  return (
    `{"name":${text(who.name, chars)},"version":${text(who.version, chars)}` +
    `,"trust":"${who.trust}","by":${list(who.by, cut)},"issuer":${text(who.issuer, chars)}` +
    `,"subject":${text(who.subject, chars)},"onBehalfOf":${text(who.onBehalfOf, chars)}}`
  )
}

const typeOf = (target: Target | undefined): string =>
  target?.type === undefined ? '"type":"tool",' : `"type":"${target.type}",`

function entity(
  ref: { readonly name: string; readonly version?: string | undefined } | undefined,
  type: string,
  chars: number,
): string {
  if (ref === undefined) return "null"
  return `{${type}"name":${text(ref.name, chars)},"version":${text(ref.version, chars)}}`
}

/** A word of the gateway's own: there is nothing in it to escape or cut. */
const word = (own: string | undefined): string => (own === undefined ? "null" : `"${own}"`)

/** Digests are made by the gateway itself, so there is nothing in them to escape or cut. */
const digested = (what: Digested | undefined): string =>
  what === undefined ? "null" : `{"digest":"${what.digest}","bytes":${what.bytes}}`

function list(items: readonly string[], { chars, items: most }: Cut): string {
  if (items.length === 0) return "[]"
  return `[${items.slice(0, most).map((item) => text(item, chars))}]`
}

function note(value: JsonObject | undefined, { note: most }: Cut): string {
  if (value === undefined) return ""
  const json = visible(JSON.stringify(value))
  return json.length > most ? `,"note":{"cut":true}` : `,"note":${json}`
}

/**
 * To a thousandth, printed from whole numbers, because printing a fraction takes several times as long. Null for what
 * is not a time.
 */
function milliseconds(value: number | undefined): string {
  const thousandths = Math.round(Math.max(value ?? Number.NaN, 0) * 1000)
  if (!Number.isSafeInteger(thousandths)) return "null"
  const rest = thousandths % 1000
  const zeros = rest < 10 ? "00" : rest < 100 ? "0" : ""
  return `${(thousandths - rest) / 1000}.${zeros}${rest}`
}

/** Printable ASCII without quote and backslash: stands in JSON as it is. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

function text(value: string | undefined, chars: number): string {
  if (value === undefined) return "null"
  const short = value.length > chars ? `${value.slice(0, chars - 1)}…` : value
  return plain.test(short) ? `"${short}"` : visible(JSON.stringify(short))
}

/** What JSON leaves as it is and a terminal or a line reader would act on: C1 controls, line separators, bidi, invisibles. */
const acting = /[\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g
const visible = (json: string): string =>
  json.replace(acting, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`)

let second = Number.NaN
let secondText = ""

/** ISO 8601 in UTC with milliseconds. The part up to the second is kept: records come in thousands a second. */
function isoTime(timeMs: number): string {
  const at = Math.floor(timeMs / 1000)
  if (at !== second) {
    secondText = new Date(at * 1000).toISOString().slice(0, 20)
    second = at
  }
  return `${secondText}${String(Math.floor(timeMs - at * 1000)).padStart(3, "0")}Z`
}
