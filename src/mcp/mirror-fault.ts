import { isList, isObject, type Json, type JsonObject } from "../schema/json.ts"
import { headerToken, mirrorKeyword } from "./mirrored-params.ts"

const types: readonly unknown[] = ["string", "integer", "boolean"]
/** Keywords whose values are data, not schemas. */
const dataKeywords: ReadonlySet<string> = new Set([
  "const",
  "enum",
  "default",
  "examples",
  mirrorKeyword,
])

/**
 * What is wrong with the `x-mcp-header` annotations of a tool's input schema, if anything: a client drops such a tool (MCP
 * 2026-07-28, SEP-2243). They stand on strings, integers and booleans that `properties` alone lead to, and name each
 * header once, whatever the case of its letters.
 */
export function mirrorFault(schema: Json | undefined): string | undefined {
  const names = new Set<string>()
  for (const { schema: holder, isArgument } of annotated(schema ?? {}, "root")) {
    const { [mirrorKeyword]: name, type } = holder
    if (!isArgument) return `${mirrorKeyword} stands where no argument has a fixed place`
    if (typeof name !== "string" || !headerToken.test(name))
      return `${mirrorKeyword} is no name of a header`
    if (!types.includes(type))
      return `${mirrorKeyword} ${name} is not on a string, integer or boolean`
    if (names.has(name.toLowerCase())) return `${mirrorKeyword} ${name} is there twice`
    names.add(name.toLowerCase())
  }
  return
}

interface Annotated {
  readonly schema: JsonObject
  readonly isArgument: boolean
}

/** Where a schema stands: at the root, at an argument that `properties` alone lead to, or anywhere else. */
type Place = "root" | "argument" | "elsewhere"

function* annotated(schema: Json, place: Place): Generator<Annotated> {
  if (isList(schema)) for (const item of schema) yield* annotated(item, "elsewhere")
  if (!isObject(schema)) return
  if (Object.hasOwn(schema, mirrorKeyword)) yield { schema, isArgument: place === "argument" }
  for (const [key, value] of Object.entries(schema)) {
    if (dataKeywords.has(key)) continue
    if (key === "properties" && isObject(value)) yield* ofProperties(value, place)
    else yield* annotated(value, "elsewhere")
  }
}

function* ofProperties(properties: JsonObject, place: Place): Generator<Annotated> {
  const inner = place === "elsewhere" ? "elsewhere" : "argument"
  for (const schema of Object.values(properties)) yield* annotated(schema, inner)
}
