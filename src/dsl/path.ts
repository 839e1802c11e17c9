import type { JsonObject } from "../registry/model.ts"
import type { Registered } from "./schema.ts"

declare const bindingType: unique symbol
declare const boundType: unique symbol
declare const stepType: unique symbol

/** Where a value comes from when a composition runs. */
export interface Binding {
  readonly [bindingType]: true
}

/** A value that is there when a composition runs: its input, what a step gave, or part of these. */
export interface Bound extends Binding {
  readonly [boundType]: true
}

/** Of which nothing is known: every member may be there. */
export interface Unknown extends Bound {
  readonly [member: string]: Unknown
}

/** The first items are members of their own, or `noUncheckedIndexedAccess` would ask whether they are there. */
type First = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
type Items<S> = Bound & { readonly [index in First]: PathOf<S> } & {
  readonly [index: number]: PathOf<S>
}

type Scalar = "string" | "number" | "integer" | "boolean" | "null"

/** The value that a JSON Schema describes: the members that it declares, and no others. */
export type PathOf<S> =
  S extends Registered<infer D>
    ? PathOf<D>
    : S extends { readonly properties: infer P }
      ? Bound & { readonly [K in keyof P]: PathOf<P[K]> }
      : S extends { readonly items: infer I }
        ? Items<I>
        : S extends { readonly type: Scalar }
          ? Bound
          : Unknown

/** What a step gave. It exists from the step on: a step before it cannot name it. */
export type Step<S> = PathOf<S> & StepRef
export interface StepRef extends Bound {
  readonly [stepType]: true
}

/** What a step with `forEach` gave: a value for each item. */
export type StepOfEach<S> = Items<S> & StepRef

/** What a path begins at: a member of a binding, or a step. */
type Root = "path" | "self" | "item" | "error" | { readonly step: string }

interface Target {
  readonly root: Root
  /** Member names and indexes; of a path that was written out, its text. */
  readonly path: readonly string[] | string
}

const targets = new WeakMap<object, Target>()

/** The input of the nearest pipeline, saga or scatter-gather around it; the arguments, in the outermost. */
export const input: Unknown = bound({ root: "path", path: [] })
/** One item of a `forEach`. */
export const item: Unknown = bound({ root: "item", path: [] })
/** What a step was given. */
export const self: Unknown = bound({ root: "self", path: [] })
/** Why a step failed, in `onError`. */
export const error: Unknown = bound({ root: "error", path: [] })

/** The value of a step, under its id. Made by whoever makes the step. */
export const stepValue = <S>(step: string): Step<S> => bound({ root: { step }, path: [] })

/** What an RFC 9535 path yields from a value: `at(found, "$.hits[*].url")`. */
export function at(from: Bound, path: `$${string}`): Unknown {
  const { root, path: before } = targetOf(from)
  if (before.length > 0) throw new TypeError(`at() takes a whole value, not a part of one: ${path}`)
  return bound({ root, path })
}

/** The one cast: what a path may go through is a matter of types, and the object answers for every name. */
function bound<T extends Bound>(target: Target): T {
  const made = new Proxy(Object.freeze({}), {
    get: (_, key) => (typeof key === "string" ? below(target, key) : misused(key)),
  })
  targets.set(made, target)
  return made as T
}

function below({ root, path }: Target, key: string): Bound {
  if (typeof path === "string")
    throw new TypeError(`${path} was written out; write ${key} in it, too`)
  return bound({ root, path: [...path, key] })
}

function misused(key: symbol): undefined {
  if (key === Symbol.toPrimitive)
    throw new TypeError("a value of a run is no text yet; use cel`…` or template(…)")
  return
}

const targetOf = (from: object): Target => {
  const target = targets.get(from)
  if (target === undefined) throw new TypeError("this is no value of a composition")
  return target
}

export const isBound = (given: unknown): given is Bound =>
  typeof given === "object" && given !== null && targets.has(given)

/** The id of the step whose whole value this is. */
export function stepIdOf(given: Bound): string {
  const { root, path } = targetOf(given)
  if (typeof root !== "object" || path.length > 0)
    throw new TypeError("after takes what step() returned")
  return root.step
}

/** The value as a binding. */
export function bindingOf(from: Bound): JsonObject {
  const { root, path } = targetOf(from)
  const written = pathText(path)
  if (typeof root === "object")
    return { reference: { step: root.step, ...(path.length > 0 && { path: written }) } }
  return root === "path" ? { path: written } : { [root]: { path: written } }
}

/** The value as a CEL expression. */
export function celOf(from: Bound): string {
  const { root, path } = targetOf(from)
  if (typeof path === "string")
    throw new TypeError(`CEL has no paths such as ${path}; write what it shall compute`)
  const names = path.map((key) => (isIndex(key) ? `[${key}]` : celMember(key)))
  return [celRoot(root), ...names].join("")
}

const celRoot = (root: Root): string => {
  if (typeof root === "object") return `steps${celMember(root.step)}`
  return root === "path" ? "input" : root
}

const isIndex = (key: string) => /^(?:0|[1-9]\d*)$/.test(key)
const celMember = (key: string) =>
  /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`

/** RFC 9535 §2.3.1: shorthand for names, and quotes for all others. */
const pathText = (path: readonly string[] | string): string =>
  typeof path === "string" ? path : `$${path.map(pathSegment).join("")}`

function pathSegment(key: string): string {
  if (isIndex(key)) return `[${key}]`
  if (/^[A-Za-z_]\w*$/.test(key)) return `.${key}`
  return `[${JSON.stringify(key)}]`
}
