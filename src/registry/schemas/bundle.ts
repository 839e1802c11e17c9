import {
  isObject,
  type Json,
  type JsonObject,
  type JsonSchema,
  segment,
} from "../../schema/json.ts"
import { refKey, type SchemaEntity } from "../model.ts"
import { respellRefs } from "../normalise/schema-walk.ts"
import type { RegistryTarget, SchemaLinks } from "./link-schemas.ts"
import { asRoot } from "./positions.ts"

/** A schema as it is shown and compiled: with all it refers to inside it. */
export type Bundle =
  | {
      readonly kind: "bundled"
      readonly schema: JsonSchema
      /** The registered schemas in it. */
      readonly entities: ReadonlySet<SchemaEntity>
      /** The members of its `$defs` that hold them. */
      readonly keys: ReadonlySet<string>
      /** The registered schema whose text its root is, if it is one's. */
      readonly rootEntity: SchemaEntity | undefined
    }
  /** Something in it refers to nothing: it is no schema, and above all not one that allows anything. */
  | { readonly kind: "unresolved"; readonly ref: string }
  | { readonly kind: "tooLarge" }

/**
 * What the schema guard allows in one schema, in JSON values. A bundle holds at least the values of the schemas in it, so
 * one above this would be refused: it is not even written.
 */
export const valuesMax = 2_000

/** Annotations that may stand beside a `$ref` when what it names takes its place. */
const inlineable: ReadonlySet<string> = new Set(["$ref", "title", "description", "$comment"])

/**
 * Makes schemas self-contained, once each. To a JSON Schema tool `#Name:1.0.0` is an anchor; here it becomes a pointer
 * into `$defs`, which every reader of schemas understands. Where schemas have names of their own (`$id`, `$anchor`) they
 * are embedded as resources with an absolute `$id` instead (JSON Schema 2020-12 §9.3), so that those keep their meaning.
 */
export class Bundles {
  readonly #links: SchemaLinks
  readonly #entities = new Map<JsonObject, SchemaEntity>()
  readonly #made = new Map<JsonObject, Bundle>()
  readonly #sizes = new Map<SchemaEntity, number>()

  constructor(links: SchemaLinks) {
    this.#links = links
    for (const { schema, entity } of links.positions)
      if (entity !== undefined && isObject(schema)) this.#entities.set(schema, entity)
  }

  of(schema: JsonSchema): Bundle {
    const root = asRoot(schema)
    if (root === undefined) return plain(schema)
    const known = this.#made.get(root)
    if (known !== undefined) return known
    const made = this.#make(root)
    this.#made.set(root, made)
    return made
  }

  #make(root: JsonObject): Bundle {
    const chain = this.#aliases(root)
    if (chain === undefined) return { kind: "unresolved", ref: String(root["$ref"]) }
    const { end, aliases } = chain
    if (aliases.length === 0) return this.#write(root)
    // A schema that is nothing but a reference is the very schema it refers to: one validator serves both.
    let bundle = this.of(end)
    for (const alias of aliases.toReversed()) {
      bundle = annotated(bundle, alias)
      this.#made.set(alias, bundle)
    }
    return bundle
  }

  /** The chain of schemas that are nothing but a reference, from `root` on; undefined when it has no end. */
  #aliases(root: JsonObject): Aliases | undefined {
    const seen = new Set<JsonObject>()
    for (let at = root; !seen.has(at); ) {
      const target = this.#aliased(at)
      if (target === undefined || this.#made.has(at)) return { end: at, aliases: [...seen] }
      seen.add(at)
      const { schema } = target.entity
      if (!isObject(schema)) return { end: schema, aliases: [...seen] }
      at = schema
    }
    return
  }

  #write(root: JsonObject): Bundle {
    const closure = this.#closure(root)
    if (closure.kind !== "closure") return closure
    const rootEntity = this.#entities.get(root)
    const { entities, isNamed } = closure
    if (entities.size === 0) return { ...plain(root), rootEntity }
    const writer = new BundleWriter(this.#links.targets, root, rootEntity, isNamed)
    return { ...writer.write(rootEntity ? without(entities, rootEntity) : entities), entities }
  }

  #aliased(schema: JsonObject): RegistryTarget | undefined {
    const target = this.#links.targets.get(schema)
    if (target === undefined || target.tail !== "") return
    return Object.keys(schema).every((key) => inlineable.has(key)) ? target : undefined
  }

  #closure(root: JsonObject): Closure | Exclude<Bundle, { kind: "bundled" }> {
    const entities = new Set<SchemaEntity>()
    const queue: JsonObject[] = [root]
    let isNamed = false
    let values = 0
    for (const at of queue) {
      const refs = this.#links.roots.get(at)
      if (refs === undefined) continue
      if (refs.unresolved !== undefined) return { kind: "unresolved", ref: refs.unresolved }
      isNamed ||= refs.isNamed
      for (const { entity } of refs.targets) {
        if (entities.has(entity)) continue
        entities.add(entity)
        if (isObject(entity.schema)) queue.push(entity.schema)
        values += this.#valuesIn(entity)
      }
      if (values > valuesMax) return { kind: "tooLarge" }
    }
    return { kind: "closure", entities, isNamed }
  }

  #valuesIn(entity: SchemaEntity): number {
    const known = this.#sizes.get(entity)
    if (known !== undefined) return known
    const size = countValues(entity.schema)
    this.#sizes.set(entity, size)
    return size
  }
}

