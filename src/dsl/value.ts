import type { Json } from "../registry/model.ts"
import { converted, each, fromTable, isPlain } from "./members.ts"
import { type Binding, type Bound, bindingOf, celOf, isBound } from "./path.ts"
import { madeBy } from "./site.ts"
import type { Op, PathText } from "./spelled.ts"

/** A CEL expression; its text where it decides something, a binding where its value is wanted. */
export interface Cel extends Binding {
  readonly text: string
}

/** Everything else that a value can be written as, besides an object of values. */
export type Single = Binding | string | number | boolean | null | readonly Value[]

/** Any value of a composition. Text, numbers, objects and arrays are what they look like, with bindings inside. */
export type Value = Single | Fields
export interface Fields {
  readonly [name: string]: Value
}

const written = new WeakMap<object, Json>()

/** Makes `value` a binding, which is written so in a document. The one cast: that it is one is a matter of types. */
export function binding<T extends object>(json: Json, value: T): T & Binding {
  written.set(value, json)
  return value as T & Binding
}

const isScalar = (given: unknown): given is string | number | boolean | null =>
  given === null || ["string", "number", "boolean"].includes(typeof given)

/** A value as the binding that a document has. */
export function valueJson(given: unknown): Json {
  if (isBound(given)) return bindingOf(given)
  if (Array.isArray(given)) return { list: given.map(valueJson) }
  if (isScalar(given)) return { constant: given }
  const json = typeof given === "object" ? written.get(given) : undefined
  if (json !== undefined) return json
  if (!isPlain(given)) throw new TypeError(`a composition has no value of type ${typeof given}`)
  const fields = Object.entries(given).filter(([, value]) => value !== undefined)
  return { construct: { fields: converted(fields, valueJson) } }
}

/** CEL with values in it: cel`size(${found.hits}) > 0`. Text and numbers become literals. */
export function cel(
  text: TemplateStringsArray,
  ...values: readonly (Bound | string | number | boolean)[]
): Cel {
  const literal = (value: Bound | string | number | boolean | undefined) =>
    isBound(value) ? celOf(value) : JSON.stringify(value)
  const [first = "", ...rest] = text
  const whole = rest.reduce((sum, part, index) => sum + literal(values[index]) + part, first)
  return binding(madeBy(cel, { expr: whole }), { text: whole })
}

/** An expression as text. */
export const celJson = (given: unknown): Json =>
  isPlain(given) && typeof given["text"] === "string" && written.has(given)
    ? given["text"]
    : (given as Json)

/** JSON that is meant as it is: an object or array without bindings. */
export const constant = (value: Json): Binding => binding({ constant: value }, {})

/** The first of them that is there and not null. */
export const coalesce = (...values: readonly Value[]): Binding =>
  binding({ coalesce: values.map(valueJson) }, {})

/** One object of the members of all; later ones win. */
export const merge = (...values: readonly Value[]): Binding =>
  binding({ merge: values.map(valueJson) }, {})

/** Text with `{name}` in it for each of `vars`: a value, or a path from the input. */
export const template = (text: string, vars?: Readonly<Record<string, PathText | Binding>>) => {
  const named = vars && converted(Object.entries(vars), pathOrValue)
  return binding({ template: { template: text, ...(named && { vars: named }) } }, {})
}

const pathOrValue = (given: unknown): Json => (typeof given === "string" ? given : valueJson(given))

/** The parts that paths from the input yield, joined to one text. */
export const concat = (paths: readonly PathText[], separator?: string): Binding =>
  binding({ concat: { paths, ...(separator !== undefined && { separator }) } }, {})

/** Of each item of a list: what `as` is for it, where `item` is the item. */
export const eachOf = (list: Value, as: Value): Binding =>
  binding({ each: { in: valueJson(list), as: valueJson(as) } }, {})

/** What ops make of a list. */
export const ops = (from: Value, list: readonly Op[]): Binding =>
  binding({ ops: { from: valueJson(from), ops: opsJson(list) } }, {})

/** Ops as a document has them: one of them holds a value. */
export const opsJson = each(
  fromTable({ dedupe: fromTable({ vectors: valueJson }), filter: celJson }),
)
