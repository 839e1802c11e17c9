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
    const fusion = new Fusion((value) => {
      const found = query(value, run)
      return found === undefined ? undefined : textKey(found, run)
    })
    for (const { value: list, weight } of rows) {
      if (!isList(list)) fail(run, "rrf fuses lists, one per target, and a target gave none")
      else if (spend(run, list.length)) fusion.add(list, (rank) => weight / (k + rank))
    }
    return fusion.ranked()
  }
}

/** What has been found in the lists so far, each once. */
class Fusion {
  readonly #items: Fused[] = []
  readonly #byKey = new Map<string, Fused>()
  readonly #keyOf: (value: Json) => string | undefined

  constructor(keyOf: (value: Json) => string | undefined) {
    this.#keyOf = keyOf
  }

  add(list: readonly Json[], score: (rank: number) => number): void {
    const counted = new Set<Fused>()
    for (const [index, value] of list.entries()) {
      const item = this.#find(value)
      if (!counted.has(item)) item.score += score(index + 1)
      counted.add(item)
    }
  }

  ranked(): readonly Json[] {
    return this.#items.sort((left, right) => right.score - left.score).map(({ value }) => value)
  }

  #find(value: Json): Fused {
    const key = this.#keyOf(value)
    const known = key === undefined ? undefined : this.#byKey.get(key)
    if (known !== undefined) return known
    const made = { value, score: 0 }
    this.#items.push(made)
    if (key !== undefined) this.#byKey.set(key, made)
    return made
  }
}
