import type { RegistryDocument } from "../model.ts"
import type { Problem } from "../problem.ts"
import type { Resolving } from "./links.ts"
import type { Named } from "./named.ts"
import { type Kind, quoted } from "./words.ts"

/** Indexes the entities of every kind by name and version; a second one of the same identity is left out. */
export function* indexEntities(resolving: Resolving): Generator<void, void, void> {
  const { links, draft } = resolving
  const { schemas, servers, tools, agents }: RegistryDocument = draft.document
  yield* index(resolving, "schema", schemas, links.schemas)
  yield* index(resolving, "server", servers, links.servers)
  yield* index(resolving, "tool", tools, links.tools)
  yield* index(resolving, "agent", agents, links.agents)
}

type Identified = { readonly name: string; readonly version?: string }

function* index<T extends Identified>(
  { draft, report }: Resolving,
  kind: Kind,
  entities: readonly T[],
  into: Named<T>,
): Generator<void, void, void> {
  let count = 0
  for (const entity of entities) {
    const first = into.add(entity)
    if (first !== undefined) {
      const [here, there] = [draft.origins.of(entity), draft.origins.of(first)]
      report(duplicate(kind, entity, here, there))
    }
    if (++count % 1_000 === 0) yield
  }
  for (const named of into.versioned()) {
    const unversioned = named.find(({ version }) => version === undefined)
    if (unversioned !== undefined)
      report(mixedVersioning(kind, unversioned, draft.origins.of(unversioned)))
  }
}

const duplicate = (kind: Kind, entity: Identified, here: string, there: string): Problem => ({
  code: "duplicate_entity",
  severity: "error",
  pointer: here,
  message: `${kind} ${quoted(entity)} is registered twice`,
  hint: "give one of them another version, or remove it",
  data: { kind, name: entity.name },
  related: [{ pointer: there, message: "the first one" }],
})

export const mixedVersioning = (kind: Kind, entity: Identified, pointer: string): Problem => ({
  code: "mixed_versioning",
  severity: "error",
  pointer,
  message: `${kind} ${quoted({ name: entity.name })} is registered both with and without a version`,
  hint: "give this one its version, too",
  data: { kind, name: entity.name },
})
