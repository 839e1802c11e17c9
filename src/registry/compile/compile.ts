import type { JsonSchema } from "../../schema/json.ts"
import type { Catalog, CatalogAgent, CatalogServer, CatalogTool } from "../catalog.ts"
import type { Draft } from "../draft.ts"
import { type RegistryDocument, type ServerEntity, serversOf, type ToolEntity } from "../model.ts"
import type { Report } from "../problem.ts"
import type { Links, SourceLink } from "../resolve/links.ts"
import type { Bundles } from "../schemas/bundle.ts"
import { documentDigest } from "../write/digest.ts"
import type { Annotations } from "./annotations.ts"
import { findUnavailable } from "./availability.ts"
import { bundled } from "./bundled.ts"
import { RegisteredTool } from "./catalog-tool.ts"
import { directTools } from "./direct-tools.ts"
import { fillDefaults, type Surroundings } from "./fill-defaults.ts"
import { implementationOf } from "./implementation.ts"
import { byName, RegisteredCatalog } from "./registered-catalog.ts"
import { Scopes } from "./scopes.ts"

/** What a sound document has become on its way here. */
export interface Sound {
  readonly draft: Draft
  readonly links: Links
  readonly bundles: Bundles
  readonly annotations: Annotations
  /** The draft's document with references pinned: the same entities in the same order, implied servers last. */
  readonly pinned: RegistryDocument
}

/** The catalog of a document without errors. Reports what its defaults need and the surroundings do not have. */
export function* compile(
  sound: Sound,
  surroundings: Surroundings | undefined,
  report: Report,
): Generator<void, Catalog, void> {
  const { draft, links, bundles, annotations, pinned } = sound
  const servers = new Map<ServerEntity, CatalogServer>()
  for (const [drafted, entity] of pairs(draft.document.servers, pinned.servers))
    servers.set(drafted, { name: entity.name, version: entity.version, entity })
  for (const entity of links.impliedServers)
    servers.set(entity, { name: entity.name, version: entity.version, entity })
  const filled = yield* fillDefaults(draft, surroundings, report)
  const reasons = yield* findUnavailable(draft, links, bundles, filled.reasons)
  const tools = new Map<ToolEntity, CatalogTool>()
  for (const [drafted, entity] of pairs(draft.document.tools, pinned.tools)) {
    const [first] = drafted.source === undefined ? [] : serversOf(drafted.source)
    const link = first && links.sources.get(first)
    const implementation = implementationOf(drafted, { sound, servers, filled })
    tools.set(
      drafted,
      new RegisteredTool({
        entity,
        implementation,
        unavailable: reasons.get(drafted),
        inputSchema: () => bundled(drafted.inputSchema ?? link?.provision?.inputSchema, bundles),
        outputSchema: () => bundled(outputOf(drafted, link), bundles),
        provision: link?.provision,
        annotations: annotations.shown.get(drafted),
      }),
    )
    yield
  }
  const scopes = new Scopes([...tools.values()])
  const agents: CatalogAgent[] = []
  for (const [drafted, entity] of pairs(draft.document.agents, pinned.agents)) {
    const granted = (links.depends.get(drafted) ?? []).flatMap(({ target }) => {
      return target?.kind === "tool" ? (tools.get(target.entity) ?? []) : []
    })
    agents.push({ name: entity.name, version: entity.version, entity, scope: scopes.of(granted) })
    yield
  }
  const all = [...tools.values()]
  return new RegisteredCatalog({
    digest: yield* documentDigest(pinned),
    document: pinned,
    servers: [...servers.values()],
    tools: all,
    agents,
    direct: yield* directTools(draft, links, servers, bundles),
    everything: scopes.of([...byName(all).values()].flatMap(([highest]) => highest ?? [])),
  })
}

/** Each entity as it was drafted, and as it was pinned. */
const pairs = <T>(drafted: readonly T[], pinned: readonly T[]): readonly (readonly [T, T])[] =>
  drafted.map((entity, index) => [entity, pinned[index] ?? entity] as const)

/** A transformed result is not what the server's schema describes. */
function outputOf(tool: ToolEntity, link: SourceLink | undefined): JsonSchema | undefined {
  if (tool.outputSchema !== undefined) return tool.outputSchema
  return tool.outputTransform === undefined ? link?.provision?.outputSchema : undefined
}
