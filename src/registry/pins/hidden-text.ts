import { type Place, pointerTo } from "../../schema/guard/finding.ts"
import { isList, isObject } from "../../schema/json.ts"
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

/** So many are told: nobody but an attacker has more. */
const foundMax = 20

/** What is hidden in the strings and keys of a value, in the order in which they are written; the first 20. */
export const hiddenIn = (value: unknown): HiddenText[] =>
  hiddenPlaces(value).map(({ at, what }) => ({ at: escaped(at), what }))

/** An object or array that is gone through, and how far. */
interface Open {
  readonly place: Place | undefined
  readonly parts: Iterator<Part>
  readonly up: Open | undefined
}

type Part = readonly [key: string | number, value: unknown]

/**
 * The same with pointers as they are, to follow and not to be shown. All of a value is looked at, and no limit is there to
 * hide behind; nearly always there is nothing but plain text in it, and not one pointer is written.
 */
export function hiddenPlaces(value: unknown): HiddenText[] {
  const found = typeof value === "string" ? hiddenAt(undefined, value) : []
  let open = opened(value, undefined, undefined)
  while (open !== undefined && found.length < foundMax) {
    const { done, value: part } = open.parts.next()
    if (done === true) {
      open = open.up
      continue
    }
    const [key, inside] = part
    const place = { up: open.place, key }
    for (const text of part) if (typeof text === "string") found.push(...hiddenAt(place, text))
    open = opened(inside, place, open) ?? open
  }
  return found.slice(0, foundMax) // a key and its value may be one too many
}

function opened(value: unknown, place: Place | undefined, up: Open | undefined): Open | undefined {
  if (isList(value)) return { place, parts: value.entries(), up }
  return isObject(value) ? { place, parts: Object.entries(value).values(), up } : undefined
}

function hiddenAt(place: Place | undefined, text: string): HiddenText[] {
  const what = plain.test(text) ? undefined : hiddenText(text)
  return what === undefined ? [] : [{ at: pointerTo(place), what }]
}

/** What is hidden, line ends beyond ASCII, which are not seen for what they are, and half surrogate pairs. */
const hiddenClass = hiddenRanges
  .map(({ from, to }) => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`)
  .join("")
const acting = new RegExp(`[${hiddenClass}\\u2028\\u2029\\ud800-\\udfff]`, "gu")

/** A text with what a person would not see in it written as `\uXXXX`. */
export const escaped = (text: string): string =>
  plain.test(text) ? text : text.replace(acting, (char) => char.split("").map(unitOf).join(""))

const unitOf = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`
