import { isList, isObject, type Json } from "../../../schema/json.ts"
import type { DedupeOp, Keep } from "../expr.ts"
import { compileQuery, type Query } from "../paths.ts"
import { fail, overrun, type Run, spend, spendText } from "../run.ts"
import { compareKeys, keyOf, type SortKey } from "../values.ts"
import type { Row } from "./rows.ts"
import { paidKey } from "./sort.ts"

/** Vectors are compared each with each. */
const vectorsMax = 500

export type Dedupe = (rows: readonly Row[], vectors: Json | undefined, run: Run) => readonly Row[]

/** Leaves one of each group of equal items, in the place of the group's first. */
export function compileDedupe({ field, keep, by, near }: DedupeOp): Dedupe {
  const key = compileQuery(field)
  const choose = choosing(keep, compileQuery(by))
  return (rows, vectors, run) => {
    const groups =
      near === undefined
        ? groupsByKey(rows, key, run)
        : groupsByVector(rows, { vectors, threshold: near.threshold }, run)
    return groups.flatMap((group) => choose(group, run) ?? [])
  }
}

type Group = readonly Row[]

/** Items that have no key are alone. */
function groupsByKey(rows: readonly Row[], key: Query, run: Run): readonly Group[] {
  const groups: Row[][] = []
  const byKey = new Map<string, Row[]>()
  for (const row of rows) {
    const found = key(row.value, run)
    const text = found === undefined ? undefined : textKey(found, run)
    const group = text === undefined ? undefined : byKey.get(text)
    if (group !== undefined) {
      group.push(row)
      continue
    }
    const made = [row]
    groups.push(made)
    if (text !== undefined) byKey.set(text, made)
  }
  return groups
}

/** What equal values share; the failure of the run for values that are nested too deep. */
export function textKey(value: Json, run: Run): string | undefined {
  if (run.error !== undefined) return
  const text = keyOf(value)
  if (text === undefined) return fail(run, "a value that is compared is nested too deep")
  spendText(run, text)
  return text
}

interface Near {
  readonly vectors: Json | undefined
  readonly threshold: number
}

/** Each item joins the first group whose first item is near enough, or begins one. */
function groupsByVector(
  rows: readonly Row[],
  { vectors, threshold }: Near,
  run: Run,
): readonly Group[] {
  if (rows.length > vectorsMax) {
    overrun(run, `more than ${vectorsMax} items are compared by their vectors (limit maxVectors)`)
    return []
  }
  const units = unitsOf(vectors, rows.length, run)
  const groups: { readonly unit: Float64Array; readonly rows: Row[] }[] = []
  for (const [index, row] of rows.entries()) {
    const unit = units[index]
    if (unit === undefined || !spend(run, (groups.length * unit.length) >>> 12)) return []
    const group = groups.find((group) => dot(group.unit, unit) >= threshold)
    if (group === undefined) groups.push({ unit, rows: [row] })
    else group.rows.push(row)
  }
  return groups.map((group) => group.rows)
}

/** The vectors, one per item and all of one length, at length 1; a vector of nothing stays at 0. */
function unitsOf(vectors: Json | undefined, count: number, run: Run): readonly Float64Array[] {
  if (!isList(vectors) || vectors.length !== count) {
    fail(run, `dedupe needs an array of ${count} vectors, one for each item`)
    return []
  }
  const units = vectors.flatMap((vector) => unitOf(vector) ?? [])
  const [first] = units
  if (units.length === count && units.every(({ length }) => length === first?.length)) return units
  fail(run, "dedupe needs vectors of numbers, all of one length")
  return []
}

function unitOf(vector: Json): Float64Array | undefined {
  if (!isList(vector)) return
  const numbers = vector.filter((value) => typeof value === "number")
  if (numbers.length !== vector.length) return
  const length = Math.sqrt(numbers.reduce((sum, number) => sum + number * number, 0))
  return Float64Array.from(numbers, (number) => (length === 0 ? 0 : number / length))
}

function dot(left: Float64Array, right: Float64Array): number {
  let sum = 0
  for (let index = 0; index < left.length; index++) sum += (left[index] ?? 0) * (right[index] ?? 0)
  return sum
}

type Choose = (group: Group, run: Run) => Row | undefined

function choosing(keep: Keep, by: Query): Choose {
  switch (keep) {
    case "first":
      return (group) => group[0]
    case "last":
      return (group) => group.at(-1)
    case "best":
      return largest((value, run) => {
        const found = by(value, run)
        return found === undefined ? undefined : paidKey(found, run)
      })
    case "most_complete":
      return largest((value) => ({ rank: 0, of: isObject(value) ? Object.keys(value).length : -1 }))
  }
}

/** The first of those whose key is largest; an item without one is smaller than any. */
const largest =
  (keyFor: (value: Json, run: Run) => SortKey | undefined): Choose =>
  (group, run) => {
    if (group.length === 1) return group[0]
    let best = group[0]
    let bestKey: SortKey | undefined
    for (const row of group) {
      const key = keyFor(row.value, run)
      if (key === undefined || (bestKey && compareKeys(key, bestKey) <= 0)) continue
      best = row
      bestKey = key
    }
    return best
  }
