import type {
  CatalogServer,
  ChosenServer,
  CompositionImplementation,
  SourceImplementation,
} from "../catalog.ts"
import {
  type CallSite,
  type OneServer,
  refOf,
  type ServerEntity,
  type SourceServer,
  serversOf,
  type ToolEntity,
  type ToolSource,
} from "../model.ts"
import { bundled } from "./bundled.ts"
import type { Sound } from "./compile.ts"
import type { FilledDefaults } from "./fill-defaults.ts"

/** What is known of a document's sources. */
export interface Sources {
  readonly sound: Sound
  readonly servers: ReadonlyMap<ServerEntity, CatalogServer>
  readonly filled: FilledDefaults
}

/** Where the calls of a tool go. */
export function implementationOf(
  tool: ToolEntity,
  sources: Sources,
): SourceImplementation | CompositionImplementation {
  const { draft } = sources.sound
  const { source } = tool
  if (source === undefined) {
    const { pattern = "", calls = [] } = draft.compositions.get(tool) ?? {}
    return { kind: "composition", pattern, direct: directServers(calls, sources) }
  }
  const among = serversOf(source).map((one) => serverTool(one, source, sources))
  const [first] = among
  if (first === undefined) throw new TypeError("a source names a server") // reading it sees to that
  const { server, tool: name, inputSchema } = first
  const isChoice = among.length > 1 || first.when !== undefined
  const select = source.servers === undefined ? undefined : source.select
  return {
    kind: "source",
    server,
    tool: name,
    inputSchema,
    choice: isChoice ? { select: select ?? "first_available", among } : undefined,
    ...(sources.filled.values.get(tool) ?? noDefaults),
    hidden: new Set(source.hideFields),
  }
}

function directServers(
  calls: readonly CallSite[],
  { sound, servers }: Sources,
): readonly CatalogServer[] {
  const called = calls.flatMap((call) => {
    const server = sound.links.calls.get(call)?.source?.server
    return (server && servers.get(server)) ?? []
  })
  return [...new Set(called)]
}

const noDefaults = { defaults: {}, perCaller: new Map() }

function serverTool(
  one: OneServer | SourceServer,
  source: ToolSource,
  { sound, servers }: Sources,
): ChosenServer {
  const link = sound.links.sources.get(one)
  const server = link?.server && servers.get(link.server)
  return {
    server: server ?? unregistered(one.server, one.serverVersion),
    tool: one.tool ?? source.tool,
    inputSchema: bundled(link?.provision?.inputSchema, sound.bundles),
    ...(one.when !== undefined && { when: one.when }),
  }
}

/** Stands where a missing server would: its tools are unavailable, so nobody is ever routed to it. */
function unregistered(name: string, version: string | undefined): CatalogServer {
  return { name, version, entity: { ...refOf({ name, version }), provides: [], extra: {} } }
}
