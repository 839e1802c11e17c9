import { isObject, type Json, type JsonObject } from "../json.ts"
import { type Place, pointerTo, type SchemaFinding } from "./finding.ts"

/**
 * What a schema may weigh. Of 117 schemas of real tools the largest has 199 nodes, the median 28; compiling 2,000
 * takes some 40 ms.
 */
const charsMax = 128 * 1024
const nodesMax = 2_000
const depthMax = 64
const keyCharsMax = 512

interface Visit {
  readonly value: Json
  readonly place: Place | undefined
  readonly depth: number
}

interface Tally {
  nodes: number
  chars: number
  readonly stack: Visit[]
}

/**
 * The first thing about a schema, read as plain JSON, that forbids to look at it any closer: it is too large or too
 * deep, or it has a key or text that JavaScript would take for something else. Uses no recursion.
 */
export function scan(schema: Json): SchemaFinding | undefined {
  const tally: Tally = {
    nodes: 0,
    chars: 0,
    stack: [{ value: schema, place: undefined, depth: 0 }],
  }
  for (let visit = tally.stack.pop(); visit !== undefined; visit = tally.stack.pop()) {
    const finding = weigh(visit, tally) ?? descend(visit, tally)
    if (finding !== undefined) return finding
  }
  return
}

function weigh({ value, place, depth }: Visit, tally: Tally): SchemaFinding | undefined {
  tally.nodes++
  tally.chars += typeof value === "string" ? value.length + 2 : 4
  if (tally.nodes > nodesMax) return tooComplex(undefined, `more than ${nodesMax} values`)
  if (tally.chars > charsMax) return tooComplex(undefined, `more than ${charsMax} characters`)
  if (depth > depthMax) return tooComplex(place, `more than ${depthMax} levels`)
  if (typeof value === "string" && !value.isWellFormed())
    return invalid(place, "a string with half a surrogate pair")
  return
}

function descend({ value, place, depth }: Visit, tally: Tally): SchemaFinding | undefined {
  if (Array.isArray(value))
    for (let key = value.length - 1; key >= 0; key--)
      tally.stack.push({ value: value[key], place: { up: place, key }, depth: depth + 1 })
  if (isObject(value)) return descendObject(value, place, depth, tally)
  return
}

function descendObject(
  value: JsonObject,
  place: Place | undefined,
  depth: number,
  tally: Tally,
): SchemaFinding | undefined {
  for (const key of Object.keys(value)) {
    if (key === "__proto__") return invalid(place, "a member named __proto__")
    if (key.length > keyCharsMax)
      return tooComplex(place, `a key of over ${keyCharsMax} characters`)
    if (!key.isWellFormed()) return invalid(place, "a key with half a surrogate pair")
    const child = value[key]
    if (child === undefined)
      return invalid({ up: place, key }, "undefined, which JSON does not have")
    tally.chars += key.length + 4
    tally.stack.push({ value: child, place: { up: place, key }, depth: depth + 1 })
  }
  return
}

const tooComplex = (place: Place | undefined, what: string): SchemaFinding => ({
  code: "schema_too_complex",
  at: pointerTo(place),
  message: `the schema has ${what}`,
})

const invalid = (place: Place | undefined, what: string): SchemaFinding => ({
  code: "schema_invalid",
  at: pointerTo(place),
  message: `the schema has ${what}`,
})
