import type { JsonSchema } from "../registry/model.ts"
import { type About, type Definition, named, registered } from "./definition.ts"
import type { Exact } from "./exact.ts"
import { madeBy } from "./site.ts"

/**
 * A registered schema. Wherever a JSON Schema stands, it is a reference to this one: of a tool, or within another schema
 * as `properties: { query: Query }`. `{ ...Query, description: "…" }` is one, too.
 */
export type Registered<S extends JsonSchema = JsonSchema> = {
  readonly $ref: string
  readonly [registered]: Definition & { readonly schema: S }
}

/** A schema of the registry, under its name and version. */
export function schema<const V extends string, const S extends JsonSchema>(
  name: string,
  version: Exact<V> | undefined,
  definition: S,
  about: About = {},
): Registered<S> {
  const entity = madeBy(schema, { ...named(name, version), schema: definition, ...about })
  const $ref = version === undefined ? `#${name}` : `#${name}:${version}`
  return { $ref, [registered]: { section: "schemas", entity, schema: definition } }
}
