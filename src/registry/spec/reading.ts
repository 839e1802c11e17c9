import { type Json, segment } from "../../schema/json.ts"
import type { CallSite } from "../model.ts"
import type { NormaliseContext } from "../normalise/context.ts"
import type { Steps } from "./steps.ts"

/**
 * Reads one value of a spec: returns its canonical spelling, or reports what is wrong with it and returns undefined,
 * which leaves the value out. Specs are read by tables of such readers: see patterns.ts for the outermost one.
 */
export type Reader = (raw: Json, at: At) => Json | undefined

/** Where a value is written, and where its canonical form is going to be. */
export interface At {
  readonly reading: Reading
  /** Into the document as written. */
  readonly pointer: string
  /** The steps that a reference in this place can name. */
  readonly steps: Steps | undefined
  /** The canonical object or array that the value becomes a member of. */
  readonly holder: object
  readonly key: string | number
}

/** As much of the normaliser's context as specs need. */
export type SpecContext = Pick<
  NormaliseContext,
  "report" | "dialect" | "unknownFieldSeverity" | "origins" | "spelledTarget" | "versionsOf"
>

/** What the reading of one spec collects. */
export interface Reading {
  readonly context: SpecContext
  readonly calls: CallSite[]
  /** The first place that chooses its callees at run time. */
  dynamicPointer: string | undefined
  /** Reads a spec inside the spec. Handed in, because patterns hold operations and operations patterns. */
  readonly nested: Reader
  /** Objects respelt before they are read, and where the members were written that moved. */
  readonly moved: WeakMap<object, Pointers>
}

export type Pointers = { readonly [member: string]: string }

export const beginReading = (context: SpecContext, nested: Reader): Reading => ({
  context,
  calls: [],
  dynamicPointer: undefined,
  nested,
  moved: new WeakMap(),
})

/** The pointer of a member of the object that stands at `at`, also when it was moved there by a respelling. */
export function memberPointer(at: At, owner: object, key: string | number): string {
  const pointers = at.reading.moved.get(owner)
  return pointers !== undefined && Object.hasOwn(pointers, key)
    ? (pointers[key] ?? at.pointer)
    : at.pointer + segment(key)
}

/** Reports an error at the value being read, which is thereby left out. */
export function refuse(at: At, code: string, message: string, hint?: string): undefined {
  at.reading.context.report({
    code,
    severity: "error",
    pointer: at.pointer,
    message,
    ...(hint === undefined ? {} : { hint }),
  })
}

/** `expected` with its article, such as `an object`. */
export const wrongType = (at: At, raw: Json, expected: string): undefined =>
  refuse(at, "invalid_type", `${nameOf(at)} must be ${expected}, not ${kindOf(raw)}`)

export const wrongValue = (at: At, message: string, hint?: string): undefined =>
  refuse(at, "invalid_value", message, hint)

const nameOf = ({ key }: At) => (typeof key === "string" && key !== "" ? key.slice(0, 64) : "this")

function kindOf(raw: Json): string {
  if (raw === null) return "null"
  if (Array.isArray(raw)) return "an array"
  return typeof raw === "object" ? "an object" : `a ${typeof raw}`
}

/** The members of an object that carry no meaning and are kept: annotations and extensions. */
export const isAnnotation = (key: string): boolean => key.startsWith("$") || key.startsWith("x-")
