import type { FuncKeywordDefinition } from "ajv"
import { canonical } from "../canonical.ts"
import type { Json } from "../json.ts"

/**
 * `uniqueItems` in linear time. Ajv compares every item with every other unless their type is a scalar: 20,000 objects
 * take it seconds. Equal JSON has equal canonical text, so one pass over that finds what all comparisons would.
 */
export const uniqueItems: FuncKeywordDefinition = {
  keyword: "uniqueItems",
  type: "array",
  schemaType: "boolean",
  compile(isAsked: boolean, parentSchema) {
    const validate: Validate = (items: readonly Json[]) => {
      const twins = isAsked ? findTwins(items) : undefined
      const error = {
        keyword: "uniqueItems",
        message: "must NOT have duplicate items",
        parentSchema,
      }
      if (twins !== undefined) validate.errors = [{ ...error, params: twins }]
      return twins === undefined
    }
    return validate
  },
}

type Validate = ReturnType<NonNullable<FuncKeywordDefinition["compile"]>>

/** The positions of two equal items, the later one first, as in Ajv's own errors. */
interface Twins {
  readonly i: number
  readonly j: number
}

function findTwins(items: readonly Json[]): Twins | undefined {
  const seen = new Map<Json, number>()
  const seenTexts = new Map<string, number>()
  for (const [i, item] of items.entries()) {
    // A Map tells scalars apart as JSON does: 1 is not "1", and -0 is 0.
    const isScalar = typeof item !== "object" || item === null
    const j = isScalar ? remember(seen, item, i) : remember(seenTexts, canonical(item), i)
    if (j !== undefined) return { i, j }
  }
  return
}

function remember<Key>(map: Map<Key, number>, key: Key, index: number): number | undefined {
  const known = map.get(key)
  if (known === undefined) map.set(key, index)
  return known
}
