import type { Json } from "../../../schema/json.ts"

/** One item on its way through the ops, and what it counts as the result of a target. */
export interface Row {
  readonly value: Json
  readonly weight: number
  readonly source: string
}

/** Rows of an array that came from nowhere in particular: all weigh the same. */
export const rowsOf = (items: readonly Json[]): readonly Row[] =>
  items.map((value, index) => ({ value, weight: 1, source: String(index) }))
