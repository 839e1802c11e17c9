import type { JsonSchema } from "../../schema/json.ts"
import type { Bundles } from "../schemas/bundle.ts"

/** The schema with all that it refers to in it; undefined where there is none, or something is missing. */
export function bundled(schema: JsonSchema | undefined, bundles: Bundles): JsonSchema | undefined {
  const bundle = schema === undefined ? undefined : bundles.of(schema)
  return bundle?.kind === "bundled" ? bundle.schema : undefined
}
