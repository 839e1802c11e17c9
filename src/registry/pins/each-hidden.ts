/** Code points that show nothing, or show the text around them as another; from and to. */
export const hiddenRanges = [
  "0-8 b-c e-1f 7f-9f", // controls but tab and line ends: escape sequences begin with one
  "ad 34f 61c 115f-1160 17b4-17b5 180b-180f 3164 ffa0 fff9-fffb", // soft hyphen, joiners, fillers, annotations
  "200b-200f 202a-202e 2060-206f feff", // zero width, bidi controls, word joiner
  "fe00-fe0f e0000-e0fff", // variation selectors and tag characters, which carry whole texts
]
  .flatMap((line) => line.split(" "))
  .map((range) => {
    const [from = 0, to = from] = range.split("-").map((hex) => Number.parseInt(hex, 16))
    return { from, to }
  })

/** Most text is this, and need not be looked at further. */
export const plain = /^[\t\n\r\x20-\x7e]*$/

/** What is known of a code unit by itself. A table, because a regular expression takes twenty times as long for each. */
const [hidden, joining, half] = [1, 2, 3]
const [selector, joiner, keycap] = [0xfe0f, 0x200d, 0x20e3]
const kinds = new Uint8Array(0x1_0000)
for (const { from, to } of hiddenRanges)
  for (let point = from; point <= to; point++)
    if (point < 0x1_0000) kinds[point] = hidden
    else kinds[String.fromCodePoint(point).charCodeAt(0)] = half // with whatever second half
kinds[selector] = joining
kinds[joiner] = joining

/** Told where a hidden character stands, and in how many code units; `enough` ends it. */
export type Tell = (at: number, units: number) => "enough" | undefined

/**
 * Each hidden character of a text, from its beginning. Joiners and variation selectors that make emoji what they are
 * (Unicode TS 51) are not hidden: nothing hides in them. Time is in proportion to the text, whatever it holds.
 */
export function eachHidden(text: string, tell: Tell): void {
  if (plain.test(text)) return
  let emojiEnd = -1 // behind the last that was found to be of an emoji
  for (let at = 0; at < text.length; at++) {
    const kind = kinds[text.charCodeAt(at)]
    if (kind === 0) continue
    if (kind === joining && isOfEmoji(text, at, emojiEnd)) {
      emojiEnd = at + 1
      continue
    }
    const units = kind === half ? 2 : 1
    if (units === 2 && !isSecond(text.charCodeAt(at + 1))) continue // half of nothing
    if (tell(at, units) === "enough") return
    at += units - 1
  }
}

/** As in `PICTOGRAPH (SELECTOR | SKIN)* (JOINER PICTOGRAPH (SELECTOR | SKIN)*)*` and `[0-9#*] SELECTOR KEYCAP`. */
function isOfEmoji(text: string, at: number, emojiEnd: number): boolean {
  const next = at + 1
  if (text.charCodeAt(at) === joiner)
    return isPictograph(text.codePointAt(next)) && isBehindEmoji(text, at, emojiEnd)
  const isOfKeycap = text.charCodeAt(next) === keycap && /[0-9#*]/.test(text.charAt(at - 1))
  return isOfKeycap || isBehindEmoji(text, at, emojiEnd)
}

/** Goes back over skin colours, and no further than what is known to be of an emoji. */
function isBehindEmoji(text: string, at: number, emojiEnd: number): boolean {
  let end = at
  while (end !== emojiEnd && isSkin(pointBefore(text, end))) end -= 2
  return end === emojiEnd || isPictograph(pointBefore(text, end))
}

function pointBefore(text: string, end: number): number | undefined {
  const isPair = isSecond(text.charCodeAt(end - 1)) && isFirst(text.charCodeAt(end - 2))
  return text.codePointAt(end - (isPair ? 2 : 1))
}

const isFirst = (unit: number) => unit >= 0xd800 && unit < 0xdc00
const isSecond = (unit: number) => unit >= 0xdc00 && unit < 0xe000
const isSkin = (point = 0) => point >= 0x1f3fb && point <= 0x1f3ff

/** All of Unicode's are in the first two planes. 0 until somebody asked: a property of Unicode takes long to look up. */
const pictographs = new Uint8Array(0x2_0000)
const [isNone, isOne] = [1, 2]

function isPictograph(point = 0): boolean {
  if (pictographs[point] === 0)
    pictographs[point] = /\p{Extended_Pictographic}/u.test(String.fromCodePoint(point))
      ? isOne
      : isNone
  return pictographs[point] === isOne
}
