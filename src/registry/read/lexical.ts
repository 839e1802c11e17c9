/**
 * The leaves of JSON's grammar (RFC 8259) over a text and an offset. Each returns the offset behind what it read, or
 * -1 minus the offset of what is wrong: a number, because these run for every character of a large document.
 */
export type End = number

const failedAt = (offset: number): End => -1 - offset

const quote = 0x22
const backslash = 0x5c

export function skipBlank(text: string, from: number): number {
  let at = from
  for (;;) {
    const code = text.charCodeAt(at)
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at
    at++
  }
}

/** The key or string whose opening quote is at `start`; it must be well formed. */
export const textAt = (text: string, start: number): string =>
  JSON.parse(text.slice(start, stringEnd(text, start))) as string

/** `from` is the offset of the opening quote. */
export function stringEnd(text: string, from: number): End {
  for (let at = from + 1; ; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) return at + 1
    if (code === backslash) {
      const end = escapeEnd(text, at)
      if (end < 0) return end
      at = end - 1
    } else if (!(code >= 0x20)) return failedAt(at) // a control character, or NaN: the end of the text
  }
}

function escapeEnd(text: string, from: number): End {
  const code = text[from + 1]
  if (code === undefined) return failedAt(text.length)
  if (code !== "u") return '"\\/bfnrt'.includes(code) ? from + 2 : failedAt(from)
  return /^[0-9a-fA-F]{4}$/.test(text.slice(from + 2, from + 6)) ? from + 6 : failedAt(from)
}

const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

export function numberEnd(text: string, from: number): End {
  number.lastIndex = from
  if (!number.test(text)) return failedAt(from)
  return number.lastIndex
}

export function wordEnd(text: string, from: number): End {
  for (const word of ["true", "false", "null"])
    if (text.startsWith(word, from)) return from + word.length
  return failedAt(from)
}
