import type { Dialect } from "../dialect.ts"
import { isObject, type Json, type JsonObject, member } from "../json.ts"

/** Where a schema stands that names itself, by the URI or the URI and anchor that name it. */
export interface Names {
  readonly resources: Map<string, number>
  readonly anchors: Map<string, number>
  /** A dynamic reference may end at any anchor of its name. */
  readonly dynamicAnchors: Map<string, number[]>
}

/** What a schema says of itself. */
export interface Identity {
  readonly base: string
  readonly isResource: boolean
  readonly anchors: readonly string[]
  readonly dynamicAnchor: string | undefined
}

/** A base for relative references in a schema that has no `$id`; nothing can be fetched from it. */
export const nowhere = "schema://self/"

/** What `schema` is called, given the base of the schema around it. */
export function identify(schema: Json, base: string, dialect: Dialect): Identity {
  if (!isObject(schema)) return { base, isResource: false, anchors: [], dynamicAnchor: undefined }
  const id = text(schema, "$id")
  if (dialect === "draft-07" && id?.startsWith("#"))
    return { base, isResource: false, anchors: [id.slice(1)], dynamicAnchor: undefined }
  const uri = id === undefined ? undefined : resolveUri(id, base)
  return {
    base: uri?.split("#", 1)[0] ?? base,
    isResource: uri !== undefined,
    // Draft-07 has none, but Ajv keeps them in every dialect.
    anchors: ["$anchor", "$dynamicAnchor"].flatMap((keyword) => text(schema, keyword) ?? []),
    dynamicAnchor: text(schema, "$dynamicAnchor"),
  }
}

function text(schema: JsonObject, keyword: string): string | undefined {
  const value = member(schema, keyword)
  return typeof value === "string" ? value : undefined
}

/** Writes an identity down for the node `index`. Returns the name that another schema has already, if one does. */
export function registerNames(names: Names, identity: Identity, index: number): string | undefined {
  let clash: string | undefined
  const register = (map: Map<string, number>, name: string) => {
    if (map.has(name)) clash ??= name
    else map.set(name, index)
  }
  if (index === 0) names.resources.set("", 0)
  if (identity.isResource) register(names.resources, identity.base)
  for (const anchor of new Set(identity.anchors))
    register(names.anchors, `${identity.base}#${anchor}`)
  if (identity.dynamicAnchor !== undefined) {
    const all = names.dynamicAnchors.get(identity.dynamicAnchor) ?? []
    names.dynamicAnchors.set(identity.dynamicAnchor, [...all, index])
  }
  return clash
}

/** RFC 3986 §5; undefined for what is no URI reference, or is relative to a base such as `urn:`. */
export function resolveUri(reference: string, base: string): string | undefined {
  return URL.parse(reference, base === "" ? nowhere : base)?.href
}
