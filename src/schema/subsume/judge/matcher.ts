import { type SafePattern, safePattern } from "../../safe-pattern.ts"
import { BudgetError } from "../../time-box.ts"

/** Whether the pattern `source` occurs in `text`; undefined when that cannot be told in time. */
export type Matches = (source: string, text: string) => boolean | undefined

export function createMatcher(): Matches {
  const patterns = new Map<string, SafePattern | undefined>()
  return (source, text) => {
    if (!patterns.has(source)) patterns.set(source, safePattern(source))
    try {
      return patterns.get(source)?.test(text)
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error
      // Once is enough: each further text would take as long.
      patterns.set(source, undefined)
      return
    }
  }
}
