import type { Json } from "../../registry/model.ts"

/** An expression of a program, before it is laid out. */
export type Code =
  | string
  | { readonly kind: "object"; readonly members: readonly Member[] }
  | { readonly kind: "list"; readonly items: readonly Code[] }
  | { readonly kind: "call"; readonly callee: string; readonly arguments: readonly Code[] }
  /** A method called on what a call returned, on a line of its own. */
  | {
      readonly kind: "chain"
      readonly of: Code
      readonly callee: string
      readonly arguments: readonly Code[]
    }
  /** An arrow function: with statements, or with an expression alone. */
  | {
      readonly kind: "function"
      readonly parameter: string
      readonly body: readonly Statement[] | Code
    }

/** A member of an object; without a key, an object whose members are spread here. */
export interface Member {
  readonly key?: string
  readonly value: Code
}

export interface Statement {
  /** What stands before the expression: `const found = `, `return `. Asked for when all else is known. */
  readonly before: () => string
  readonly code: Code
}

export const object = (members: readonly Member[]): Code => ({ kind: "object", members })
export const list = (items: readonly Code[]): Code => ({ kind: "list", items })
export const call = (callee: string, ...given: readonly Code[]): Code => ({
  kind: "call",
  callee,
  arguments: given,
})
export const text = (value: string): Code => JSON.stringify(value)

/** JSON as a program writes it. `replace` may stand in for any object of it. */
export function data(
  value: Json | undefined,
  replace: (value: Json) => Code | undefined = none,
): Code {
  const replaced = replace(value ?? null)
  if (replaced !== undefined) return replaced
  if (Array.isArray(value)) return list(value.map((item) => data(item, replace)))
  if (typeof value !== "object" || value === null) return JSON.stringify(value ?? null)
  return object(Object.entries(value).map(([key, item]) => ({ key, value: data(item, replace) })))
}
const none = () => undefined
