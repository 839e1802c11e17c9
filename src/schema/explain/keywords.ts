import type { ErrorObject } from "ajv"
import type { Fault } from "../fault.ts"
import { isObject, type Json, segment } from "../json.ts"
import { type Context, mismatch } from "./context.ts"
import { describe, typeNames } from "./describe.ts"
import { describeFormat } from "./formats.ts"
import { enumHint, typeHint } from "./hints.ts"
import { schemaOf, subschemaAt, valueAt } from "./landscape.ts"
import { extra, missing } from "./members.ts"
import { place } from "./place.ts"
import { firstValues, oneOf } from "./values.ts"

type Words = (error: ErrorObject, context: Context) => Fault

/** One error in words. Keywords without a form of their own say what Ajv says. */
export function wordsFor(error: ErrorObject, context: Context): Fault {
  return (byKeyword.get(error.keyword) ?? otherwise)(error, context)
}

const otherwise: Words = ({ instancePath: at, keyword, message = "" }, context) =>
  mismatch({ at, keyword, expected: message.replace(/^must /, "it to ") || keyword }, context)

/** The bound of the schema, which Ajv names in its parameters. */
const limitOf = ({ params }: ErrorObject) => String(params["limit"])

const bound: Words = (error, context) => {
  const { instancePath: at, keyword, params } = error
  return mismatch(
    { at, keyword, expected: `${String(params["comparison"])} ${limitOf(error)}` },
    context,
  )
}

/** Bounds on how many there are, in the singular. */
const counted =
  (limit: "at least" | "at most", unit: string, count: (value: unknown) => number): Words =>
  (error, context) => {
    const { instancePath: at, keyword } = error
    const units = limitOf(error) === "1" ? unit : `${unit}s`
    const words = String(count(valueAt(context.value, at)))
    const expected = `${limit} ${limitOf(error)} ${units}`
    return mismatch({ at, keyword, expected, receives: { words } }, context)
  }

const characters = (value: unknown) => [...String(value)].length
const items = (value: unknown) => (Array.isArray(value) ? value.length : 0)
const members = (value: unknown) => (isObject(value) ? Object.keys(value).length : 0)

const type: Words = ({ instancePath: at, keyword, params, parentSchema }, context) => {
  const expected = typeNames(params["type"], parentSchema?.["nullable"])
  const hint = typeHint(expected, valueAt(context.value, at))
  return mismatch({ at, keyword, expected, hint, receives: "type" }, context)
}

const values: Words = ({ instancePath: at, keyword, params }, context) => {
  const all: readonly Json[] = params["allowedValues"] ?? [params["allowedValue"] ?? null]
  const hint = enumHint(all, valueAt(context.value, at))
  return mismatch({ at, keyword, expected: oneOf(all), allowed: firstValues(all), hint }, context)
}

const format: Words = ({ instancePath: at, keyword, params }, context) =>
  mismatch({ at, keyword, expected: describeFormat(String(params["format"])) }, context)

const pattern: Words = ({ instancePath: at, keyword, params }, context) =>
  mismatch({ at, keyword, expected: `a string matching ${String(params["pattern"])}` }, context)

const multiple: Words = ({ instancePath: at, keyword, params }, context) =>
  mismatch({ at, keyword, expected: `a multiple of ${String(params["multipleOf"])}` }, context)

const distinct: Words = ({ instancePath: at, keyword, params }, context) => {
  const words = `the same at ${String(params["j"])} and ${String(params["i"])}`
  return mismatch({ at, keyword, expected: "distinct items", receives: { words } }, context)
}

const contains: Words = (error, context) => {
  const { instancePath: at, keyword, params } = error
  const { landscape } = context
  const what = describe(landscape, subschemaAt(landscape, schemaOf(landscape, error), "contains"))
  const { minContains = 1, maxContains } = params
  const most = maxContains === undefined ? "" : ` and at most ${String(maxContains)}`
  return mismatch(
    { at, keyword, expected: `at least ${String(minContains)}${most} of its items to be ${what}` },
    context,
  )
}

const not: Words = (error, context) => {
  const { landscape } = context
  const what = describe(landscape, subschemaAt(landscape, schemaOf(landscape, error), "not"))
  const expected =
    what === "a value" ? "something that its schema does not exclude" : `anything but ${what}`
  return mismatch({ at: error.instancePath, keyword: "not", expected }, context)
}

const name: Words = (error, { landscape }) => {
  const { instancePath, params, keyword } = error
  const at = instancePath + segment(String(params["propertyName"]))
  const index = subschemaAt(landscape, schemaOf(landscape, error), "propertyNames")
  const expected = describeName(landscape.graph.nodes[index ?? -1]?.schema)
  return {
    at,
    keyword,
    expected,
    line: `${place(at)}: not allowed as a name, expected ${expected}`,
  }
}

function describeName(schema: Json | undefined): string {
  const { pattern: source, enum: names } = isObject(schema) ? schema : {}
  if (typeof source === "string") return `a name matching ${source}`
  return Array.isArray(names) ? oneOf(names) : "a name that its schema allows"
}

/** `oneOf` that more than one branch fits. */
const tooMany: Words = ({ instancePath: at, keyword, params }, context) => {
  const [first, second]: readonly number[] = params["passingSchemas"] ?? []
  const words = `a value that fits forms ${(first ?? 0) + 1} and ${(second ?? 0) + 1}`
  return mismatch(
    { at, keyword, expected: "exactly one form to fit", receives: { words } },
    context,
  )
}

const nothing: Words = ({ instancePath: at, keyword }) => ({
  at,
  keyword,
  expected: "nothing",
  line: `${place(at)}: not allowed`,
})

const atMostItems = counted("at most", "item", items)

const byKeyword: ReadonlyMap<string, Words> = new Map(
  Object.entries({
    type,
    enum: values,
    const: values,
    format,
    pattern,
    multipleOf: multiple,
    minimum: bound,
    maximum: bound,
    exclusiveMinimum: bound,
    exclusiveMaximum: bound,
    minLength: counted("at least", "character", characters),
    maxLength: counted("at most", "character", characters),
    minItems: counted("at least", "item", items),
    maxItems: atMostItems,
    items: atMostItems,
    additionalItems: atMostItems,
    unevaluatedItems: atMostItems,
    minProperties: counted("at least", "field", members),
    maxProperties: counted("at most", "field", members),
    uniqueItems: distinct,
    contains,
    not,
    propertyNames: name,
    oneOf: tooMany,
    "false schema": nothing,
    required: (error, context) => missing(error, context),
    dependentRequired: (error, context) => missing(error, context),
    dependencies: (error, context) => missing(error, context),
    additionalProperties: extra,
    unevaluatedProperties: extra,
  } satisfies Record<string, Words>),
)
