import type { Json } from "../../schema/json.ts"

/**
 * How much a change is to those who call: `words` is nothing but what they read, `compatible` can be noticed and breaks
 * nobody, `breaking` may break them.
 */
export const levels = ["words", "compatible", "breaking"] as const
export type Level = (typeof levels)[number]

/** One thing that changed of an entity. */
export interface Change {
  /** Which member, as a JSON Pointer without its first slash: `inputSchema`, `annotations/readOnlyHint`, `depends/search`. */
  readonly at: string
  /** What is proved of it, and what it may be: they differ where a question could not be decided. */
  readonly least: Level
  readonly most: Level
  readonly words: string
  /** A value that tells the old from the new: valid for the one and not for the other, tried by the validator. */
  readonly witness?: Json
}

export type Verdict = Level | "undecided"

/** Undecided: neither proved nor ruled out that it breaks somebody. */
export const verdictOf = ({ least, most }: Pick<Change, "least" | "most">): Verdict =>
  most === "breaking" && least !== "breaking" ? "undecided" : most

/** Of all the changes of an entity: the worst that is proved, and the worst that may be. */
export function rangeOf(changes: readonly Change[]): Pick<Change, "least" | "most"> {
  return {
    least: worst(changes.map(({ least }) => least)),
    most: worst(changes.map(({ most }) => most)),
  }
}

const worst = (found: readonly Level[]): Level =>
  levels.findLast((level) => found.includes(level)) ?? "words"

/** A change of which it is known what it is. */
export const change = (at: string, level: Level, words: string): Change => ({
  at,
  least: level,
  most: level,
  words,
})
