import { readClass } from "./character-class.ts"
import { inClass, readEscape } from "./escape.ts"
import { lineEnds, literal, type Pattern, type Reader, take } from "./syntax.ts"

/** A pattern nested deeper is as good as one that has no limit to its cost. */
const depthMax = 200

/**
 * Reads what JavaScript has accepted as a regular expression, under the flags it was accepted with. Undefined when its
 * groups are nested too deep to be read.
 */
export function parsePattern(source: string, isUnicode: boolean): Pattern | undefined {
  const hasNamedGroups = /\(\?<[^=!]/.test(source)
  return readChoice({ source, isUnicode, hasNamedGroups, at: 0 }, 0)
}

function readChoice(reader: Reader, depth: number): Pattern | undefined {
  if (depth > depthMax) return
  const branches: Pattern[] = []
  do {
    const branch = readSequence(reader, depth)
    if (branch === undefined) return
    branches.push(branch)
  } while (take(reader, /\|/y) !== undefined)
  const [first] = branches
  return first !== undefined && branches.length === 1 ? first : { kind: "choice", branches }
}

function readSequence(reader: Reader, depth: number): Pattern | undefined {
  const items: Pattern[] = []
  while (reader.at < reader.source.length && !/[|)]/.test(reader.source[reader.at] ?? "")) {
    const item = readTerm(reader, depth)
    if (item === undefined) return
    items.push(item)
  }
  return { kind: "sequence", items }
}

function readTerm(reader: Reader, depth: number): Pattern | undefined {
  const body = readAtom(reader, depth)
  if (body === undefined) return
  const range = readQuantifier(reader)
  return range === undefined ? body : { kind: "repeat", body, ...range }
}

const short = /([*+?])\??/y
const counted = /\{([0-9]+)(?:(,)([0-9]*))?\}\??/y

/** Whether it is greedy or lazy decides what is matched, not whether. */
function readQuantifier(reader: Reader): { min: number; max: number } | undefined {
  const sign = take(reader, short)?.[1]
  if (sign !== undefined)
    return { min: sign === "+" ? 1 : 0, max: sign === "?" ? 1 : Number.POSITIVE_INFINITY }
  const match = take(reader, counted)
  if (match === undefined) return
  const [, min, comma, max] = match
  if (comma === undefined) return { min: Number(min), max: Number(min) }
  return { min: Number(min), max: max === "" ? Number.POSITIVE_INFINITY : Number(max) }
}

const atom = (re2: string | undefined): Pattern => ({ kind: "atom", re2 })

function readAtom(reader: Reader, depth: number): Pattern | undefined {
  const { source, at, isUnicode } = reader
  const codePoint = (isUnicode ? source.codePointAt(at) : source.charCodeAt(at)) ?? 0
  reader.at += codePoint > 0xffff ? 2 : 1
  switch (source[at]) {
    case "^":
      return { kind: "atom", re2: "\\A", isStart: true }
    case "$":
      return atom("\\z")
    case ".":
      return atom(`[^${lineEnds}]`)
    case "[":
      return atom(readClass(reader))
    case "(":
      return readGroup(reader, depth + 1)
    case "\\":
      return readBackslash(reader)
    default:
      return atom(literal(codePoint))
  }
}

const plainGroup = /\?:|\?<[^=!>][^>]*>/y
const foreignGroup = /\?(?:<?[=!]|[a-z-]+:)/y

function readGroup(reader: Reader, depth: number): Pattern | undefined {
  const isForeign =
    take(reader, plainGroup) === undefined && take(reader, foreignGroup) !== undefined
  const body = readChoice(reader, depth)
  reader.at++ // the closing parenthesis
  return isForeign && body !== undefined ? { kind: "foreign", body } : body
}

const boundary = /[bB]/y
const backReference = /[1-9][0-9]*/y
const namedBackReference = /k<[^>]*>/y

function readBackslash(reader: Reader): Pattern {
  const letter = take(reader, boundary)?.[0]
  if (letter !== undefined) return atom(`\\${letter}`)
  const isNamed = reader.isUnicode || reader.hasNamedGroups
  if (take(reader, backReference) ?? (isNamed ? take(reader, namedBackReference) : undefined))
    return { kind: "backReference" }
  const read = readEscape(reader)
  const re2 = inClass(read)
  return atom(read.kind === "set" && re2 !== undefined ? `[${re2}]` : re2)
}
