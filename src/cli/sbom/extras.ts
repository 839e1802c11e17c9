import type { Graph } from "../../portable/graph/graph.ts"
import type { Extra, Extras } from "../../portable/sbom/inventory.ts"
import type { Config } from "../../server/config/config.ts"
import type { Io } from "../command.ts"
import type { Sound } from "../sound-registry.ts"
import { observed } from "./observed.ts"
import { lockBeside, pinnedExtras } from "./pins.ts"
import { serverExtras } from "./servers.ts"

interface Asked {
  readonly sound: Sound
  readonly config: Config | undefined
  readonly graph: Graph
  /** The id that the SBOM is cut out around, if it is. */
  readonly around: string | undefined
  /** Audit files. */
  readonly audits: readonly string[]
  readonly io: Io
}

/** What lock, configuration and audit know of the registry's nodes; undefined when what is wrong with one was printed. */
export async function extrasOf({
  sound,
  config,
  graph,
  around,
  audits,
  io,
}: Asked): Promise<Extras | undefined> {
  const pinned = pinnedExtras(sound.catalog, lockBeside(sound.file), io)
  if (pinned === undefined) return
  const placed = config === undefined ? none : serverExtras(sound.catalog, config)
  const called = audits.length === 0 ? none : await observed(graph, around, { files: audits, io })
  return called && merged(pinned, placed, called)
}

const none: Extras = new Map()

function merged(...sources: readonly Extras[]): Extras {
  const all = new Map<string, Extra>()
  for (const [id, { properties, service }] of sources.flatMap((source) => [...source])) {
    const known = all.get(id) ?? { properties: [] }
    all.set(id, {
      ...known,
      ...(service && { service }),
      properties: [...known.properties, ...properties],
    })
  }
  return all
}
