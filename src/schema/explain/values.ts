import { canonical } from "../canonical.ts"
import type { Json } from "../json.ts"

const valuesMax = 50
const charsMax = 1_000

/** All the values there are, without those that are the same: a model can choose only from what it is told. */
export function oneOf(values: readonly Json[]): string {
  const distinct = [...new Set(values.map((value) => canonical(value)))]
  if (distinct.length === 1) return distinct[0] ?? ""
  const shown: string[] = []
  let chars = 0
  for (const value of distinct.slice(0, valuesMax)) {
    if (chars + value.length + 2 > charsMax) continue // a shorter one may still fit
    chars += value.length + 2
    shown.push(value)
  }
  const rest = distinct.length - shown.length
  if (shown.length === 0) return `one of ${rest} values that are too long to list`
  return `one of ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`
}

/** As many of the values as a fault carries. */
export const firstValues = (values: readonly Json[]): readonly Json[] => values.slice(0, valuesMax)
