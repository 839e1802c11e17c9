import { JSONPathError, type JSONPathNode, type JSONValue } from "json-p3"
import { parsePath } from "../registry/spec/path.ts"
import { isList, isObject, type Json, type JsonObject } from "../schema/json.ts"

/** Where a path leads to in one value, and what stands there. */
export interface Hit {
  readonly location: readonly (string | number)[]
  readonly value: Json
}

/** More places than this are not looked at. */
const hitsMax = 100_000

/** Compiles a path (RFC 9535) to the places that it leads to; undefined where they cannot all be told. In words what is wrong. */
export function compileHits(path: string): ((value: Json) => readonly Hit[] | undefined) | string {
  const parsed = parsePath(path)
  if (!parsed.ok) return parsed.why
  return (value) => {
    try {
      const hits: Hit[] = []
      // The library's type is that of JSON that may be written to; it only reads.
      for (const hit of parsed.query.lazyQuery(value as JSONValue))
        if (hits.push(hitOf(hit)) > hitsMax) return
      return hits
    } catch (error) {
      // Too deep for `..`, or for the stack.
      if (error instanceof JSONPathError || error instanceof RangeError) return
      throw error
    }
  }
}

const hitOf = ({ location, value }: JSONPathNode): Hit => ({ location, value: value as Json })

/** A value with something else at some of its places; what is around them is copied, and the rest is the same. */
export function replaceAt(value: Json, hits: readonly Hit[], by: Json): Json {
  const tree: Tree = new Map()
  for (const { location } of hits) plant(tree, location)
  return tree.size === 0 && hits.length > 0 ? by : pruned(value, tree, by)
}

/** The places as a tree; a leaf is a place, and what is below one is gone with it. */
type Tree = Map<string | number, Tree | "leaf">

function plant(tree: Tree, location: readonly (string | number)[]): void {
  let at = tree
  for (const [depth, step] of location.entries()) {
    const below = at.get(step)
    if (below === "leaf") return
    if (depth === location.length - 1) at.set(step, "leaf")
    else {
      const next = below ?? new Map()
      at.set(step, next)
      at = next
    }
  }
}

function pruned(value: Json, tree: Tree, by: Json): Json {
  const part = (key: string | number, inner: Json): Json => {
    const below = tree.get(key)
    if (below === undefined) return inner
    return below === "leaf" ? by : pruned(inner, below, by)
  }
  if (isList(value)) return value.map((item, index) => part(index, item))
  if (!isObject(value)) return value
  const members = Object.entries(value).map(([key, inner]) => [key, part(key, inner)] as const)
  return Object.fromEntries(members) satisfies JsonObject
}
