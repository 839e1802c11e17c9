import { isList, isObject, type JsonObject, segment } from "../../schema/json.ts"
import { eachHidden, hiddenRanges, plain } from "./each-hidden.ts"

/** Text that a model reads and a person does not see, and where it stands. */
export interface HiddenText {
  /** A JSON Pointer (RFC 6901) to the string, or to the member whose key it is. */
  readonly at: string
  /** The characters in words, such as `U+200B, U+E0041 (12 characters)`. */
  readonly what: string
}

/** What is hidden in a text, in words; undefined where nothing is. */
export function hiddenText(text: string): string | undefined {
  const points = new Set<number>()
  let count = 0
  let last: number | undefined
  eachHidden(text, (at) => {
    count += 1
    const point = text.codePointAt(at) ?? 0
    if (point !== last && points.size <= namedMax) points.add(point)
    last = point
  })
  if (count === 0) return
  const more = points.size > namedMax ? ", …" : ""
  const characters = count === 1 ? "1 character" : `${count} characters`
  return `${[...points].slice(0, namedMax).map(pointOf).join(", ")}${more} (${characters})`
}

/** How many different characters are named. */
const namedMax = 5

/** Where the first hidden character of a text stands; -1 where there is none. */
export function firstHiddenAt(text: string): number {
  let first = -1
  eachHidden(text, (at) => {
    first = at
    return "enough"
  })
  return first
}

/** Commands to a terminal (ECMA-48: CSI, OSC), of which only the first character shows nothing. */
const [esc, csi, bell] = ["\\u001b", "\\u009b", "\\u0007"]
const command = new RegExp(
  `(?:${esc}\\[|${csi})[0-?]*[ -/]*[@-~]|${esc}\\][^${bell}${esc}]*(?:${bell}|${esc}\\\\)`,
  "y",
)

/** A text without what is hidden in it; emoji stay what they are. */
export function withoutHidden(text: string): string {
  let left = ""
  let from = 0 // behind what was hidden last
  let last = Number.NaN // the last unit that is left: to ask `left` for it would copy it each time
  const keep = (part: string) => {
    left += isSplit(last, part.charCodeAt(0)) ? `\ufffd${part}` : part
    last = part.charCodeAt(part.length - 1)
  }
  eachHidden(text, (at, units) => {
    if (at < from) return // within a command
    if (at > from) keep(text.slice(from, at))
    from = mayBeCommand(text, at) ? commandEnd(text, at) : at + units
  })
  if (from === 0) return text
  keep(text.slice(from))
  return left
}

/** Halves of a surrogate pair that only hidden text kept apart do not become one character, which could be hidden, too. */
const isSplit = (high: number, low: number): boolean =>
  high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000

function mayBeCommand(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit === 0x9b || (unit === 0x1b && "[]".includes(text.charAt(at + 1)))
}

/** Of what is none only the first character goes. */
function commandEnd(text: string, at: number): number {
  command.lastIndex = at
  return command.test(text) ? command.lastIndex : at + 1
}

const pointOf = (point: number) => `U+${point.toString(16).toUpperCase().padStart(4, "0")}`

/** How much of a value is looked at, and how much is told of it: nobody but an attacker has more. */
const nodesMax = 100_000
const foundMax = 20

interface Place {
  readonly at: string
  /** The key of a member, which a model reads, too. */
  readonly key?: string
  readonly value: unknown
}

/** What is hidden in the strings and keys of a value, in the order in which they are written; the first 20. */
export const hiddenIn = (value: unknown): HiddenText[] =>
  hiddenPlaces(value).map(({ at, what }) => ({ at: escaped(at), what }))

/** The same with pointers as they are, to follow and not to be shown. */
export function hiddenPlaces(value: unknown): HiddenText[] {
  if (isPlain(value)) return []
  const found: HiddenText[] = []
  const open: Place[] = [{ at: "", value }]
  for (let nodes = 0; nodes < nodesMax && found.length < foundMax; nodes++) {
    const place = open.pop()
    if (place === undefined) break
    found.push(...hiddenAt(place))
    for (const inside of placesIn(place).reverse()) open.push(inside)
  }
  return found
}

/** Whether there is nothing but plain text in it: nearly always, and found out without writing a pointer for each part. */
function isPlain(value: unknown): boolean {
  const open = [value]
  for (let nodes = 0; nodes < nodesMax && open.length > 0; nodes++) {
    const one = open.pop()
    if (typeof one === "string" && !plain.test(one)) return false
    for (const part of partsOf(one)) open.push(part)
  }
  return open.length === 0
}

function partsOf(value: unknown): readonly unknown[] {
  if (isList(value)) return value
  return isObject(value) ? [...Object.keys(value), ...Object.values(value)] : []
}

function hiddenAt({ at, key = "", value }: Place): HiddenText[] {
  const texts = typeof value === "string" ? [key, value] : [key]
  const found = texts.flatMap((text) => hiddenText(text) ?? [])
  return found.map((what) => ({ at, what }))
}

function placesIn({ at, value }: Place): Place[] {
  if (isList(value)) return value.map((item, index) => ({ at: `${at}/${index}`, value: item }))
  return isObject(value) ? membersOf(at, value) : []
}

const membersOf = (at: string, object: JsonObject): Place[] =>
  Object.entries(object).map(([key, value]) => ({ at: at + segment(key), key, value }))

/** What is hidden, line ends beyond ASCII, which are not seen for what they are, and half surrogate pairs. */
const hiddenClass = hiddenRanges
  .map(({ from, to }) => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`)
  .join("")
const acting = new RegExp(`[${hiddenClass}\\u2028\\u2029\\ud800-\\udfff]`, "gu")

/** A text with what a person would not see in it written as `\uXXXX`. */
export const escaped = (text: string): string =>
  plain.test(text) ? text : text.replace(acting, (char) => char.split("").map(unitOf).join(""))

const unitOf = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
