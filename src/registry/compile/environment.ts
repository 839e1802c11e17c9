import { isList, isObject, type Json, type JsonObject, segment } from "../../schema/json.ts"

export type Environment = (name: string) => string | undefined

/** `defaults` with its variables replaced, and those that have no value: where, and which. */
export interface Filled {
  readonly defaults: JsonObject
  readonly missing: readonly { readonly pointer: string; readonly name: string }[]
}

const variable = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g

/**
 * Replaces `${NAME}` and `${NAME:-default}` in the strings of `defaults`, in one pass: what a variable holds is never
 * looked into for more variables. Pointers are relative to `defaults`.
 */
export function fillIn(defaults: JsonObject, env: Environment): Filled {
  const missing: { pointer: string; name: string }[] = []
  const fillText = (text: string, pointer: string) =>
    text.replace(variable, (_, name: string, otherwise: string | undefined) => {
      const value = env(name)
      // As in a shell: with `:-` an empty value counts as none.
      if (otherwise !== undefined) return value || otherwise
      if (value === undefined) missing.push({ pointer, name })
      return value ?? ""
    })
  const fill = (value: Json, pointer: string): Json => {
    if (typeof value === "string") return fillText(value, pointer)
    if (isList(value)) return value.map((item, index) => fill(item, pointer + segment(index)))
    return isObject(value) ? fillObject(value, pointer) : value
  }
  const fillObject = (object: JsonObject, pointer: string): JsonObject =>
    Object.fromEntries(
      Object.entries(object).map(([key, value]) => [key, fill(value, pointer + segment(key))]),
    )
  return { defaults: fillObject(defaults, ""), missing }
}
