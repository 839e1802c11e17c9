import type { Json } from "../../json.ts"
import { kinds } from "../clauses/kinds.ts"
import type { Judge } from "../judge/judge.ts"
import type { Case } from "./facts.ts"

/** Integers are listed one by one up to this many. */
const integersMax = 64

/** The values of the case where they can be listed, and perhaps a few that only seem to be of it. */
export function finiteValues(whole: Case, judge: Judge): readonly Json[] | undefined {
  return listValues(whole)?.filter((value) =>
    whole.premises.every((premise) => judge(premise, value).says !== "misfit"),
  )
}

function listValues({ kind, values, low, high, max }: Case): readonly Json[] | undefined {
  if (values !== undefined) return values
  switch (kind) {
    case kinds.null:
      return [null]
    case kinds.boolean:
      return [false, true]
    case kinds.integer:
      return listIntegers(low.limit, high.limit)
    case kinds.string:
      return max === 0 ? [""] : undefined
    case kinds.array:
      return max === 0 ? [[]] : undefined
    case kinds.object:
      return max === 0 ? [{}] : undefined
    case kinds.fraction:
      return
  }
}

function listIntegers(low: number, high: number): readonly number[] | undefined {
  const count = high - low + 1
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || count > integersMax) return
  return Array.from({ length: count }, (_, index) => low + index)
}
