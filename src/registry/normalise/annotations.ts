import { type JsonObject, segment } from "../../schema/json.ts"
import { readObject, type Written, wrongType } from "./fields.ts"

/** The members that MCP defines (ToolAnnotations): clients drop a tool over one of another type. */
const types: { readonly [name: string]: "boolean" | "string" } = {
  title: "string",
  readOnlyHint: "boolean",
  destructiveHint: "boolean",
  idempotentHint: "boolean",
  openWorldHint: "boolean",
}

/** The `annotations` of a tool or a provision; members of the wrong type are reported and left out. */
export function readAnnotations(from: Written): JsonObject | undefined {
  const written = readObject(from, "annotations")
  if (written === undefined) return
  const wrong = Object.entries(types).filter(
    ([name, type]) => Object.hasOwn(written, name) && typeof written[name] !== type,
  )
  for (const [name, type] of wrong) {
    const pointer = `${from.pointer}/annotations${segment(name)}`
    wrongType(
      from.context,
      pointer,
      written[name] ?? null,
      type === "string" ? "a string" : "true or false",
    )
  }
  if (wrong.length === 0) return written
  const dropped = new Set(wrong.map(([name]) => name))
  return Object.fromEntries(Object.entries(written).filter(([name]) => !dropped.has(name)))
}
