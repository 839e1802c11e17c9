import type { Dialect } from "./dialect.ts"
import { isObject, type Json } from "./json.ts"

/**
 * What the keywords of JSON Schema mean to a walker: which hold schemas, how many, and whether those are applied to
 * the same instance (in place) or to its members and items. Ajv honours `definitions` and `dependencies` in every
 * dialect, so they are known in every dialect here, too.
 */
export interface Applicator {
  /** `one` schema, a `list`, or a `map` from names; `dependencies` has lists of names among its schemas. */
  readonly shape: "one" | "list" | "map"
  readonly applies: "inPlace" | "toMembers" | "toItems" | "nowhere"
}

const inPlace = "inPlace"
const toMembers = "toMembers"
const toItems = "toItems"

const common: readonly (readonly [string, Applicator])[] = [
  ["allOf", { shape: "list", applies: inPlace }],
  ["anyOf", { shape: "list", applies: inPlace }],
  ["oneOf", { shape: "list", applies: inPlace }],
  ["not", { shape: "one", applies: inPlace }],
  ["if", { shape: "one", applies: inPlace }],
  ["then", { shape: "one", applies: inPlace }],
  ["else", { shape: "one", applies: inPlace }],
  ["dependencies", { shape: "map", applies: inPlace }],
  ["properties", { shape: "map", applies: toMembers }],
  ["patternProperties", { shape: "map", applies: toMembers }],
  ["additionalProperties", { shape: "one", applies: toMembers }],
  ["propertyNames", { shape: "one", applies: toMembers }],
  ["items", { shape: "one", applies: toItems }],
  ["contains", { shape: "one", applies: toItems }],
  ["$defs", { shape: "map", applies: "nowhere" }],
  ["definitions", { shape: "map", applies: "nowhere" }],
]
const since2019: typeof common = [
  ["dependentSchemas", { shape: "map", applies: inPlace }],
  ["unevaluatedProperties", { shape: "one", applies: toMembers }],
  ["unevaluatedItems", { shape: "one", applies: toItems }],
  ["contentSchema", { shape: "one", applies: "nowhere" }],
]
const until2019: typeof common = [["additionalItems", { shape: "one", applies: toItems }]]
const since2020: typeof common = [["prefixItems", { shape: "list", applies: toItems }]]

export const applicators: Readonly<Record<Dialect, ReadonlyMap<string, Applicator>>> = {
  "2020-12": new Map([...common, ...since2019, ...since2020]),
  "2019-09": new Map([...common, ...since2019, ...until2019]),
  "draft-07": new Map([...common, ...until2019]),
}

export const referenceKeywords = ["$ref", "$dynamicRef", "$recursiveRef"] as const

/** Keywords that cost a validator nothing. What is in neither table is unknown, and costs nothing either. */
const assertions: ReadonlySet<string> = new Set(
  (
    "type enum const multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern format " +
    "maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required dependentRequired"
  ).split(" "),
)

export const isAssertion = (keyword: string): boolean => assertions.has(keyword)

/** Each schema directly below `keyword`, with the key that leads to it, if there is one beside the keyword. */
export function* subschemas(
  keyword: string,
  value: Json,
  shape: Applicator["shape"],
): Generator<readonly [schema: Json, key: string | number | undefined]> {
  // Until 2019-09 `items` is also the list of schemas by position.
  if (shape === "list" || (keyword === "items" && Array.isArray(value))) {
    if (Array.isArray(value)) yield* value.entries().map(([index, item]) => [item, index] as const)
  } else if (shape === "one") yield [value, undefined]
  else if (isObject(value))
    for (const [name, item] of Object.entries(value))
      if (keyword !== "dependencies" || !Array.isArray(item)) yield [item, name]
}
