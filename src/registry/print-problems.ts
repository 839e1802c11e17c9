import type { Problem } from "./problem.ts"

/** One problem on one line: `file:line:column severity code pointer — message (hint: …)`. */
export const formatProblem = (problem: Problem): string => formatProblems([problem])

/**
 * A line for each problem, in columns: the severity, code and pointer of all lines begin below each other. No colours,
 * and nothing that a terminal would obey: control characters are written as JSON writes them.
 */
export function formatProblems(problems: readonly Problem[]): string {
  const rows = problems.map(({ severity, code, pointer, ...problem }) => ({
    cells: [placeOf(problem), severity, code, pointer === "" ? '""' : pointer],
    words: wordsOf(problem),
  }))
  const widths = [0, 1, 2, 3].map((column) =>
    rows.reduce((width, { cells }) => Math.max(width, visible(cells[column]).length), 0),
  )
  return rows.map(({ cells, words }) => `${aligned(cells, widths)} — ${words}`).join("\n")
}

/** Pointers longer than this do not push the words of all other lines aside. */
const widthMax = 60

const aligned = (cells: readonly string[], widths: readonly number[]): string =>
  cells
    .map((cell, column) => visible(cell).padEnd(Math.min(widths[column] ?? 0, widthMax)))
    .filter((cell) => cell !== "")
    .join(" ")

function placeOf({ file, line, column }: Pick<Problem, "file" | "line" | "column">): string {
  const numbers = line === undefined ? [] : [line, column ?? 1]
  return [...(file === undefined ? [] : [file]), ...numbers].join(":")
}

function wordsOf({ message, hint }: Pick<Problem, "message" | "hint">): string {
  return visible(hint === undefined ? message : `${message} (hint: ${hint})`)
}

/** Control characters, line separators and directional marks could forge lines or hide text. */
const unsafe = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

function visible(text: string | undefined): string {
  return (text ?? "").replace(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )
}
