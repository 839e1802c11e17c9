/** Longer words are names made by machines; comparing them would cost more than the hint is worth. */
const lengthMax = 128

/**
 * The candidate a misspelt `word` most probably meant: the one within two edits (one for words of up to three
 * characters), where an edit inserts, deletes or replaces a character or swaps two neighbours. A difference of case is
 * no edit. Undefined when none is near; the earliest when several are equally near.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > lengthMax) return
  const lower = word.toLowerCase()
  let best: string | undefined
  let bestDistance = (word.length <= 3 ? 1 : 2) + 1
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue
    const found = distance(lower, candidate.toLowerCase(), bestDistance)
    // A word that shares nothing with a candidate of its own length is no misspelling of it.
    if (found >= bestDistance || found >= Math.max(word.length, candidate.length)) continue
    best = candidate
    bestDistance = found
  }
  return best
}

/** The optimal string alignment distance of two words, or `limit` as soon as it is known to reach that. */
function distance(left: string, right: string, limit: number): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    for (let column = 1; column <= right.length; column++)
      current.push(cell({ left, right, row, column, beforeLast, last, current }))
    if (Math.min(...current) >= limit) return limit
    beforeLast = last
    last = current
  }
  return last[right.length] ?? limit
}

interface Cell {
  readonly left: string
  readonly right: string
  readonly row: number
  readonly column: number
  readonly beforeLast: readonly number[]
  readonly last: readonly number[]
  readonly current: readonly number[]
}

function cell({ left, right, row, column, beforeLast, last, current }: Cell): number {
  const at = (line: readonly number[], index: number) => line[index] ?? Number.POSITIVE_INFINITY
  const isSame = left[row - 1] === right[column - 1]
  const isSwapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
  return Math.min(
    at(last, column) + 1,
    at(current, column - 1) + 1,
    at(last, column - 1) + (isSame ? 0 : 1),
    isSwapped ? at(beforeLast, column - 2) + 1 : Number.POSITIVE_INFINITY,
  )
}
