import { isList, isObject, type Json, type JsonObject, type JsonSchema } from "../../schema/json.ts"
import { eachSubschema, respellRefs } from "../normalise/schema-walk.ts"
import { nodeAt } from "../schemas/reference.ts"

/** What a tool does to the arguments that callers may send. */
export interface Concealment {
  /** Not shown and not accepted. */
  readonly hidden: ReadonlySet<string>
  /** Filled in when absent, so no longer required; hidden names are among them. */
  readonly optional: ReadonlySet<string>
}

/**
 * The self-contained input schema of a tool as callers are shown it: an object at its root, without a trace of hidden
 * fields, and with fields that have defaults no longer required. Follows references that apply to the root itself; what
 * it cannot take out of a condition it drops with the condition, because a schema that says less is still checked
 * against the server's own contract.
 */
export function shownSchema(schema: JsonSchema, { hidden, optional }: Concealment): JsonObject {
  const root: JsonObject = isObject(schema) ? schema : {}
  const stripped =
    optional.size === 0
      ? root
      : pruned(rehomed(new Stripping(root, hidden, optional).strip(root), root))
  return stripped["type"] === "object" ? stripped : { type: "object", ...without(stripped, "type") }
}

class Stripping {
  readonly #root: JsonObject
  readonly #hidden: ReadonlySet<string>
  readonly #optional: ReadonlySet<string>

  constructor(root: JsonObject, hidden: ReadonlySet<string>, optional: ReadonlySet<string>) {
    this.#root = root
    this.#hidden = hidden
    this.#optional = optional
  }

  /** A schema that applies to the arguments as a whole. The guard has made sure that there is no loop of them. */
  strip(schema: JsonObject): JsonObject {
    const kept = this.#withoutConditions(schema)
    const members = Object.entries(kept).flatMap(([keyword, value]) => {
      const made = this.#member(keyword, value)
      return made === undefined ? [] : [[keyword, made] as const]
    })
    return this.#inlined(Object.fromEntries(members))
  }

