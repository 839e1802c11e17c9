import { isList, type Json } from "../../../schema/json.ts"
import type { Op } from "../expr.ts"
import { compileQuery } from "../paths.ts"
import { fail, type Run, spend } from "../run.ts"
import { textKey } from "./dedupe.ts"
import type { Row } from "./rows.ts"

interface Fused {
  readonly value: Json
  score: number
}

/**
 * Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009) of lists, one per target: Σ weight ÷ (k + rank), ranks from 1,
 * by falling score. Of equal items the copy of the earliest target survives, ties stay in the order of the targets, and
 * an item counts once per list. Items without the field are each their own.
 */
export function compileFuse({ field, k }: Extract<Op, { op: "rrf" }>) {
  const query = compileQuery(field)
  return (rows: readonly Row[], run: Run): readonly Json[] => {
    const fused = new Fusion()
    for (const { value: list, weight } of rows) {
      if (!isList(list)) fail(run, "rrf fuses lists, one per target, and a target gave none")
      if (!isList(list) || !spend(run, list.length)) return []
      const counted = new Set<Fused>()
      for (const [index, value] of list.entries()) {
        const found = query(value, run)
        const item = fused.find(value, found === undefined ? undefined : textKey(found, run))
        if (!counted.has(item)) item.score += weight / (k + index + 1)
        counted.add(item)
      }
    }
    return fused.items.sort((left, right) => right.score - left.score).map(({ value }) => value)
  }
}

/** What has been found in the lists so far, each once. */
class Fusion {
  readonly items: Fused[] = []
  readonly #byKey = new Map<string, Fused>()

  /** The item with this key, or `value` as a new one. */
  find(value: Json, key: string | undefined): Fused {
    const known = key === undefined ? undefined : this.#byKey.get(key)
    if (known !== undefined) return known
    const made = { value, score: 0 }
    this.items.push(made)
    if (key !== undefined) this.#byKey.set(key, made)
    return made
  }
}
