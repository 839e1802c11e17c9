import { isList, isObject, type Json, type JsonObject, segment } from "../../schema/json.ts"
import { type CallerValue, partsOf, type Reference } from "../caller-value.ts"

export type Environment = (name: string) => string | undefined

/** A default in which values of the caller stand: they are filled in for each call. */
export type Template =
  | Fixed
  /** A text that is nothing but one reference: the value as it is. */
  | {
      readonly kind: "caller"
      readonly value: CallerValue
      readonly otherwise: string | undefined
    }
  | { readonly kind: "text"; readonly parts: readonly Template[] }
  | { readonly kind: "list"; readonly items: readonly Template[] }
  | { readonly kind: "object"; readonly members: readonly (readonly [string, Template])[] }

interface Fixed {
  readonly kind: "fixed"
  readonly value: Json
}

const fixed = (value: Json): Fixed => ({ kind: "fixed", value })
const isFixed = (template: Template): template is Fixed => template.kind === "fixed"
const fixedValue = ({ value }: Fixed): Json => value

/** What became of a tool's `defaults`. Pointers are relative to them. */
export interface Filled {
  /** Those that are the same in every call. */
  readonly defaults: JsonObject
  /** Those that depend on who calls. */
  readonly perCaller: ReadonlyMap<string, Template>
  /** Variables of the environment that have no value. */
  readonly missing: readonly { readonly pointer: string; readonly name: string }[]
  /** Claims that are named. */
  readonly claims: readonly ClaimUse[]
}

export interface ClaimUse {
  readonly pointer: string
  readonly claim: string
  /** Nothing is taken in its place. */
  readonly isNeeded: boolean
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` in the strings of `defaults`, and finds what has to wait for a caller. In one
 * pass: what a variable holds is never looked into for more references, so nobody who sets one can name a caller's.
 */
export function fillIn(defaults: JsonObject, env: Environment): Filled {
  const filling = new Filling(env)
  const made = Object.entries(defaults).map(([key, value]) => {
    return [key, filling.value(value, segment(key))] as const
  })
  return {
    // From entries, so that an argument named __proto__ is an argument.
    defaults: Object.fromEntries(fixedMembers(made)),
    perCaller: new Map(made.filter(([, one]) => !isFixed(one))),
    missing: filling.missing,
    claims: filling.claims,
  }
}

const fixedMembers = (members: readonly (readonly [string, Template])[]) =>
  members.flatMap(([key, one]) => (isFixed(one) ? [[key, one.value] as const] : []))

class Filling {
  readonly missing: { pointer: string; name: string }[] = []
  readonly claims: ClaimUse[] = []
  readonly #env: Environment

  constructor(env: Environment) {
    this.#env = env
  }

  value(value: Json, pointer: string): Template {
    if (typeof value === "string") return this.#text(value, pointer)
    if (isList(value)) {
      const items = value.map((item, index) => this.value(item, pointer + segment(index)))
      return items.every(isFixed) ? fixed(items.map(fixedValue)) : { kind: "list", items }
    }
    return isObject(value) ? this.#object(value, pointer) : fixed(value)
  }

  #object(object: JsonObject, pointer: string): Template {
    const members = Object.entries(object).map(([key, value]) => {
      return [key, this.value(value, pointer + segment(key))] as const
    })
    if (members.some(([, member]) => !isFixed(member))) return { kind: "object", members }
    return fixed(Object.fromEntries(fixedMembers(members)))
  }

  #text(text: string, pointer: string): Template {
    const parts = [...partsOf(text)].map((part) => this.#part(part, pointer))
    const [only] = parts
    if (parts.length === 1 && only !== undefined) return only
    return parts.every(isFixed) ? fixed(parts.map(fixedValue).join("")) : { kind: "text", parts }
  }

  #part(part: string | Reference, pointer: string): Template {
    if (typeof part === "string") return fixed(part)
    const { otherwise } = part
    if (part.of === "environment") return fixed(this.#variable(part.name, otherwise, pointer))
    const { value } = part
    if (value === undefined) return fixed("") // which is an error of the document
    if (value.kind === "claim")
      this.claims.push({ pointer, claim: value.claim, isNeeded: otherwise === undefined })
    return { kind: "caller", value, otherwise }
  }

  #variable(name: string, otherwise: string | undefined, pointer: string): string {
    const value = this.#env(name)
    // As in a shell: with `:-` an empty value counts as none.
    if (otherwise !== undefined) return value || otherwise
    if (value === undefined) this.missing.push({ pointer, name })
    return value ?? ""
  }
}
