import { isList, isObject, type JsonObject, segment } from "../../schema/json.ts"

/** Text that a model reads and a person does not see, and where it stands. */
export interface HiddenText {
  /** A JSON Pointer (RFC 6901) to the string, or to the member whose key it is. */
  readonly at: string
  /** The characters in words, such as `U+200B, U+E0041 (12 characters)`. */
  readonly what: string
}

/** Code points that show nothing, or show the text around them as another; in hex, from and to. */
const ranges = [
  "0-8 b-c e-1f 7f-9f", // controls but tab and line ends: escape sequences begin with one
  "ad 34f 61c 115f-1160 17b4-17b5 180b-180f 3164 ffa0 fff9-fffb", // soft hyphen, joiners, fillers, annotations
  "200b-200f 202a-202e 2060-206f feff", // zero width, bidi controls, word joiner
  "fe00-fe0f e0000-e0fff", // variation selectors and tag characters, which carry whole texts
].flatMap((line) => line.split(" ").map((range) => range.split("-")))

const hiddenClass = ranges.map((range) => range.map((hex) => `\\u{${hex}}`).join("-")).join("")
const hidden = new RegExp(`[${hiddenClass}]`, "gu")
const anyHidden = new RegExp(`[${hiddenClass}]`, "u")

/** Most text is this, and need not be looked at further. */
const plain = /^[\t\n\r\x20-\x7e]*$/

/** Joiners and variation selectors make emoji what they are (Unicode TS 51); nothing hides in them. */
const emoji =
  /\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]*(?:\u200d\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]*)*|[0-9#*]\ufe0f?\u20e3/gu

/** How many different characters are named. */
const namedMax = 5

/** What is hidden in a text, in words; undefined where nothing is. */
export function hiddenText(text: string): string | undefined {
  if (plain.test(text) || !anyHidden.test(text)) return
  const found = text.replace(emoji, "").match(hidden)
  if (found === null) return
  const points = [...new Set(found)].map(pointOf)
  const more = points.length > namedMax ? ", …" : ""
  const count = found.length === 1 ? "1 character" : `${found.length} characters`
  return `${points.slice(0, namedMax).join(", ")}${more} (${count})`
}

const emojiOrHidden = new RegExp(`(${emoji.source})|[${hiddenClass}]`, "gu")

/** Where the first hidden character of a text stands; -1 where there is none. */
export function firstHiddenAt(text: string): number {
  if (plain.test(text) || !anyHidden.test(text)) return -1
  for (const { index, 1: shown } of text.matchAll(emojiOrHidden))
    if (shown === undefined) return index
  return -1
}

/** Commands to a terminal (ECMA-48: CSI, OSC), of which only the first character shows nothing. */
const [esc, bell] = ["\\u{1b}", "\\u{7}"]
const sequence = `(?:${esc}\\[|\\u{9b})[0-?]*[ -/]*[@-~]`
const commands = new RegExp(`${sequence}|${esc}\\][^${bell}${esc}]*(?:${bell}|${esc}\\\\)`, "gu")
const shownEmoji = new RegExp(`(${emoji.source})`, "gu")

/** A text without what is hidden in it; emoji stay what they are. */
export function withoutHidden(text: string): string {
  if (plain.test(text) || !anyHidden.test(text)) return text
  // Every second part is an emoji.
  const parts = text.replace(commands, "").split(shownEmoji)
  return parts.map((part, index) => (index % 2 === 1 ? part : part.replace(hidden, ""))).join("")
}

const pointOf = (char: string) =>
  `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`

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
const acting = new RegExp(`[${hiddenClass}\\u2028\\u2029\\ud800-\\udfff]`, "gu")

/** A text with what a person would not see in it written as `\uXXXX`. */
export const escaped = (text: string): string =>
  plain.test(text) ? text : text.replace(acting, (char) => char.split("").map(unitOf).join(""))

const unitOf = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
