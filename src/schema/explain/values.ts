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
    chars += value.length + 2
    if (chars > charsMax) break
    shown.push(value)
  }
  const rest = distinct.length - shown.length
  return `one of ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`
}

/** As many of the values as a fault carries. */
export const firstValues = (values: readonly Json[]): readonly Json[] => values.slice(0, valuesMax)