interface Aliases {
  readonly end: JsonSchema
  readonly aliases: readonly JsonObject[]
}

interface Closure {
  readonly kind: "closure"
  readonly entities: ReadonlySet<SchemaEntity>
  readonly isNamed: boolean
}

const plain = (schema: JsonSchema) => ({
  kind: "bundled" as const,
  schema,
  entities: new Set<SchemaEntity>(),
  keys: new Set<string>(),
  rootEntity: undefined,
})

/** What `bundle` is under an alias, whose annotations are the outer ones. */
function annotated(bundle: Bundle, alias: JsonObject): Bundle {
  const { $ref: _, ...annotations } = alias
  if (bundle.kind !== "bundled" || !isObject(bundle.schema)) return bundle
  if (Object.keys(annotations).length === 0) return bundle
  return { ...bundle, schema: { ...bundle.schema, ...annotations } }
}

/** At least one; counting stops above the limit. */
function countValues(schema: JsonSchema): number {
  const stack: Json[] = [schema]
  let count = 0
  for (let at = stack.pop(); at !== undefined && count <= valuesMax; at = stack.pop()) {
    count++
    if (typeof at !== "object" || at === null) continue
    for (const part of Object.values(at)) stack.push(part)
  }
  return count
}

function without<T>(set: ReadonlySet<T>, item: T): ReadonlySet<T> {
  const rest = new Set(set)
  rest.delete(item)
  return rest
}

/** Writes one bundle. */
class BundleWriter {
  readonly #targets: SchemaLinks["targets"]
  readonly #root: JsonObject
  readonly #rootEntity: SchemaEntity | undefined
  readonly #isNamed: boolean
  readonly #keys = new Map<SchemaEntity, string>()

  constructor(
    targets: SchemaLinks["targets"],
    root: JsonObject,
    rootEntity: SchemaEntity | undefined,
    isNamed: boolean,
  ) {
    this.#targets = targets
    this.#root = root
    this.#rootEntity = rootEntity
    this.#isNamed = isNamed
  }

  write(entities: ReadonlySet<SchemaEntity>) {
    const own = isObject(this.#root["$defs"]) ? this.#root["$defs"] : {}
    const taken = new Set(Object.keys(own))
    for (const entity of entities) {
      const key = freeKey(entity, taken)
      taken.add(key) // `Foo@1.0.0_2` is a registered name like any other, and may be what stood in for `Foo@1.0.0`
      this.#keys.set(entity, key)
    }
    const root = this.#respelled(this.#root, "")
    const defs = [...entities].map(
      (entity) => [this.#keyOf(entity), this.#embedded(entity)] as const,
    )
    const { $defs: _, ...rest } = root
    const respelledDefs = isObject(root["$defs"]) ? root["$defs"] : {}
    const schema: JsonObject = {
      ...rest,
      ...(this.#isNamed && this.#rootEntity ? { $id: idOf(this.#rootEntity) } : {}),
      $defs: Object.fromEntries([...Object.entries(respelledDefs), ...defs]),
    }
    return {
      kind: "bundled" as const,
      schema,
      keys: new Set(this.#keys.values()),
      rootEntity: this.#rootEntity,
    }
  }

  #embedded(entity: SchemaEntity): JsonSchema {
    const { schema } = entity
    if (!isObject(schema)) return schema
    const respelled = this.#respelled(schema, `/$defs${segment(this.#keyOf(entity))}`)
    const named = this.#isNamed ? { $id: idOf(entity), ...respelled } : respelled
    const dialect = this.#root["$schema"]
    if (!Object.hasOwn(named, "$schema") || named["$schema"] !== dialect) return named
    const { $schema: _, ...rest } = named
    return rest
  }

  /** `at` is where `schema` will stand: what it says of itself must be said from there. */
  #respelled(schema: JsonObject, at: string): JsonObject {
    const respelled = respellRefs(schema, (ref, holder) => {
      const target = this.#targets.get(holder)
      if (target !== undefined) return this.#refTo(target)
      return this.#isNamed || at === "" ? ref : `#${at}${ref.slice(1)}`
    })
    return isObject(respelled) ? respelled : schema
  }

  #refTo({ entity, tail }: RegistryTarget): string {
    if (this.#isNamed) return tail === "" ? idOf(entity) : `${idOf(entity)}#${tail}`
    if (entity === this.#rootEntity) return `#${tail}`
    return `#/$defs${segment(this.#keyOf(entity))}${tail}`
  }

  #keyOf(entity: SchemaEntity): string {
    return this.#keys.get(entity) ?? ""
  }
}

function freeKey({ name, version }: SchemaEntity, taken: ReadonlySet<string>): string {
  const key = version === undefined ? name : `${name}:${version}`
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? key : `${key}_${number}`
    if (!taken.has(candidate)) return candidate
  }
}

/** Its own absolute `$id`, or one made from its identity. */
function idOf(entity: SchemaEntity): string {
  const own = isObject(entity.schema) ? entity.schema["$id"] : undefined
  if (typeof own === "string" && !own.startsWith("#")) return own.replace(/#$/, "")
  return `urn:postern:schema:${refKey(entity.name, entity.version).replace("@", ":")}`
}
