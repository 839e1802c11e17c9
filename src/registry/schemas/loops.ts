import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import { type Edge, findCycles } from "../graph.ts"
import type { Report } from "../problem.ts"
import type { SchemaLinks, Site } from "./link-schemas.ts"

/**
 * Reports references that come back to themselves without descending into the instance: such a schema would be
 * evaluated for ever. Recursion through `properties` or `items` is legal. Returns the schemas that hold such references.
 */
export function* findSchemaLoops(
  { roots }: SchemaLinks,
  report: Report,
): Generator<void, ReadonlySet<JsonObject>, void> {
  const sites: Site[] = []
  const rootOf: JsonObject[] = []
  const numbers = new Map<JsonObject, number>()
  for (const [root, refs] of roots)
    for (const site of refs.sites) {
      numbers.set(site.holder, sites.length)
      rootOf.push(root)
      sites.push(site)
    }
  const applied = new Map<Json, readonly number[]>()
  const edges: Edge[][] = []
  for (const { node } of sites) {
    edges.push(edgesTo(node, numbers, applied, sites))
    yield
  }
  const looping = new Set<JsonObject>()
  for (const { members, way } of yield* findCycles(edges)) {
    for (const member of members) looping.add(rootOf[member] ?? {})
    report(loop(sites[members[0] ?? 0]?.pointer ?? "", way, sites))
  }
  return looping
}

function edgesTo(
  node: Json | undefined,
  numbers: ReadonlyMap<JsonObject, number>,
  applied: Map<Json, readonly number[]>,
  sites: readonly Site[],
): Edge[] {
  if (!isObject(node)) return []
  const known = applied.get(node) ?? appliedIn(node, numbers)
  applied.set(node, known)
  return known.map((to) => ({ to, pointer: sites[to]?.pointer ?? "" }))
}

const lists = ["allOf", "anyOf", "oneOf"] as const
const single = ["not", "if", "then", "else"] as const
const named = ["dependentSchemas", "dependencies"] as const

/** The references that `schema` applies to the same instance as itself, without following any. */
function appliedIn(schema: Json, numbers: ReadonlyMap<JsonObject, number>): readonly number[] {
  const found: number[] = []
  const stack: Json[] = [schema]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (!isObject(next)) continue
    const number = numbers.get(next)
    if (number !== undefined) found.push(number)
    for (const applied of appliedDirectly(next)) stack.push(applied)
  }
  return found
}

function* appliedDirectly(schema: JsonObject): Generator<Json> {
  for (const keyword of lists) {
    const value = schema[keyword]
    if (isList(value)) yield* value
  }
  for (const keyword of single) {
    const value = schema[keyword]
    if (isObject(value)) yield value
  }
  for (const keyword of named) {
    const value = schema[keyword]
    if (isObject(value)) yield* Object.values(value)
  }
}

/** More steps than these are not read by anybody. */
const stepsMax = 10

function loop(pointer: string, way: readonly Edge[], sites: readonly Site[]) {
  const steps = way.slice(0, stepsMax).map(({ to }) => String(sites[to]?.holder["$ref"]))
  return {
    code: "schema_ref_loop",
    severity: "error" as const,
    pointer,
    message: `this reference comes back to itself without a step into the value: ${steps.join(" → ")}${
      way.length > stepsMax ? " → …" : ""
    }`,
    hint: "let the recursion go through properties or items",
  }
}
