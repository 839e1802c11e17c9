import type { Fault } from "../fault.ts"
import { isObject, type Json, keysOf, member } from "../json.ts"
import { appliedBelow, type Landscape, valueAt } from "./landscape.ts"
import { place } from "./place.ts"
import { received, receivedWithType } from "./received.ts"

/** What words are made from. */
export interface Context {
  readonly landscape: Landscape
  readonly value: unknown
  /** Names of members whose values are never shown, beside those the schema marks. */
  readonly secretNames: ReadonlySet<string>
}

/** What is known of a fault before it is put into a line. */
interface Parts {
  readonly at: string
  readonly keyword: string
  readonly expected: string
  readonly allowed?: readonly Json[]
  readonly hint?: string | undefined
  /** Whether the line names the type of what was received, or has other words for it. */
  readonly receives?: "type" | { readonly words: string }
}

/** `<pointer>: expected <what>, received <value> — <hint>`, without anything that is secret. */
export function mismatch(parts: Parts, context: Context): Fault {
  const { at, keyword, expected, allowed, hint, receives } = parts
  const value = valueAt(context.value, at)
  const base = { at, keyword, expected }
  const start = `${place(at)}: expected ${expected}`
  // Ajv miscounts the place of an item now and then (`unevaluatedItems`), and then nothing is there.
  if (value === undefined) return { ...base, line: start }
  if (isSecret(at, context))
    return { ...base, received: hidden, line: `${start}, received ${hidden}` }
  const short = typeof receives === "object" ? receives.words : received(value)
  const long = receives === "type" ? receivedWithType(value) : short
  return {
    ...base,
    received: short,
    ...(allowed !== undefined && { allowed }),
    ...(hint !== undefined && { hint }),
    line: `${start}, received ${long}${hint === undefined ? "" : ` — ${hint}`}`,
  }
}

const hidden = "(hidden)"

/**
 * Whether the value at `at`, or one that it is part of, is write-only, a password, or has a secret name; or is a text
 * that may hold such a value, as JSON in a string does.
 */
function isSecret(at: string, { landscape, secretNames, value }: Context): boolean {
  const keys = keysOf(at)
  if (keys.some((key) => secretNames.has(key))) return true
  const text = valueAt(value, at)
  if (
    typeof text === "string" &&
    /^\s*[{[]/.test(text) &&
    mayHoldSecret(text, landscape, secretNames)
  )
    return true
  return [0, ...keys.keys().map((index) => index + 1)].some((length) =>
    [...appliedBelow(landscape, [0], keys.slice(0, length))].some((index) =>
      isMarkedSecret(landscape.graph.nodes[index]?.schema),
    ),
  )
}

const mayHoldSecret = (text: string, { graph }: Landscape, secretNames: ReadonlySet<string>) =>
  graph.nodes.some(({ schema }) => isMarkedSecret(schema)) ||
  [...secretNames].some((name) => text.includes(name))

const isMarkedSecret = (schema: Json | undefined) =>
  isObject(schema) &&
  (member(schema, "writeOnly") === true || member(schema, "format") === "password")
