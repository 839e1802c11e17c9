import { JSONPathError, type JSONPathQuery, type JSONValue } from "json-p3"
import { parsePath } from "../registry/spec/path.ts"
import type { Json } from "../schema/json.ts"

/** What one run may still do: every hit of a path and every mapped item counts. */
export interface Allowance {
  left: number
}

/** What a path yields of a value; undefined is "absent". */
export type Select = (value: Json, allowance: Allowance) => Json | undefined

/**
 * Compiles a path to what it yields by its form alone, never by the number of hits: a singular query (RFC 9535
 * §2.3.5.1) its value or nothing, any other an array, also of none or one. Yields nothing where the value is nested
 * deeper than `..` may descend, or hits are more than the allowance: a part would look like the whole.
 */
export function compileSelect(path: string): Select {
  const parsed = parsePath(path)
  if (!parsed.ok) return () => undefined
  const { query } = parsed
  const isSingular = query.singularQuery()
  return (value, allowance) => {
    const hits = hitsOf(query, value, allowance)
    return isSingular ? hits?.[0] : hits
  }
}

function hitsOf(query: JSONPathQuery, value: Json, allowance: Allowance): Json[] | undefined {
  const hits: Json[] = []
  try {
    // The library's type is that of JSON that may be written to; it only reads.
    for (const { value: hit } of query.lazyQuery(value as JSONValue)) {
      if (allowance.left-- <= 0) return
      hits.push(hit as Json)
    }
  } catch (error) {
    // JSONPathRecursionLimitError, or the stack where a filter compares deep values.
    if (error instanceof JSONPathError || error instanceof RangeError) return
    throw error
  }
  return hits
}
