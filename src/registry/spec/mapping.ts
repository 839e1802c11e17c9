import { isObject, type Json, type JsonObject, segment } from "../../schema/json.ts"
import { concat } from "./binding.ts"
import { as, choice } from "./choice.ts"
import { object, optional, required } from "./fields.ts"
import { path } from "./path.ts"
import { type At, isAnnotation, memberPointer, type Reader, wrongType } from "./reading.ts"
import { withoutStarKeys } from "./star-keys.ts"
import { taggedOrPlain } from "./tagged.ts"
import { isList, list, put, record, text } from "./values.ts"

/** `{ mappings: { field: source } }`: an object made of parts of another value. */
export function transform(raw: Json, at: At): JsonObject | undefined {
  return mappingObject(raw, at)
}
const mappingObject = object("a mapping", { mappings: required(mappings) })

/** The fields of a mapping by name; any name is a field, also one with a `$` or a dot. */
export function mappings(raw: Json, at: At): JsonObject | undefined {
  if (!isObject(raw)) return wrongType(at, raw, "an object")
  const { origins } = at.reading.context
  const owner = withoutStarKeys(raw, at)
  const out = origins.set({}, at.pointer)
  for (const [key, written] of Object.entries(owner)) {
    const pointer = memberPointer(at, owner, key)
    const value = source(written, { ...at, pointer, holder: out, key })
    if (value === undefined) continue
    put(out, key, value)
    if (pointer !== at.pointer + segment(key)) origins.setMember(out, key, pointer)
  }
  return out
}

/** Where the value of one field comes from. */
const source: Reader = (raw, at) => (hasItems(raw) ? items(raw, at) : single(raw, at))

/** `path` and `nested` together: each item of what the path yields, mapped. */
function hasItems(raw: Json): boolean {
  if (!isObject(raw) || !Object.hasOwn(raw, "path") || !Object.hasOwn(raw, "nested")) return false
  return Object.keys(raw).filter((key) => !isAnnotation(key)).length === 2
}
const items = object("a source", { path: required(path), nested: required(transform) })

const paths = list(path)

const coalesce: Reader = (raw, at) => {
  if (!isList(raw)) return object("coalesce", { paths: required(paths) })(raw, at)
  const { context } = at.reading
  context.dialect("coalesce.array", at.pointer)
  const out: { [key: string]: Json } = context.origins.set({}, at.pointer)
  const read = paths(raw, { ...at, holder: out, key: "paths" })
  out["paths"] = read ?? []
  context.origins.setMember(out, "paths", at.pointer)
  return out
}

const template = object("template", { template: required(text), vars: optional(record(path)) })

/** `{ template: "${a}…", vars }`, where the text stands in the place of the object that holds both. */
function flatTemplate(raw: JsonObject, at: At): JsonObject {
  const { context, moved } = at.reading
  const pointer = `${at.pointer}/template`
  context.dialect("template.flat", pointer)
  const inner = { ...raw, template: withoutDollars(raw) }
  const keys = Object.keys(raw)
  moved.set(inner, Object.fromEntries(keys.map((key) => [key, at.pointer + segment(key)])))
  const out: { [key: string]: Json } = context.origins.set({}, at.pointer)
  const read = template(inner, { ...at, pointer, holder: out, key: "template" })
  if (read !== undefined) out["template"] = read
  return out
}

/** Variables are written `${a}` in the flat form and `{a}` in the canonical one. */
function withoutDollars({ template = "", vars = {} }: JsonObject): Json {
  if (typeof template !== "string" || !isObject(vars)) return template
  return template.replace(/\$(\{[^{}]*\})/g, (written, variable: string) =>
    Object.hasOwn(vars, variable.slice(1, -1)) ? variable : written,
  )
}

const isFlatTemplate = (raw: Json): raw is JsonObject =>
  isObject(raw) && typeof raw["template"] === "string"

const oneSource = choice("a source", {
  path: as(path),
  literal: as(taggedOrPlain),
  coalesce: as(coalesce),
  template: as(template),
  concat: as(concat),
  nested: as(transform),
})

const single: Reader = (raw, at) =>
  isFlatTemplate(raw) ? flatTemplate(raw, at) : oneSource(raw, at)
