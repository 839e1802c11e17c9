import { createHash, type Hash } from "node:crypto"
import { canonical } from "../../schema/canonical.ts"
import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { RegistryDocument } from "../model.ts"
import { printDocument } from "./printed.ts"

/**
 * The digest of a document: SHA-256 over the canonical JSON (RFC 8785) of its canonical form without `$` members, so
 * that neither spelling nor comments change it. Returns `sha256:` and 64 hex digits. Written entity by entity, with a
 * pause after each: the text of a large document is never held.
 */
export function* digestDocument(document: RegistryDocument): Generator<void, string, void> {
  const hash = createHash("sha256")
  let opening = "{"
  for (const [key, value] of sortedMembers(printDocument(document))) {
    hash.update(`${opening}${canonical(key)}:`)
    opening = ","
    if (isList(value)) yield* digestList(hash, key, value)
    else hash.update(canonical(value))
  }
  hash.update("}")
  return `sha256:${hash.digest("hex")}`
}

function* digestList(hash: Hash, section: string, list: readonly Json[]) {
  hash.update("[")
  for (const [index, entity] of list.entries()) {
    if (index > 0) hash.update(",")
    hash.update(canonical(uncommented(section, entity)))
    yield
  }
  hash.update("]")
}

const sortedMembers = (object: JsonObject): readonly (readonly [string, Json])[] =>
  Object.entries(object)
    .filter(([key]) => !key.startsWith("$"))
    .sort(([left], [right]) => (left < right ? -1 : 1))

/** `entity` without comments: `$` members of objects of the format, never of schemas, data and what cards carry. */
function uncommented(section: string, entity: Json): Json {
  const plain = withoutDollars(entity)
  if (!isObject(plain)) return plain
  switch (section) {
    case "servers":
      return replace(plain, { provides: eachItem(withoutDollars) })
    case "tools":
      return replace(plain, {
        source: withoutDollars,
        spec: uncommentedSpec,
        outputTransform: uncommentedSpec,
        depends: eachItem(withoutDollars),
      })
    default:
      return plain
  }
}

function withoutDollars(value: Json): Json {
  if (!isObject(value)) return value
  let hasDollar = false
  for (const key in value) hasDollar ||= key.startsWith("$")
  if (!hasDollar) return value
  return Object.fromEntries(Object.entries(value).filter(([key]) => !key.startsWith("$")))
}

const eachItem =
  (change: (item: Json) => Json) =>
  (value: Json): Json =>
    isList(value) ? value.map(change) : value

function replace(
  object: JsonObject,
  changes: { readonly [key: string]: (value: Json) => Json },
): JsonObject {
  const made: { [key: string]: Json } = { ...object }
  for (const [key, change] of Object.entries(changes)) {
    const value = object[key]
    if (value !== undefined) made[key] = change(value)
  }
  return made
}

/** Members of specs whose value is data, and those whose keys are. */
const data: ReadonlySet<string> = new Set(["constant", "literal", "value"])
const keyed: ReadonlySet<string> = new Set(["fields", "mappings", "vars"])

function uncommentedSpec(value: Json): Json {
  if (isList(value)) return value.map(uncommentedSpec)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !key.startsWith("$"))
      .map(([key, member]) => [key, uncommentedMember(key, member)]),
  )
}

function uncommentedMember(key: string, value: Json): Json {
  if (data.has(key)) return value
  if (!keyed.has(key) || !isObject(value)) return uncommentedSpec(value)
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, uncommentedSpec(member)]),
  )
}
