import type { Problem } from "../problem.ts"
import { locate } from "./locate.ts"
import { type Places, type Provenance, placeIn } from "./places.ts"

/**
 * The problems with file, line and column, in the order of the document and then by code. Problems that know their
 * line, because the text is no JSON there, keep it. What a program made is placed in the program, in the order of its
 * lines. Pauses as it goes.
 */
export function* placeProblems(
  problems: readonly Problem[],
  text: string,
  { file, places: program }: Provenance = {},
): Generator<void, readonly Problem[], void> {
  if (program !== undefined) return placeInProgram(problems, program())
  const pointers = problems.filter(({ line }) => line === undefined).map(({ pointer }) => pointer)
  const places = pointers.length === 0 ? undefined : yield* locate(text, pointers)
  const placed = problems.map((problem) => ({
    ...problem,
    ...(problem.line === undefined && places?.get(problem.pointer)),
    ...(file !== undefined && { file }),
  }))
  return placed.sort(inOrder)
}

const placeInProgram = (problems: readonly Problem[], places: Places): readonly Problem[] =>
  problems
    .map((problem) => ({ ...placeIn(places, problem.pointer), ...problem }))
    .sort((left, right) => compare(left.file ?? "", right.file ?? "") || inOrder(left, right))

function inOrder(left: Problem, right: Problem): number {
  return (
    (left.line ?? 0) - (right.line ?? 0) ||
    (left.column ?? 0) - (right.column ?? 0) ||
    compare(left.code, right.code)
  )
}

const compare = (left: string, right: string) => (left < right ? -1 : Number(left > right))
