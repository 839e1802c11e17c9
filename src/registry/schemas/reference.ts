import { type Json, type JsonObject, keysOf } from "../../schema/json.ts"
import { step } from "../normalise/pointer.ts"
import { type RegistryRef, readRegistryRef } from "../normalise/registry-ref.ts"
import type { InnerNames } from "./names.ts"

/** What the text of a `$ref` refers to. */
export type Reference =
  /** A place in the same schema; without `node` it is one that only the schema guard can find. */
  | { readonly kind: "local"; readonly node: Json | undefined }
  | { readonly kind: "registry"; readonly ref: RegistryRef }
  | { readonly kind: "external" }
  | { readonly kind: "invalid" }

const entityName = /^(?:[A-Za-z0-9_.-]{1,128}\/)?[A-Za-z0-9_.-]{1,128}$/

/** The order in which a reference is understood; `root` is the whole schema that it stands in. */
export function readReference(ref: string, root: JsonObject, names: InnerNames): Reference {
  if (ref === "#") return { kind: "local", node: names.hasIds ? undefined : root }
  if (ref.startsWith("#/")) return readPointer(ref, root, names)
  if (!ref.startsWith("#"))
    return names.hasIds ? { kind: "local", node: undefined } : { kind: "external" }
  const anchored = names.anchors.get(ref.slice(1))
  if (anchored !== undefined) return { kind: "local", node: anchored }
  const named = readRegistryRef(ref)
  if (named === undefined || !entityName.test(named.name)) return { kind: "invalid" }
  return { kind: "registry", ref: named }
}

function readPointer(ref: string, root: JsonObject, names: InnerNames): Reference {
  const node = nodeAt(root, ref.slice(1))
  if (node !== undefined) return { kind: "local", node }
  return names.hasIds ? { kind: "local", node: undefined } : { kind: "invalid" }
}

/** What a JSON Pointer in the form of a URI fragment leads to (RFC 6901 §6); an anchor is none, and leads nowhere. */
export function nodeAt(root: Json, fragment: string): Json | undefined {
  const pointer = decoded(fragment)
  const isPointer = pointer === "" || pointer?.startsWith("/") === true
  return isPointer ? keysOf(pointer).reduce<Json | undefined>(step, root) : undefined
}

/** A URI fragment without its escapes; undefined where those are not UTF-8. */
export function decoded(fragment: string): string | undefined {
  if (!fragment.includes("%")) return fragment
  // A stray % is no escape; the pointer is then taken as it is written.
  return /%(?![0-9A-Fa-f]{2})/.test(fragment) ? fragment : decodeUtf8(fragment)
}

function decodeUtf8(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment)
  } catch (error) {
    if (error instanceof URIError) return undefined // escapes that are not UTF-8 name nothing
    throw error
  }
}
