const quote = 0x22
const backslash = 0x5c

/**
 * Whether a JSON text nests deeper than `levelsMax`. A text that is too deep to be walked by recursion can still be
 * parsed, and would only fail much later, in the middle of validating, digesting or printing it. Strings are skipped
 * whole, so that long ones cost little.
 */
export function isDeeperThan(text: string, levelsMax: number): boolean {
  if (text.length <= 2 * levelsMax) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === quote) at = endOfString(text, at + 1)
    else if (isOpening(char) && ++depth > levelsMax) return true
    else if (isClosing(char)) depth--
  }
  return false
}

const isOpening = (char: number): boolean => char === 0x5b || char === 0x7b // [ {
const isClosing = (char: number): boolean => char === 0x5d || char === 0x7d // ] }

/** Where the string that begins before `from` ends; the text's end where it does not. */
function endOfString(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 1)) {
    let before = at - 1
    while (before >= from && text.charCodeAt(before) === backslash) before--
    if ((at - before) % 2 === 1) return at // an even number of backslashes escapes nothing
  }
  return text.length
}
