import type { Report } from "../problem.ts"
import type { Bundles } from "../schemas/bundle.ts"
import type { SchemaLinks } from "../schemas/link-schemas.ts"
import { rootType } from "../schemas/root-type.ts"

/** Arguments of tools are objects; results that are none cannot be described to callers of MCP's older revisions. */
export function* checkRootTypes(
  { positions }: SchemaLinks,
  bundles: Bundles,
  report: Report,
): Generator<void, void, void> {
  for (const { schema, pointer, role } of positions) {
    if (role !== "toolInput" && role !== "toolOutput") continue
    yield
    if (rootType(bundles.of(schema)) !== "other") continue
    if (role === "toolInput")
      report({
        code: "input_schema_not_object",
        severity: "error",
        pointer,
        message: "the arguments of a tool are an object, and this schema does not say so",
        hint: 'add "type": "object"',
      })
    else
      report({
        code: "output_schema_not_object",
        severity: "warn",
        pointer,
        message: "callers of MCP before 2026-07-28 cannot be given a result that is no object",
        hint: 'wrap the result in an object, and say "type": "object"',
      })
  }
}
