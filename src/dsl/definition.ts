import type { JsonObject } from "../registry/model.ts"

/** The parts of a document that hold entities, in their order there. */
export const sections = ["schemas", "servers", "tools", "agents"] as const
export type Section = (typeof sections)[number]

/** What a registry holds, as its document has it. */
export interface Definition {
  readonly section: Section
  readonly entity: object
}

/** Members that mean nothing to Postern and are carried along. */
export interface Notes {
  readonly [note: `$${string}`]: unknown
}

/** What may be said of every schema, server and tool. */
export interface About extends Notes {
  readonly description?: string
  readonly metadata?: JsonObject
  readonly deprecated?: boolean
  readonly deprecationMessage?: string
  readonly [extension: `x-${string}`]: unknown
}

/** A name with its version, where it has one. */
export const named = (name: string, version: string | undefined) => ({
  name,
  ...(version !== undefined && { version }),
})

/** The definition behind a `$ref`. Own and enumerable, so that a copy with more members keeps it. */
export const registered = Symbol("the registered schema")

/** By the builder's value, and by each object of a document that refers to it. */
const definitions = new WeakMap<object, Definition>()

/** Notes what a value stands for. What is only named, and defined elsewhere, stands for nothing. */
export function defines<T extends object>(value: T, definition: Definition): T {
  definitions.set(value, definition)
  return value
}

/** Notes that `made`, an object of a document, refers to what `value` stands for. */
export function refers<T extends object>(made: T, value: object): T {
  const definition = definitions.get(value)
  if (definition !== undefined) definitions.set(made, definition)
  return made
}

/** What a value stands for, or an object of a document refers to; undefined for all that does neither. */
export function definitionOf(made: object): Definition | undefined {
  const behind = definitions.get(made)
  if (behind !== undefined || !(registered in made)) return behind
  return made[registered] as Definition // only schema() has the symbol
}
