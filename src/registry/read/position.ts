import type { Problem } from "../problem.ts"
import { locate } from "./locate.ts"

/**
 * The problems with file, line and column, in the order of the document and then by code. Problems that know their
 * line, because the text is no JSON there, keep it. Pauses as it goes.
 */
export function* placeProblems(
  problems: readonly Problem[],
  text: string,
  file?: string,
): Generator<void, readonly Problem[], void> {
  const pointers = problems.filter(({ line }) => line === undefined).map(({ pointer }) => pointer)
  const places = pointers.length === 0 ? undefined : yield* locate(text, pointers)
  const placed = problems.map((problem) => ({
    ...problem,
    ...(problem.line === undefined && places?.get(problem.pointer)),
    ...(file !== undefined && { file }),
  }))
  return placed.sort(inOrder)
}

function inOrder(left: Problem, right: Problem): number {
  return (
    (left.line ?? 0) - (right.line ?? 0) ||
    (left.column ?? 0) - (right.column ?? 0) ||
    (left.code < right.code ? -1 : Number(left.code > right.code))
  )
}
