import { defaultLoadLimits } from "../registry/limits.ts"
import { toEnd } from "../registry/load.ts"
import { migrate } from "../registry/migrate.ts"
import type { JsonObject, UnknownCallerPolicy } from "../registry/model.ts"
import { placesBy, withPlaces } from "../registry/read/places.ts"
import type { Agent, SkillCard } from "./agent.ts"
import { type Definition, definitionOf, type Notes, type Section } from "./definition.ts"
import type { Registered } from "./schema.ts"
import type { Server } from "./server.ts"
import { madeBy, siteOf } from "./site.ts"
import type { Tool } from "./tool.ts"
import { walk } from "./walk.ts"

export interface RegistryOptions extends Notes {
  readonly description?: string
  readonly metadata?: JsonObject
  readonly unknownCallerPolicy?: UnknownCallerPolicy
  readonly schemas?: readonly Registered[]
  readonly servers?: readonly Server<never>[]
  readonly tools?: readonly Tool[]
  readonly agents?: readonly Agent<readonly SkillCard[]>[]
  readonly [extension: `x-${string}`]: unknown
}

type Entities = { readonly [section in Section]: object[] }

/**
 * The registry document, as plain JSON in canonical form. It holds what is listed, in that order, and after it all that
 * this refers to and that was not listed: with the agents alone, it holds what they need. Give it to `validate`, or
 * export it as the default of a program that commands are given.
 */
export function registry({
  schemas,
  servers,
  tools,
  agents,
  ...about
}: RegistryOptions): JsonObject {
  const listed: readonly (readonly object[] | undefined)[] = [schemas, servers, tools, agents]
  const definitions = listed.flatMap((values) => (values ?? []).map(definitionOf))
  const entities = withReferences(definitions.filter((each) => each !== undefined))
  const written = madeBy(registry, { schemaVersion: "2.0", ...about, ...entities })
  const text = JSON.stringify(written)
  const canonical = toEnd(migrate(text, { limits: defaultLoadLimits, isWhole: true }))
  return withPlaces(canonical ?? (JSON.parse(text) as JsonObject), () => placesBy(written, siteOf))
}

/** The definitions, and those that they refer to, each once. */
function withReferences(listed: readonly Definition[]): Entities {
  const found = new Set(listed)
  const entities: Entities = { schemas: [], servers: [], tools: [], agents: [] }
  for (const { section, entity: now } of found) {
    entities[section].push(now)
    for (const { part } of walk(now)) {
      const referred = definitionOf(part)
      if (referred !== undefined) found.add(referred) // a set is walked through to what was added meanwhile
    }
  }
  return entities
}
