/** A place in a text; both count from 1, columns in UTF-16 code units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Where `offset` is. Lines end with LF, CR LF or CR. */
export function positionAt(text: string, offset: number): Position {
  return createLines(text)(offset)
}

/** Positions of offsets that never decrease: each line end is looked at once. */
export function createLines(text: string): (offset: number) => Position {
  const lineEnd = /\r\n|\n|\r/g
  let line = 1
  let lineStart = 0
  let nextStart = startAfter(lineStart)
  return (offset) => {
    while (nextStart <= offset) {
      line++
      lineStart = nextStart
      nextStart = startAfter(lineStart)
    }
    return { line, column: Math.max(offset - lineStart, 0) + 1 }
  }

  function startAfter(from: number): number {
    lineEnd.lastIndex = from
    return lineEnd.test(text) ? lineEnd.lastIndex : Number.POSITIVE_INFINITY
  }
}

/** A leading byte order mark is no part of the JSON, nor of the first line. */
export const withoutMark = (text: string): string =>
  text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
