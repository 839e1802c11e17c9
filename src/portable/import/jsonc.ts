import { defaultLoadLimits } from "../../registry/limits.ts"
import { toEnd } from "../../registry/load.ts"
import { type ReadResult, readDocument } from "../../registry/read/read-document.ts"

/** A file of a client is written by hand: some servers, and whatever else the client keeps there. */
const limits = { ...defaultLoadLimits, documentBytesMax: 8 * 1024 * 1024 }

/**
 * Reads what editors and clients take for JSON: with comments and trailing commas. Both become blanks, so that problems
 * say where something stands in the file as it is.
 */
export const readJsonc = (text: string): ReadResult => toEnd(readDocument(asJson(text), limits))

/** One look at each character: a pattern would look at an unfinished string again from each of its quotes. */
function asJson(text: string): string {
  const blanks: (readonly [start: number, end: number])[] = []
  /** A comma that only blanks and comments have followed so far. */
  let comma: number | undefined
  for (let at = 0; at < text.length; ) {
    const character = text.charAt(at)
    const end = tokenEnd(text, at)
    if (character === "/" && end > at + 1) blanks.push([at, end])
    else if (character === ",") comma = at
    else if (!/\s/.test(character)) {
      if (comma !== undefined && (character === "]" || character === "}"))
        blanks.push([comma, comma + 1])
      comma = undefined
    }
    at = end
  }
  return blanked(
    text,
    blanks.sort(([one], [other]) => one - other),
  )
}

function blanked(text: string, places: readonly (readonly [start: number, end: number])[]): string {
  let made = ""
  let from = 0
  for (const [start, end] of places) {
    made += text.slice(from, start) + text.slice(start, end).replace(/[^\n\r]/g, " ")
    from = end
  }
  return made + text.slice(from)
}

/** Behind the string or comment that begins at `at`, or behind the one character there. */
function tokenEnd(text: string, at: number): number {
  if (text[at] === '"') return stringEnd(text, at)
  if (text.startsWith("//", at)) return lineEnd(text, at)
  if (!text.startsWith("/*", at)) return at + 1
  const end = text.indexOf("*/", at + 2)
  return end < 0 ? text.length : end + 2
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from)
  return end < 0 ? text.length : end
}

/** An unfinished string goes to the end of the text, where the reader says so. */
function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++
    else if (text[at] === '"') return at + 1
  }
  return text.length
}
