import { literal, noWhiteSpace, type Reader, take, whiteSpace } from "./syntax.ts"

/** What an escape means: one character, a set as parts of a RE2 class, or something that RE2 cannot say. */
export type Escape =
  | { readonly kind: "character"; readonly codePoint: number }
  | { readonly kind: "set"; readonly re2: string | undefined }

const letters: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13 }
const sets: Readonly<Record<string, string>> = {
  d: "\\d",
  D: "\\D",
  w: "\\w",
  W: "\\W",
  s: whiteSpace,
  S: noWhiteSpace,
}

/** Reads an escape that means the same in a class and outside; the reader stands behind the backslash. */
export function readEscape(reader: Reader): Escape {
  const letter = reader.source[reader.at] ?? ""
  const set = sets[letter]
  const control = letters[letter]
  if (set !== undefined || control !== undefined) reader.at++
  if (set !== undefined) return { kind: "set", re2: set }
  if (control !== undefined) return character(control)
  return readProperty(reader) ?? readCode(reader) ?? readIdentity(reader)
}

const character = (codePoint: number): Escape => ({ kind: "character", codePoint })

const property = /([pP])\{(?:(?:Script|sc)=)?(\w+)\}/y
const anyProperty = /[pP]\{[^}]*\}/y

function readProperty(reader: Reader): Escape | undefined {
  if (!reader.isUnicode) return
  const match = take(reader, property)
  if (match === undefined)
    return take(reader, anyProperty) === undefined ? undefined : { kind: "set", re2: undefined }
  const [, letter = "", name = ""] = match
  return { kind: "set", re2: `\\${letter}{${categories.get(name) ?? name}}` }
}

/** RE2 knows the general categories by their short names only. */
const categories = new Map(
  Object.entries({
    Letter: "L",
    Lowercase_Letter: "Ll",
    Uppercase_Letter: "Lu",
    Mark: "M",
    Number: "N",
    Decimal_Number: "Nd",
    Punctuation: "P",
    Symbol: "S",
    Separator: "Z",
    Space_Separator: "Zs",
  }),
)

const hexadecimal = /x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})/y
const pair = /u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})/y
const braced = /u\{([0-9a-fA-F]+)\}/y
const control = /c([a-zA-Z])/y
const zero = /0(?![0-9])/y

function readCode(reader: Reader): Escape | undefined {
  const whole = reader.isUnicode ? take(reader, pair) : undefined
  if (whole !== undefined) {
    const [, high = "", low = ""] = whole
    const units = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
    return character(String.fromCharCode(...units).codePointAt(0) ?? 0)
  }
  const code = (reader.isUnicode ? take(reader, braced) : undefined) ?? take(reader, hexadecimal)
  if (code !== undefined) return character(Number.parseInt(code[1] ?? code[2] ?? "", 16))
  const letter = take(reader, control)?.[1]
  if (letter !== undefined) return character(letter.charCodeAt(0) % 32)
  return take(reader, zero) === undefined ? undefined : character(0)
}

/** Without the `u` flag almost any character may be escaped, and digits and `c` mean old things that RE2 has not. */
function readIdentity(reader: Reader): Escape {
  const codePoint = reader.source.codePointAt(reader.at) ?? 0
  const text = String.fromCodePoint(codePoint)
  if (/[0-9c]/.test(text)) {
    reader.at++
    return { kind: "set", re2: undefined }
  }
  reader.at += reader.isUnicode ? text.length : 1
  return character(reader.isUnicode ? codePoint : reader.source.charCodeAt(reader.at - 1))
}

/** The escape as an element of a RE2 class. */
export const inClass = (read: Escape): string | undefined =>
  read.kind === "set" ? read.re2 : literal(read.codePoint)
