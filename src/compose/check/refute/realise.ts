import { isOwnFault } from "../../../schema/fault.ts"
import type { Json, JsonSchema } from "../../../schema/json.ts"
import { samples } from "../../../schema/subsume/compare.ts"
import { take } from "../../../schema/subsume/search/take.ts"
import type { Anatomy } from "../../../schema/types/anatomy.ts"
import {
  anything,
  constantType,
  nothing,
  objectOf,
  type Part,
  type Type,
  tupleFrom,
  typeOf,
} from "../../../schema/types/type.ts"
import type { Schemas } from "../../../schema/validator.ts"
import type { Sources } from "../flow.ts"
import type { Key } from "../infer-query.ts"
import type { Answers } from "./play.ts"
import type { Wanted, Wish } from "./wish.ts"

/** Values that are looked at for one source. */
const samplesMax = 8
/** Worlds that differ in what nobody wished for. */
export const worldsMax = 4

/** Makes answers of the sources of a plan, each of which its validator takes. */
export class Realiser {
  readonly #anatomy: Anatomy
  readonly #schemas: Schemas
  readonly #sources: Sources
  readonly #plain = new Map<string, readonly Json[]>()
  /** Schemas that could not be checked once: each further value would take as long. */
  readonly #unchecked = new Set<JsonSchema>()

  constructor(
    sources: Sources,
    { anatomy, schemas }: { readonly anatomy: Anatomy; readonly schemas: Schemas },
  ) {
    this.#sources = sources
    this.#anatomy = anatomy
    this.#schemas = schemas
  }

  /** Answers that grant the wishes; a source of which nothing is wished gives one or another of its values. */
  answers(wishes: readonly Wish[], world: number): Answers {
    const made = new Map<string, Json | undefined>()
    const make = (path: string) => {
      const own = wishes.filter(({ source }) => source === path)
      const values = own.length === 0 ? this.#plainOf(path) : this.#granting(path, own)
      return own.length === 0 ? values[Math.min(world, values.length - 1)] : values[0]
    }
    return (path) => {
      if (!made.has(path)) made.set(path, make(path))
      return made.get(path)
    }
  }

  #plainOf(path: string): readonly Json[] {
    const known = this.#plain.get(path)
    if (known !== undefined) return known
    const schema = this.#sources.get(path)
    const values = schema === undefined ? [{}] : this.#valid(schema, [])
    this.#plain.set(path, values)
    return values
  }

  #granting(path: string, wishes: readonly Wish[]): readonly Json[] {
    return this.#valid(this.#sources.get(path) ?? true, [wished(wishes)])
  }

  #valid(schema: JsonSchema, also: readonly Type[]): readonly Json[] {
    if (schema === false || this.#unchecked.has(schema)) return []
    const { matches } = this.#anatomy
    const validator = this.#schemas.validator(schema)
    const found = samples([typeOf(schema), ...also], { matches, stepsMax })
    const values: Json[] = []
    for (const value of take(found, samplesMax)) {
      const [fault] = validator.faults(value) ?? []
      if (fault === undefined) values.push(value)
      else if (isOwnFault(fault)) {
        this.#unchecked.add(schema)
        break
      }
    }
    return values
  }
}

const stepsMax = 1_000

/** The values of which all that is wanted holds; what contradicts itself, nothing does. */
function wished(wishes: readonly Wanted[]): Type {
  const whole = wishes.find(({ keys }) => keys.length === 0)
  if (whole !== undefined) return whole.value === undefined ? nothing : constantType(whole.value)
  const byKey = new Map<Key, Wanted[]>()
  for (const { keys, value } of wishes) {
    const [key = 0, ...rest] = keys
    byKey.set(key, [...(byKey.get(key) ?? []), { keys: rest, value }])
  }
  return holding([...byKey])
}

function holding(parts: readonly (readonly [Key, readonly Wanted[]])[]): Type {
  const members = parts.flatMap(([key, wanted]) =>
    typeof key === "string" ? [[key, partOf(wanted)] as const] : [],
  )
  if (members.length > 0) return objectOf(new Map(members), anything)
  const items: Type[] = []
  for (const [key, wanted] of parts)
    if (typeof key === "number" && key >= 0) items[key] = partOf(wanted).type
  // By length: what nobody wished for is a hole.
  return tupleFrom(Array.from({ length: items.length }, (_, index) => items[index] ?? anything))
}

/** Not to be there is the wish of all, or of none. */
function partOf(wanted: readonly Wanted[]): Part {
  const isAbsent = wanted.every(({ keys, value }) => keys.length === 0 && value === undefined)
  if (isAbsent) return { type: nothing, presence: "maybe" }
  return { type: wished(wanted.filter(isThere)), presence: "always" }
}

/** What is wanted not to be there deeper inside does not contradict what is wanted beside it. */
const isThere = ({ keys, value }: Wanted) => keys.length > 0 || value !== undefined
