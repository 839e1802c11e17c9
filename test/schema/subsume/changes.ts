import { isObject, type Json, type JsonObject } from "../../../src/schema/json.ts"

/**
 * What people do to schemas between two versions, with its effect by construction: a schema that is widened takes
 * everything it took and more.
 */
export interface Change {
  readonly what: string
  readonly effect: "widens" | "narrows" | "keeps"
  readonly changed: JsonObject
}

type Edit = readonly [what: string, effect: Change["effect"], edited: JsonObject]

/** Every change that can be made in one place of the schema. */
export function changesOf(schema: JsonObject): Change[] {
  return placesIn(schema).flatMap(({ at, put, isBranch }) =>
    editsOf(at, isBranch).map(([what, effect, edited]) => ({ what, effect, changed: put(edited) })),
  )
}

interface Place {
  readonly at: JsonObject
  readonly put: (edited: Json) => JsonObject
  /** An alternative beside others, to which a change may make no difference. */
  readonly isBranch: boolean
}

const one = ["items", "additionalProperties"]
const lists = ["oneOf", "anyOf", "allOf", "prefixItems"]
const maps = ["properties", "$defs", "patternProperties"]

/** Where a change changes the whole in the same sense: not under `not` or `if`. */
function placesIn(schema: JsonObject): Place[] {
  const places: Place[] = [{ at: schema, put: object, isBranch: false }]
  for (const place of places)
    places.push(...Object.keys(place.at).flatMap((keyword) => below(place, keyword)))
  return places
}

function below({ at, put }: Place, keyword: string): Place[] {
  const held = at[keyword]
  const putBack = (edited: Json) => put({ ...at, [keyword]: edited })
  if (one.includes(keyword) && held !== undefined && isObject(held))
    return [{ at: held, put: putBack, isBranch: false }]
  if (lists.includes(keyword) && Array.isArray(held))
    return held.map((item: Json, index) => ({
      at: object(item),
      put: (edited) => putBack(held.with(index, edited)),
      isBranch: keyword === "anyOf",
    }))
  if (!maps.includes(keyword) || held === undefined || !isObject(held)) return []
  return Object.entries(held).map(([name, item]) => ({
    at: object(item),
    put: (edited) => putBack({ ...held, [name]: edited }),
    isBranch: false,
  }))
}

const object = (json: Json): JsonObject => (isObject(json) ? json : {})

function editsOf(at: JsonObject, isBranch: boolean): Edit[] {
  return [
    ["a description", "keeps", { ...at, description: "other words" }] as const,
    ...(isBranch ? [] : editsOfType(at)),
    ...editsOfLimits(at),
    ...editsOfForm(at),
    ...editsOfMembers(at),
    ...editsOfValues(at),
  ]
}

function editsOfType(at: JsonObject): Edit[] {
  const { type } = at
  const edits: Edit[] = []
  if (typeof type !== "string" || at["enum"] !== undefined) return edits
  // What a negation says of objects only holds of null, too, and so excludes it.
  if (!("not" in at)) edits.push(["null allowed", "widens", { ...at, type: [type, "null"] }])
  if (type === "integer" && !("multipleOf" in at) && at["format"] === undefined)
    edits.push(["fractions allowed", "widens", { ...at, type: "number" }])
  if (type === "number" && !("multipleOf" in at))
    edits.push(["whole numbers only", "narrows", { ...at, type: "integer" }])
  if (type === "string" && !("pattern" in at) && !("format" in at))
    edits.push(
      ["a pattern", "narrows", { ...at, pattern: "^[a-z]+$" }],
      ["a format", "narrows", { ...at, format: "email" }],
    )
  return edits
}

const lower = ["minimum", "exclusiveMinimum", "minLength", "minItems"]
const upper = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]

function editsOfLimits(at: JsonObject): Edit[] {
  // Beside a pattern or a format a limit may say nothing that they do not say.
  if ("pattern" in at || "format" in at) return []
  return [...lower, ...upper].flatMap((keyword): Edit[] => {
    const limit = at[keyword]
    if (typeof limit !== "number") return []
    const step = (lower.includes(keyword) ? 1 : -1) * Number(at["multipleOf"] ?? 1)
    const relaxed: Edit = [`${keyword} relaxed`, "widens", { ...at, [keyword]: limit - step }]
    const dropped: Edit = [`${keyword} dropped`, "widens", without(at, keyword)]
    const tightened: Edit = [`${keyword} tightened`, "narrows", { ...at, [keyword]: limit + step }]
    if (keyword.endsWith("imum")) return [relaxed, dropped, tightened]
    return limit > 0 ? [relaxed, dropped, tightened] : [tightened]
  })
}

function editsOfForm(at: JsonObject): Edit[] {
  const edits = ["pattern", "format", "uniqueItems", "multipleOf"]
    .filter((keyword) => at[keyword] !== undefined && at[keyword] !== "int64")
    .map((keyword): Edit => [`${keyword} dropped`, "widens", without(at, keyword)])
  const isTuple = at["prefixItems"] !== undefined
  if (at["type"] === "array" && !isTuple && !("uniqueItems" in at))
    edits.push(["items distinct", "narrows", { ...at, uniqueItems: true }])
  return edits
}

function editsOfMembers(at: JsonObject): Edit[] {
  if (at["type"] !== "object") return []
  const properties = object(at["properties"] ?? {})
  const required = Array.isArray(at["required"]) ? at["required"].map(String) : []
  const optional = Object.keys(properties).filter((name) => !required.includes(name))
  const isClosed = at["additionalProperties"] === false
  const isConditional = ["not", "if", "dependentRequired"].some((keyword) => keyword in at)
  const edits: Edit[] = required
    .filter((name) => !("const" in object(properties[name] ?? {})))
    .map((name) => [
      `${name} optional`,
      "widens",
      { ...at, required: required.filter((other) => other !== name) },
    ])
  for (const name of isConditional ? [] : optional)
    edits.push([`${name} required`, "narrows", { ...at, required: [...required, name] }])
  for (const name of optional)
    if (isClosed)
      edits.push([`${name} gone`, "narrows", { ...at, properties: without(properties, name) }])
  if (isClosed)
    edits.push(
      ["others allowed", "widens", without(at, "additionalProperties")],
      [
        "one more member",
        "widens",
        { ...at, properties: { ...properties, extra: { type: "string" } } },
      ],
    )
  else if (at["additionalProperties"] === undefined && at["allOf"] === undefined)
    edits.push(["no others", "narrows", { ...at, additionalProperties: false }])
  return edits
}

function editsOfValues(at: JsonObject): Edit[] {
  const edits: Edit[] = []
  const { enum: values, oneOf } = at
  if (Array.isArray(values)) {
    edits.push(["one value more", "widens", { ...at, enum: [...values, "another"] }])
    edits.push(["one value less", "narrows", { ...at, enum: values.slice(1) }])
  }
  if (Array.isArray(oneOf)) {
    const added = { type: "object", properties: { type: { const: "new" }, kind: { const: "new" } } }
    const branch = { ...added, required: ["type", "kind"] }
    edits.push(["one branch more", "widens", { ...at, oneOf: [...oneOf, branch] }])
    edits.push(["one branch less", "narrows", { ...at, oneOf: oneOf.slice(1) }])
  }
  return edits
}

const without = (schema: JsonObject, key: string): JsonObject =>
  Object.fromEntries(Object.entries(schema).filter(([name]) => name !== key))
