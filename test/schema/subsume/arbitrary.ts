import fc from "fast-check"
import type { Dialect } from "../../../src/schema/dialect.ts"
import { checkSchema } from "../../../src/schema/guard.ts"
import { isObject, type Json, type JsonObject, type JsonSchema } from "../../../src/schema/json.ts"
import { vary } from "./vary.ts"

const name = fc.constantFrom("a", "b", "c", "x-a")
const small = fc.integer({ min: 0, max: 3 })
const scalar = fc.constantFrom<Json>(
  null, true, false, 0, 1, 2, 3, 6, 1.5, -2, 0.5, "", "a", "bb", "1", "abc", "2026-01-31", "é",
) // biome-ignore format: one list

export const instance: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value

const typeName = fc.constantFrom(
  "null",
  "boolean",
  "object",
  "array",
  "number",
  "integer",
  "string",
)

/** Keywords that schemas in use have come up more often. */
const common =
  "type type type properties properties required items enum minimum maxLength additionalProperties anyOf oneOf const".split(
    " ",
  )

const uris: Readonly<Record<Dialect, string | undefined>> = {
  "2020-12": undefined,
  "2019-09": "https://json-schema.org/draft/2019-09/schema",
  "draft-07": "http://json-schema.org/draft-07/schema#",
}

/** Schemas of a few keywords each, of any kind, that the guard accepts; dynamic ones mean something else where they stand in another. */
export function schemaArbitrary(
  dialect: Dialect,
  { isDynamic = false }: { readonly isDynamic?: boolean } = {},
): fc.Arbitrary<JsonSchema> {
  const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => {
    const values = keywordValues(tie("schema"), dialect)
    if (isDynamic) values.set("$dynamicRef", fc.constant("#n"))
    const names = [...values.keys(), ...common.filter((keyword) => values.has(keyword))]
    const keyword = fc
      .constantFrom(...names)
      .chain((key) => (values.get(key) ?? small).map((held) => [key, held] as const))
    const object = fc.array(keyword, { minLength: 1, maxLength: 4 }).map(assemble)
    return { schema: fc.oneof({ maxDepth: 3, depthSize: "small" }, fc.boolean(), object) }
  })
  return fc
    .tuple(schema, schema, schema)
    .map(([root, x, y]) => (isObject(root) ? document(root, x, y, dialect) : root))
    .filter((one) => checkSchema(one).verdict !== "refused")
}

function document(root: JsonObject, x: JsonSchema, y: JsonSchema, dialect: Dialect): JsonObject {
  const text = JSON.stringify([root, x, y])
  const isDynamic = text.includes("$dynamicRef") && isObject(y) && dialect !== "draft-07"
  const hasReferences = text.includes("$ref") || isDynamic
  const uri = uris[dialect]
  return {
    ...(uri !== undefined && { $schema: uri }),
    ...root,
    ...(hasReferences && { $defs: { x, y: isDynamic ? { ...y, $dynamicAnchor: "n" } : y } }),
  }
}

function assemble(entries: readonly (readonly [string, unknown])[]): JsonObject {
  const object: Record<string, Json> = JSON.parse(JSON.stringify(Object.fromEntries(entries)))
  if (object["type"] === undefined) delete object["nullable"]
  return object
}

function keywordValues(
  some: fc.Arbitrary<JsonSchema>,
  dialect: Dialect,
): Map<string, fc.Arbitrary<unknown>> {
  const list = fc.array(some, { minLength: 1, maxLength: 3 })
  const map = fc.dictionary(name, some, { maxKeys: 3, noNullPrototype: true })
  const patterns = fc.dictionary(fc.constantFrom("^a", "^x-", "^x", "b"), some, {
    maxKeys: 2,
    noNullPrototype: true,
  })
  const isToday = dialect === "2020-12"
  return new Map<string, fc.Arbitrary<unknown>>([
    ["type", fc.oneof(typeName, fc.uniqueArray(typeName, { minLength: 1, maxLength: 3 }))],
    ["nullable", fc.constant(true)],
    ["enum", fc.array(instance, { minLength: 1, maxLength: 4 })],
    ["const", instance],
    ...["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"].map(
      (keyword) => [keyword, small] as const,
    ),
    ["multipleOf", fc.constantFrom(1, 0.5, 2, 3, 6, 0.1)],
    ...["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"].map(
      (keyword) => [keyword, small] as const,
    ),
    ...["minContains", "maxContains"].map((keyword) => [keyword, small] as const),
    ["pattern", fc.constantFrom("^a", "b+$", "^(a|b)*$", "1", "^[a-z]{2}$")],
    ["format", fc.constantFrom("date", "int32", "int64", "uuid", "unheard-of", "email")],
    ["uniqueItems", fc.boolean()],
    ["required", fc.uniqueArray(name, { maxLength: 2 })],
    ["dependentRequired", fc.constantFrom({ a: ["b"] }, { b: ["a", "c"] })],
    ["dependencies", fc.oneof(map, fc.constant({ a: ["c"] }))],
    ["patternProperties", patterns],
    ["propertyNames", fc.oneof(some, fc.constantFrom({ enum: ["a", "b"] }, { pattern: "^a" }))],
    ["items", isToday ? some : fc.oneof(some, list)],
    isToday ? ["prefixItems", list] : ["additionalItems", some],
    ...["properties", "dependentSchemas"].map((keyword) => [keyword, map] as const),
    ...["allOf", "anyOf", "oneOf"].map((keyword) => [keyword, list] as const),
    ...["additionalProperties", "contains", "not", "if", "then", "else"].map(
      (keyword) => [keyword, some] as const,
    ),
    ...["unevaluatedProperties", "unevaluatedItems"].map((keyword) => [keyword, some] as const),
    ["$ref", fc.constantFrom("#/$defs/x", "#/$defs/y", "#")],
  ])
}

/** A schema and a few that differ from it in one place or another: of such pairs the answers are close. */
export function familyArbitrary(size: number): fc.Arbitrary<readonly JsonSchema[]> {
  const dialect = fc.constantFrom<Dialect>("2020-12", "2020-12", "2020-12", "2019-09", "draft-07")
  const choices = fc.array(fc.nat({ max: 1_000 }), { minLength: 12, maxLength: 12 })
  return fc
    .tuple(
      dialect.chain((one) => schemaArbitrary(one, { isDynamic: true })),
      fc.array(choices, { minLength: size, maxLength: size }),
    )
    .map(([base, changes]) => {
      const family = [base]
      for (const change of changes) {
        const next = vary(family[(change[0] ?? 0) % family.length] ?? base, change.slice(1))
        if (checkSchema(next).verdict !== "refused") family.push(next)
      }
      return family
    })
}
