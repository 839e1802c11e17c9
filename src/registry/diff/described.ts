import { isList, isObject, type Json, type JsonObject, type JsonSchema } from "../../schema/json.ts"
import { nodeAt } from "../schemas/reference.ts"

const depthMax = 24

/**
 * `from` without the fields that it says nothing of and `to` does: what somebody sends who goes by what `from` describes.
 * An open schema allows any field, so that describing one more is, to the letter, to allow less; whoever never heard of
 * the field does not send it. Undefined when there is no such field. Where it cannot be told what `from` says of its
 * fields (patterns, references to names), nothing is taken out.
 */
export function asDescribed(from: JsonSchema, to: JsonSchema): JsonSchema | undefined {
  const undescribed = new Map<JsonObject, Set<string>>()
  find([from], [to], { from, to, undescribed, seen: new Set(), depth: 0 })
  return undescribed.size === 0 ? undefined : without(from, undescribed)
}

interface Search {
  readonly from: JsonSchema
  readonly to: JsonSchema
  /** By the schema of `from` that the values are held to. */
  readonly undescribed: Map<JsonObject, Set<string>>
  readonly seen: Set<Json>
  readonly depth: number
}

/** Schemas that one value is held to, on either side. */
function find(ours: readonly Json[], theirs: readonly Json[], search: Search): void {
  const holders = ours.filter(isObject).filter((one) => !search.seen.has(one))
  if (holders.length === 0 || search.depth > depthMax) return
  for (const holder of holders) search.seen.add(holder)
  const mine = inPlace(ours, search.from)
  const other = inPlace(theirs, search.to)
  if (mine === undefined || other === undefined) return
  const described = fieldsOf(mine)
  for (const [name, schemas] of fieldsOf(other)) {
    const own = described.get(name)
    if (own !== undefined) find(own, schemas, { ...search, depth: search.depth + 1 })
    else if (isOpen(mine) && !isNamed(mine, name))
      for (const holder of holders) note(search.undescribed, holder, name)
  }
  const inner = { ...search, depth: search.depth + 1 }
  for (const keyword of ["items", "additionalProperties"])
    find(under(mine, keyword), under(other, keyword), inner)
}

function note(map: Map<JsonObject, Set<string>>, holder: JsonObject, name: string): void {
  const names = map.get(holder) ?? new Set()
  map.set(holder, names.add(name))
}

/** The schemas and all that apply with them; undefined where a reference leads out of sight. */
function inPlace(schemas: readonly Json[], root: JsonSchema): readonly JsonObject[] | undefined {
  const found = new Set<JsonObject>()
  const queue: (Json | undefined)[] = [...schemas]
  for (const at of queue) {
    if (!isObject(at) || found.has(at)) continue
    found.add(at)
    for (const branch of branches(at)) queue.push(branch)
    const ref = at["$ref"]
    if (typeof ref !== "string") continue
    const target = ref.startsWith("#") ? nodeAt(root, ref.slice(1)) : undefined
    if (target === undefined) return
    queue.push(target)
  }
  return [...found]
}

function branches(schema: JsonObject): readonly (Json | undefined)[] {
  const lists = [schema["allOf"], schema["anyOf"], schema["oneOf"]].flatMap((list) =>
    isList(list) ? list : [],
  )
  const dependent = schema["dependentSchemas"]
  const named = isObject(dependent) ? Object.values(dependent) : []
  return [...lists, ...named, schema["if"], schema["then"], schema["else"]]
}

function fieldsOf(schemas: readonly JsonObject[]): ReadonlyMap<string, readonly Json[]> {
  const fields = new Map<string, Json[]>()
  for (const { properties } of schemas)
    for (const [name, schema] of Object.entries(isObject(properties) ? properties : {}))
      fields.set(name, [...(fields.get(name) ?? []), schema])
  return fields
}

/** Any other field is allowed, whatever it holds. */
const isOpen = (schemas: readonly JsonObject[]): boolean =>
  schemas.every(
    (schema) =>
      schema["additionalProperties"] !== false &&
      !isObject(schema["additionalProperties"]) &&
      ["patternProperties", "unevaluatedProperties", "propertyNames"].every(
        (keyword) => schema[keyword] === undefined,
      ),
  )

/** Said of elsewhere than under `properties`. */
const isNamed = (schemas: readonly JsonObject[], name: string): boolean =>
  schemas.some(({ required, dependentRequired, dependentSchemas }) => {
    const isRequired = isList(required) && required.includes(name)
    return isRequired || JSON.stringify([dependentRequired, dependentSchemas]).includes(name)
  })

const under = (schemas: readonly JsonObject[], keyword: string): readonly Json[] =>
  schemas.flatMap((schema) => {
    const value = schema[keyword]
    return isObject(value) ? [value] : []
  })

function without(schema: Json, fields: ReadonlyMap<JsonObject, ReadonlySet<string>>): JsonSchema {
  const copy = (value: Json): Json => {
    if (isList(value)) return value.map(copy)
    if (!isObject(value)) return value
    const made = Object.entries(value).map(([key, one]) => [key, copy(one)] as const)
    const names = fields.get(value)
    if (names === undefined) return Object.fromEntries(made)
    const own = value["properties"]
    const properties = [
      ...Object.entries(isObject(own) ? own : {}).map(([key, one]) => [key, copy(one)] as const),
      ...[...names].map((name) => [name, false] as const),
    ]
    return Object.fromEntries([...made, ["properties", Object.fromEntries(properties)]])
  }
  const made = copy(schema)
  return isObject(made) ? made : true
}
