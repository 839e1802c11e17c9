import { isList, isObject, type Json, type JsonObject, type JsonSchema } from "../../schema/json.ts"
import { respellRefs } from "../normalise/schema-walk.ts"
import { nodeAt } from "../schemas/reference.ts"
import { definitionKeywords, withoutUnusedDefinitions } from "./definitions.ts"

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
      : withoutUnusedDefinitions(rehomed(new Stripping(root, hidden, optional).strip(root), root))
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
    const kept = this.#loosened(this.#withoutConditions(schema))
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
      case "minProperties": // those that are filled in count, too
        return typeof value === "number" ? Math.max(0, value - this.#optional.size) : value
      case "properties":
      case "default":
      case "const":
        return this.#withoutHidden(value)
      case "enum":
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
    const dropNot = Object.hasOwn(schema, "not") && this.#mentions(schema["not"], this.#optional)
    const dropIf = Object.hasOwn(schema, "if") && this.#mentions(schema["if"], this.#optional)
    const kept = dropNot ? without(schema, "not") : schema
    return dropIf ? without(without(without(kept, "if"), "then"), "else") : kept
  }

  /** Forms that a hidden field told apart may all fit once it is gone, so exactly one can no longer be asked for. */
  #loosened(schema: JsonObject): JsonObject {
    const forms = schema["oneOf"]
    if (!isList(forms) || !forms.some((form) => this.#mentions(form, this.#hidden))) return schema
    const others = isList(schema["allOf"]) ? schema["allOf"] : []
    return { ...without(schema, "oneOf"), allOf: [...others, { anyOf: forms }] }
  }

  /** A reference that applies in place is replaced by what it names, where that knows a concealed field. */
  #inlined(schema: JsonObject): JsonObject {
    const ref = schema["$ref"]
    if (typeof ref !== "string") return schema
    const target = ref.startsWith("#") ? nodeAt(this.#root, ref.slice(1)) : undefined
    const rest = without(schema, "$ref")
    // An embedded resource cannot be copied without its `$id`, nor twice with it.
    if (target === undefined) return this.#hidden.size > 0 ? rest : schema
    if (!isObject(target) || !this.#mentions(target, this.#optional)) return schema
    const made = this.strip(definitionKeywords.reduce(without, target)) // what is in them stays where it is
    const others = isList(rest["allOf"]) ? rest["allOf"] : []
    return { ...rest, allOf: [...others, made] }
  }

  /** Whether a schema, or one that it applies in place, describes a hidden field or requires one of `names`. */
  #mentions(schema: Json | undefined, names: ReadonlySet<string>): boolean {
    const seen = new Set<Json>()
    const queue: (Json | undefined)[] = [schema]
    for (const at of queue) {
      if (!isObject(at) || seen.has(at)) continue
      seen.add(at)
      if (this.#mentionsHere(at, names)) return true
      for (const applied of appliedIn(at)) queue.push(applied)
      const ref = at["$ref"]
      if (typeof ref !== "string") continue
      if (ref.startsWith("#")) queue.push(nodeAt(this.#root, ref.slice(1)))
      else return true
    }
    return false
  }

  #mentionsHere(schema: JsonObject, names: ReadonlySet<string>): boolean {
    const required = schema["required"]
    const isNamed = (name: Json) => typeof name === "string" && names.has(name)
    if (isList(required) && required.some(isNamed)) return true
    return ["properties", "dependentRequired", "dependentSchemas", "dependencies"].some(
      (keyword) => {
        const fields = schema[keyword]
        return isObject(fields) && Object.keys(fields).some((name) => this.#hidden.has(name))
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
  const taken = new Set(isObject(original["$defs"]) ? Object.keys(original["$defs"]) : [])
  const respell = (ref: string) => {
    if (!ref.startsWith("#/") || nodeAt(schema, ref.slice(1)) !== undefined) return ref
    const node = nodeAt(original, ref.slice(1))
    if (node === undefined) return ref
    const key = homes.get(ref)?.key ?? freeKey(taken)
    taken.add(key)
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

function freeKey(taken: ReadonlySet<string>): string {
  for (let number = 0; ; number++) if (!taken.has(`part${number}`)) return `part${number}`
}
