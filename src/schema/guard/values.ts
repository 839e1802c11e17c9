import type { Dialect } from "../dialect.ts"
import { isObject, type Json, type JsonObject } from "../json.ts"
import { nearest } from "../nearest.ts"
import { isPattern } from "../pattern/native.ts"

/** What the value of a keyword must be. */
export interface ValueRule {
  readonly expected: string
  fits(value: Json): boolean
  /** What a misspelling of an older draft, or of a habit, is written as today. */
  hint?(value: Json): string | undefined
}

const typeNames = ["null", "boolean", "object", "array", "number", "integer", "string"]

const isString = (value: Json) => typeof value === "string"
const isBoolean = (value: Json) => typeof value === "boolean"
const isNumber = (value: Json) => typeof value === "number"
const isCount = (value: Json) => Number.isInteger(value) && Number(value) >= 0
const isType = (value: Json) => isString(value) && typeNames.includes(String(value))
const isUniqueStrings = (value: Json) =>
  Array.isArray(value) && value.every(isString) && new Set(value).size === value.length

/** Whether `value` lists members to require. Not "": Ajv takes an empty name that it misses for none, and lets all pass. */
export const isNames = (value: Json) =>
  isUniqueStrings(value) && Array.isArray(value) && !value.includes("")
export const namesExpected = "distinct property names, none of them empty"

const text: ValueRule = { expected: "a string", fits: isString }
const flag: ValueRule = { expected: "true or false", fits: isBoolean }
const count: ValueRule = { expected: "a whole number from 0", fits: isCount, hint: unquote }
const number: ValueRule = { expected: "a number", fits: isNumber, hint: unquote }
const list: ValueRule = { expected: "an array", fits: Array.isArray }

const type: ValueRule = {
  expected: "one of null, boolean, object, array, number, integer, string, or an array of them",
  fits: (value) =>
    isType(value) || (isUniqueStrings(value) && Array.isArray(value) && isTypes(value)),
  hint: (value) => {
    if (value === null || (Array.isArray(value) && value.includes(null)))
      return 'write the type of null as the string "null"'
    if (value === "any") return "leave type out where any type is allowed"
    if (!isString(value)) return
    const near = typeAliases.get(String(value).toLowerCase()) ?? nearest(String(value), typeNames)
    return near === undefined ? undefined : `did you mean "${near}"?`
  },
}
const isTypes = (value: readonly Json[]) => value.length > 0 && value.every(isType)
const typeAliases = new Map(
  Object.entries({
    str: "string",
    text: "string",
    date: "string",
    int: "integer",
    long: "integer",
    float: "number",
    double: "number",
    bool: "boolean",
    list: "array",
    tuple: "array",
    dict: "object",
    map: "object",
    none: "null",
    file: "string",
  }),
)

const exclusive: ValueRule = {
  expected: "a number",
  fits: isNumber,
  hint: (value) =>
    isBoolean(value)
      ? "since draft-06 it holds the bound itself: instead of minimum: 0 with exclusiveMinimum: true write exclusiveMinimum: 0"
      : unquote(value),
}

const required: ValueRule = {
  expected: `an array of ${namesExpected}`,
  fits: isNames,
  hint: (value) =>
    isBoolean(value)
      ? 'since draft-04 required stands beside properties and lists names: required: ["a", "b"]'
      : undefined,
}

const pattern: ValueRule = {
  expected: "a regular expression of ECMAScript",
  fits: (value) => typeof value === "string" && isPattern(value),
}

const namesByName: ValueRule = {
  expected: `an object of arrays of ${namesExpected}`,
  fits: (value) => isObject(value) && Object.values(value).every(isNames),
}

const anchor: ValueRule = {
  expected: "a name of letters, digits, - . and _ that does not begin with a digit",
  fits: (value) => typeof value === "string" && /^[A-Za-z_][-A-Za-z0-9._]*$/.test(value),
}

const dynamicReference: ValueRule = {
  expected: "a # and the name of a $dynamicAnchor of this schema",
  fits: (value) => typeof value === "string" && value.startsWith("#"),
}

const oldId: ValueRule = {
  expected: "no keyword of this name",
  fits: () => false,
  hint: () => 'since draft-06 it is spelt "$id"',
}

const asynchronous: ValueRule = {
  expected: "no keyword of this name: schemas are checked synchronously",
  fits: () => false,
}

const always: Readonly<Record<string, ValueRule>> = {
  $async: asynchronous,
  $anchor: anchor,
  $dynamicAnchor: anchor,
  id: oldId,
  $ref: text,
  $comment: text,
  title: text,
  description: text,
  format: text,
  pattern,
  type,
  enum: {
    expected: "an array of at least one value",
    fits: (value) => Array.isArray(value) && value.length > 0,
  },
  multipleOf: {
    expected: "a number above 0",
    fits: (value) => isNumber(value) && Number(value) > 0,
    hint: unquote,
  },
  maximum: number,
  minimum: number,
  exclusiveMaximum: exclusive,
  exclusiveMinimum: exclusive,
  maxLength: count,
  minLength: count,
  maxItems: count,
  minItems: count,
  maxProperties: count,
  minProperties: count,
  uniqueItems: flag,
  nullable: flag,
  required,
  examples: list,
  readOnly: flag,
  writeOnly: flag,
  contentEncoding: text,
  contentMediaType: text,
}

const since2019: Readonly<Record<string, ValueRule>> = {
  $id: { expected: "a URI without a fragment", fits: (id) => isString(id) && isId(String(id)) },
  $dynamicRef: dynamicReference,
  $recursiveRef: { expected: '"#"', fits: (value) => value === "#" },
  $recursiveAnchor: flag,
  $vocabulary: {
    expected: "an object of true and false",
    fits: (value) => isObject(value) && Object.values(value).every(isBoolean),
  },
  deprecated: flag,
  maxContains: count,
  minContains: count,
  dependentRequired: namesByName,
}
const isId = (id: string) => /^[^#]*#?$/.test(id)

/** What each keyword that holds no schema must hold. Unknown keywords may hold anything. */
export const valueRules: Readonly<Record<Dialect, ReadonlyMap<string, ValueRule>>> = {
  "2020-12": new Map(Object.entries({ ...always, ...since2019 })),
  "2019-09": new Map(Object.entries({ ...always, ...since2019 })),
  "draft-07": new Map(Object.entries({ ...always, $id: text })),
}

function unquote(value: Json): string | undefined {
  const isQuoted =
    typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value))
  return isQuoted ? `write ${Number(value)} without quotes` : undefined
}

/** What two keywords of one schema have against each other. */
export function contradiction(schema: JsonObject): readonly [string, string, string] | undefined {
  const { nullable, type: types } = schema
  if (nullable === undefined) return
  if (types === undefined)
    return ["nullable", "it needs type beside it", 'write type: ["string", "null"] instead']
  const hasNull = types === "null" || (Array.isArray(types) && types.includes("null"))
  if (nullable === false && hasNull)
    return ["nullable", 'it is false, while type has "null"', "leave one of them out"]
  return
}
