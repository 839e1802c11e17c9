import { canonical, digest } from "../../schema/canonical.ts"
import type { Json } from "../../schema/json.ts"
import type { CatalogTool } from "../catalog.ts"
import type { AgentEntity, Dependency, SchemaEntity, ServerEntity } from "../model.ts"
import { cardJson } from "./card-json.ts"
import { serverJson } from "./document-json.ts"

/** `sha256:` and 64 hex digits over canonical JSON (RFC 8785). */
export type Digest = string

/** Of the JSON Schema alone: its name and description may change without it. */
export const schemaDigest = ({ schema }: SchemaEntity): Digest => digest(schema)

/** Of the text that {@link schemaDigest} is taken of. */
export const schemaText = ({ schema }: SchemaEntity): string => canonical(schema)

/** Of all that a model can see of the tool, as callers are shown it; what callers are not shown is not in it. */
export function toolDigest({ name, shown }: CatalogTool): Digest {
  const { title, description, inputSchema, outputSchema, annotations } = shown
  return digest({
    name,
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    inputSchema,
    ...(outputSchema !== undefined && { outputSchema }),
    ...(annotations !== undefined && { annotations }),
  })
}

/** Of the entity in canonical form, without annotations; in whatever order it lists what it provides. */
export const serverDigest = (entity: ServerEntity): Digest =>
  digest(
    serverJson(
      {
        ...entity,
        provides: sortedBy(entity.provides, ({ tool, version }) => [tool, version ?? ""]),
      },
      { notes: "dropped" },
    ),
  )

/** Of the card, with what the agent depends on, in whatever order. */
export const agentDigest = ({ depends, ...entity }: AgentEntity): Digest =>
  digest(
    cardJson(depends === undefined ? entity : { ...entity, depends: sortedBy(depends, wordsOf) }),
  )

const wordsOf = ({ type, name, version, skill }: Dependency) => [type, name, version, skill]

/** A set, in the order of words that tell its members apart. */
function sortedBy<T>(items: readonly T[], words: (item: T) => readonly unknown[]): readonly T[] {
  const key = (item: T) => JSON.stringify(words(item))
  return items.toSorted((left, right) => (key(left) < key(right) ? -1 : 1))
}

/** Of several things as a whole: of their ids and digests, whatever their order. */
export function digestOfAll(members: Iterable<readonly [id: string, digest: Digest]>): Digest {
  const pairs: Json[] = [...members].sort(([left], [right]) => (left < right ? -1 : 1))
  return digest(pairs)
}
