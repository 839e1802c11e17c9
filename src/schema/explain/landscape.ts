import type { ErrorObject } from "ajv"
import type { Dialect } from "../dialect.ts"
import { createGraph, type Graph, type SchemaNode } from "../guard/graph.ts"
import { resolveReferences } from "../guard/resolve.ts"
import { isObject, type JsonObject, keysOf, member } from "../json.ts"

/** The schemas around an error: what else is said of its place, and what of the places above and below. */
export interface Landscape {
  readonly graph: Graph
  /** The first place of each schema object. */
  readonly byObject: ReadonlyMap<unknown, number>
}

export function survey(schema: JsonObject, dialect: Dialect): Landscape {
  const graph = createGraph(schema, dialect)
  resolveReferences(graph)
  const byObject = new Map<unknown, number>()
  for (const [index, node] of graph.nodes.entries())
    if (!byObject.has(node.schema)) byObject.set(node.schema, index)
  return { graph, byObject }
}

/** The schema whose keyword failed. The root may be unknown by its object: Ajv got a copy without `$schema`. */
export const schemaOf = (landscape: Landscape, error: ErrorObject): number =>
  landscape.byObject.get(error.parentSchema) ?? 0

/** The schema at a keyword of the schema `index`, and at a key below that. */
export function subschemaAt(
  { graph }: Landscape,
  index: number,
  keyword: string,
  key?: number,
): number | undefined {
  const at = `${graph.nodes[index]?.at ?? ""}/${keyword}`
  return graph.byPointer.get(key === undefined ? at : `${at}/${key}`)
}

/** `start` and every schema that these apply to the same value. */
export function applied({ graph }: Landscape, start: Iterable<number>): Set<number> {
  const found = new Set(start)
  for (const index of found) for (const next of graph.nodes[index]?.inPlace ?? []) found.add(next)
  return found
}

/** Every schema that `start` applies to the value at the end of `way`. */
export function appliedBelow(
  landscape: Landscape,
  start: Iterable<number>,
  way: readonly string[],
): Set<number> {
  let found = applied(landscape, start)
  for (const key of way) {
    const next = [...found].flatMap((index) => childrenFor(landscape.graph.nodes[index], key))
    found = applied(landscape, next)
  }
  return found
}

/** A key of digits may be an index as well as a name; the schemas for both are taken. */
function childrenFor(node: SchemaNode | undefined, key: string): readonly number[] {
  if (node === undefined) return []
  const named = node.properties.get(key)
  const members = [...(named === undefined ? node.otherMembers : [named]), ...node.everyMember]
  if (!/^[0-9]+$/.test(key)) return members
  const positioned = node.positions[Number(key)]
  const items = positioned === undefined ? node.otherItems : [positioned]
  return [...members, ...items, ...node.everyItem]
}

/** What stands at a pointer of the instance, undefined for nothing. */
export function valueAt(value: unknown, pointer: string): unknown {
  let at = value
  for (const key of keysOf(pointer)) {
    if (Array.isArray(at)) at = at[Number(key)]
    else if (isObject(at)) at = member(at, key)
    else return
  }
  return at
}
