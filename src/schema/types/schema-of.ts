import type { Json, JsonSchema } from "../json.ts"
import { everyKind, type Kind, kinds, numberKinds } from "../subsume/clauses/kinds.ts"
import type { Anatomy } from "./anatomy.ts"
import { type Type, unknown } from "./type.ts"

/** Schemas inside each other, all there are in one, members of an object, values of an enum, characters of a value. */
const depthMax = 8
const schemasMax = 400
const membersMax = 60
const valuesMax = 40
const textMax = 120

/**
 * A schema that every value of the type fits, self-contained and of bounded size; values may fit it that are not of the
 * type. For people and tools to read; proofs are made with the type itself.
 */
export const schemaOf = (type: Type, anatomy: Anatomy): JsonSchema =>
  new Writing(anatomy).schema(type, 0)

class Writing {
  readonly #anatomy: Anatomy
  #left = schemasMax

  constructor(anatomy: Anatomy) {
    this.#anatomy = anatomy
  }

  schema(type: Type, depth: number): JsonSchema {
    if (type === unknown || depth > depthMax || this.#left <= 0) return true
    this.#left--
    const mask = this.#anatomy.kindsOf(type)
    if (mask === 0) return false
    if (mask === everyKind) return true
    const has = (kind: number) => (mask & kind) !== 0
    const { names, values } = this.#scalars(type, mask)
    const ways = [
      ...(values.length === 0 ? [] : [{ enum: values }]),
      ...(has(kinds.array) ? [this.#array(type, depth)] : []),
      ...(has(kinds.object) ? [this.#object(type, depth)] : []),
      ...names.map((name) => ({ type: name })),
    ]
    const [only = false, ...others] = ways
    return others.length === 0 ? only : { anyOf: ways }
  }

  /** The kinds of scalars by name, and those of which every value is known by their values. */
  #scalars(type: Type, mask: number): { names: readonly string[]; values: readonly Json[] } {
    const values: Json[] = []
    const names = scalars.flatMap(([name, kindsOfName]) => {
      const there = kindsOfName.filter((kind) => (mask & kind) !== 0)
      if (there.length === 0) return []
      const listed = there.map((kind) => this.#anatomy.valuesOf(type, kind))
      if (listed.every((some) => some !== undefined && isShort(some))) {
        values.push(...listed.flatMap((some) => some ?? []))
        return []
      }
      return name === "number" && (mask & numberKinds) === kinds.integer ? "integer" : name
    })
    return { names, values }
  }

  #array(type: Type, depth: number): JsonSchema {
    const items = this.#anatomy.items(type)
    if (items === undefined) return { type: "array" }
    const { min, max } = items
    const each = max === 0 ? true : this.schema(items.type, depth + 1)
    return {
      type: "array",
      ...(each !== true && { items: each }),
      ...(min > 0 && Number.isFinite(min) && { minItems: min }),
      ...(max < Infinity && { maxItems: max }),
    }
  }

  #object(type: Type, depth: number): JsonSchema {
    const names = this.#anatomy.names(type)
    const parts = names
      .slice(0, membersMax)
      .map((name) => [name, this.#anatomy.member(type, name)] as const)
      .filter(([, { presence }]) => presence !== "never")
    const required = parts.flatMap(([name, { presence }]) => (presence === "always" ? name : []))
    // From entries, so that a member named __proto__ is a member.
    const properties = Object.fromEntries(
      parts.map(([name, part]) => [name, this.schema(part.type, depth + 1)] as const),
    )
    const isWhole = names.length <= membersMax
    const others = isWhole ? this.schema(this.#anatomy.others(type), depth + 1) : true
    return {
      type: "object",
      ...(parts.length > 0 && { properties }),
      ...(required.length > 0 && { required }),
      ...(others !== true && { additionalProperties: others }),
    }
  }
}

const scalars: readonly (readonly [string, readonly Kind[]])[] = [
  ["string", [kinds.string]],
  ["number", [kinds.integer, kinds.fraction]],
  ["boolean", [kinds.boolean]],
  ["null", [kinds.null]],
]

const isShort = (values: readonly Json[]): boolean =>
  values.length <= valuesMax &&
  values.every((value) => typeof value !== "string" || value.length <= textMax)
