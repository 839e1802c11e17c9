import { type Escape, inClass, readEscape } from "./escape.ts"
import { anything, literal, nothing, type Reader } from "./syntax.ts"

/** Reads a class from behind its `[` to behind its `]`. Returns its RE2 form, if it has one. */
export function readClass(reader: Reader): string | undefined {
  const isNegated = reader.source[reader.at] === "^"
  if (isNegated) reader.at++
  const parts: (string | undefined)[] = []
  while (reader.at < reader.source.length && reader.source[reader.at] !== "]")
    parts.push(readPart(reader))
  reader.at++
  if (parts.length === 0) return isNegated ? anything : nothing
  return parts.includes(undefined) ? undefined : `[${isNegated ? "^" : ""}${parts.join("")}]`
}

/** One member of the class, or a range. A `-` beside a set such as `\w` is a literal one. */
function readPart(reader: Reader): string | undefined {
  const from = readMember(reader)
  const { source, at } = reader
  if (source[at] !== "-" || source[at + 1] === "]" || at + 1 >= source.length) return inClass(from)
  reader.at++
  const to = readMember(reader)
  const [left, right] = [inClass(from), inClass(to)]
  if (left === undefined || right === undefined) return
  const isRange = from.kind === "character" && to.kind === "character"
  return isRange ? `${left}-${right}` : `${left}${literal(0x2d)}${right}`
}

function readMember(reader: Reader): Escape {
  if (reader.source[reader.at] === "\\") {
    reader.at++
    if (reader.source[reader.at] !== "b") return readEscape(reader)
    reader.at++
    return { kind: "character", codePoint: 8 }
  }
  const { source, at, isUnicode } = reader
  const codePoint = (isUnicode ? source.codePointAt(at) : source.charCodeAt(at)) ?? 0
  reader.at += codePoint > 0xffff ? 2 : 1
  return { kind: "character", codePoint }
}
