import { isObject, type Json, type JsonObject, member } from "../schema/json.ts"

/** The annotation by which a tool's input schema wants an argument repeated in a header (SEP-2243). */
export const mirrorKeyword = "x-mcp-header"

/** What a header may be called (RFC 9110 §5.6.2, `token`). */
export const headerToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** An argument that the schema wants mirrored in a header. */
export interface MirroredParam {
  readonly path: readonly string[]
  /** In lower case: `mcp-param-region`. */
  readonly header: string
  readonly isInteger: boolean
}

const scalarTypes: readonly unknown[] = ["string", "integer", "boolean", "number"]

/**
 * The annotated arguments of a tool's input schema that `properties` alone lead to. Annotations that the specification
 * does not allow (other places, other types) bind nobody: a client that sees one drops the tool (see mirror-fault.ts).
 */
export function mirroredParams(schema: JsonObject): readonly MirroredParam[] {
  const found: MirroredParam[] = []
  const visit = (node: Json | undefined, path: readonly string[]): void => {
    if (!isObject(node)) return
    const name = member(node, mirrorKeyword)
    const type = member(node, "type")
    if (
      path.length > 0 &&
      typeof name === "string" &&
      headerToken.test(name) &&
      scalarTypes.includes(type)
    ) {
      const isInteger = type === "integer" || type === "number"
      found.push({ path, header: `mcp-param-${name.toLowerCase()}`, isInteger })
    }
    const properties = member(node, "properties")
    if (!isObject(properties)) return
    for (const [key, child] of Object.entries(properties)) visit(child, [...path, key])
  }
  visit(schema, [])
  return found
}

/** The argument at a path; undefined where nothing is there. */
export function argumentAt(args: Json | undefined, path: readonly string[]): Json | undefined {
  let node = args
  for (const key of path) node = isObject(node) ? member(node, key) : undefined
  return node
}