  #member(keyword: string, value: Json): Json | undefined {
    switch (keyword) {
      case "required":
        return isList(value) ? nonEmpty(value.filter((name) => !this.#isOptional(name))) : value
      case "properties":
      case "default":
        return this.#withoutHidden(value)
      case "examples":
        return isList(value) ? value.map((example) => this.#withoutHidden(example)) : value
      case "dependentRequired":
      case "dependentSchemas":
      case "dependencies":
        return this.#dependents(value)
      case "propertyNames":
        return this.#names(value)
      case "allOf":
      case "anyOf":
      case "oneOf":
        return isList(value) ? value.map((branch) => this.#branch(branch)) : value
      case "then":
      case "else":
        return this.#branch(value)
      default:
        return value
    }
  }

  #branch(value: Json): Json {
    return isObject(value) ? this.strip(value) : value
  }

  #isOptional(name: Json): boolean {
    return typeof name === "string" && this.#optional.has(name)
  }

  #withoutHidden(value: Json): Json {
    if (!isObject(value)) return value
    return Object.fromEntries(Object.entries(value).filter(([name]) => !this.#hidden.has(name)))
  }

  #dependents(value: Json): Json {
    if (!isObject(value)) return value
    const kept = Object.entries(value).filter(([name]) => !this.#hidden.has(name))
    return Object.fromEntries(
      kept.map(([name, dependent]) => [
        name,
        isList(dependent)
          ? dependent.filter((other) => !this.#isOptional(other))
          : this.#branch(dependent),
      ]),
    )
  }

  #names(value: Json): Json {
    const names = isObject(value) ? value["enum"] : undefined
    if (!isObject(value) || !isList(names)) return value
    return {
      ...value,
      enum: names.filter((name) => typeof name !== "string" || !this.#hidden.has(name)),
    }
  }

  /** `not` and `if` that ask for hidden fields: taking the name out would turn their meaning round. */
  #withoutConditions(schema: JsonObject): JsonObject {
    const dropNot = Object.hasOwn(schema, "not") && this.#mentions(schema["not"])
    const dropIf = Object.hasOwn(schema, "if") && this.#mentions(schema["if"])
    const kept = dropNot ? without(schema, "not") : schema
    return dropIf ? without(without(without(kept, "if"), "then"), "else") : kept
  }

  /** A reference that applies in place is replaced by what it names, where that knows a concealed field. */
  #inlined(schema: JsonObject): JsonObject {
    const ref = schema["$ref"]
    if (typeof ref !== "string") return schema
    const target = ref.startsWith("#") ? nodeAt(this.#root, ref.slice(1)) : undefined
    const rest = without(schema, "$ref")
    // An embedded resource cannot be copied without its `$id`, nor twice with it.
    if (target === undefined) return this.#hidden.size > 0 ? rest : schema
    if (!isObject(target) || !this.#mentions(target)) return schema
    const made = this.strip(target === this.#root ? without(target, "$defs") : target)
    const others = isList(rest["allOf"]) ? rest["allOf"] : []
    return { ...rest, allOf: [...others, made] }
  }

  /** Whether a schema, or one that it applies in place, says something of a concealed field. */
  #mentions(schema: Json | undefined): boolean {
    const seen = new Set<Json>()
    const queue: (Json | undefined)[] = [schema]
    for (const at of queue) {
      if (!isObject(at) || seen.has(at)) continue
      seen.add(at)
      if (this.#mentionsHere(at)) return true
      queue.push(...appliedIn(at))
      const ref = at["$ref"]
      if (typeof ref !== "string") continue
      if (ref.startsWith("#")) queue.push(nodeAt(this.#root, ref.slice(1)))
      else return true
    }
    return false
  }

  #mentionsHere(schema: JsonObject): boolean {
    const required = schema["required"]
    if (isList(required) && required.some((name) => this.#isOptional(name))) return true
    return ["properties", "dependentRequired", "dependentSchemas", "dependencies"].some(
      (keyword) => {
        const names = schema[keyword]
        return isObject(names) && Object.keys(names).some((name) => this.#hidden.has(name))
      },
    )
  }
}

function appliedIn(schema: JsonObject): readonly (Json | undefined)[] {
  const lists = ["allOf", "anyOf", "oneOf"].flatMap((keyword) => {
    const list = schema[keyword]
    return isList(list) ? list : []
  })
  return [...lists, schema["not"], schema["if"], schema["then"], schema["else"]]
}

const nonEmpty = (list: readonly Json[]) => (list.length === 0 ? undefined : list)

function without(object: JsonObject, key: string): JsonObject {
  if (!Object.hasOwn(object, key)) return object
  const { [key]: _, ...rest } = object
  return rest
}

/** `schema`, made from `original`, with what its references lead to in the original and not in it. */
function rehomed(schema: JsonObject, original: JsonObject): JsonObject {
  const homes = new Map<string, { readonly key: string; readonly node: Json }>()
  const taken = isObject(original["$defs"]) ? original["$defs"] : {}
  const respell = (ref: string) => {
    if (!ref.startsWith("#/") || nodeAt(schema, ref.slice(1)) !== undefined) return ref
    const node = nodeAt(original, ref.slice(1))
    if (node === undefined) return ref
    const key = homes.get(ref)?.key ?? freeKey(taken, homes.size)
    homes.set(ref, { key, node })
    return `#/$defs/${key}`
  }
  const respelled = respellRefs(schema, respell)
  const defs: [string, Json][] = []
  // What is brought home may itself refer to what is not: the map grows while it is walked.
  for (const { key, node } of homes.values())
    defs.push([key, isObject(node) ? respellRefs(node, respell) : node])
  if (defs.length === 0 || !isObject(respelled)) return schema
  const known = isObject(respelled["$defs"]) ? Object.entries(respelled["$defs"]) : []
  return { ...respelled, $defs: Object.fromEntries([...known, ...defs]) }
}

function freeKey(taken: JsonObject, from: number): string {
  for (let number = from; ; number++)
    if (!Object.hasOwn(taken, `part${number}`)) return `part${number}`
}

/** The schema without definitions that nothing refers to any more: they may hold what was just taken out. */
function pruned(schema: JsonObject): JsonObject {
  const defs = schema["$defs"]
  if (!isObject(defs)) return schema
  const used = new Set<string>()
  const queue: Json[] = [without(schema, "$defs")]
  for (const at of queue)
    for (const key of definitionsUsed(at)) {
      if (used.has(key)) continue
      used.add(key)
      const definition = Object.hasOwn(defs, key) ? defs[key] : undefined
      if (definition !== undefined) queue.push(definition)
    }
  const kept = Object.entries(defs).filter(([key, value]) => used.has(key) || isResource(value))
  if (kept.length === 0) return without(schema, "$defs")
  return { ...schema, $defs: Object.fromEntries(kept) }
}

/** A definition with a name of its own may be referred to by that. */
const isResource = (schema: Json): boolean =>
  isObject(schema) && ["$id", "$anchor", "$dynamicAnchor"].some((key) => Object.hasOwn(schema, key))

function definitionsUsed(schema: Json): readonly string[] {
  const keys: string[] = []
  eachSubschema(schema, "", ({ $ref }) => {
    if (typeof $ref !== "string" || !$ref.startsWith("#/$defs/")) return
    const [key = ""] = $ref.slice("#/$defs/".length).split("/", 1)
    keys.push(key.replaceAll("~1", "/").replaceAll("~0", "~"))
  })
  return keys
}
