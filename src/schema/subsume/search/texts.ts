import type { Case } from "../cases/facts.ts"
import { formatExamples } from "../clauses/formats.ts"
import { textsMatching } from "./pattern-texts.ts"

/** Longer texts are not made. */
const lengthMax = 70_000
/** Of long texts there is one sort only. */
const variedLengthMax = 256

/** Texts that may be of the case: made from a pattern or a format where there is one, else by length. */
export function sampleTexts(whole: Case): readonly string[] {
  const { patterns, formats, min, max } = whole
  if (min > lengthMax) return []
  const fromPatterns = patterns.flatMap((source) => textsMatching(source, min))
  const fromFormats = formats.flatMap((format) => formatExamples.get(format) ?? [])
  const isFree = patterns.length + formats.length === 0
  const plain = isFree
    ? []
    : fromPatterns.concat(fromFormats).flatMap((text) => padded(text, whole))
  const candidates = [...fromPatterns, ...fromFormats, ...plain, ...freeTexts(min, max)]
  return [...new Set(candidates)].filter((text) => text.length >= min)
}

const alphabet = ["a", "A", "0", " ", "-", "é", "\n", "\\", "("]
const phrases = ["", "a b", "a@b", "12", "a/b", "null", "other"]

/** Of many sorts, so that whatever a schema asks of a text, one of them will not do. */
function freeTexts(min: number, max: number): readonly string[] {
  const lengths = [Math.max(min, 1), min + 1, Math.min(max, lengthMax)]
  const repeated = lengths
    .filter((length) => length <= max)
    .flatMap((length) => lettersFor(length).map((letter) => letter.repeat(length)))
  const short = phrases
    .map((phrase) => phrase.padEnd(min, "a"))
    .filter((text) => text.length <= max)
  return [...short, ...repeated]
}

const lettersFor = (length: number) => (length > variedLengthMax ? alphabet.slice(0, 1) : alphabet)

/** The text made longer, for where it is too short. */
function padded(text: string, { min, max }: Case): readonly string[] {
  const missing = min - text.length
  if (missing <= 0 && text.length <= max) return []
  const filler = "a".repeat(Math.max(0, missing))
  return [filler + text, text + filler, text + "0".repeat(filler.length)]
}
