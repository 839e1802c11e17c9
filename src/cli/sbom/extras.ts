import { resolve } from "node:path"
import type { Graph } from "../../portable/graph/graph.ts"
import type { Extra, Extras } from "../../portable/sbom/inventory.ts"
import type { Lock } from "../../registry/pins/lock.ts"
import type { Config } from "../../server/config/config.ts"
import { lockBeside } from "../../server/config/settle.ts"
import { lockLimitsOf } from "../../server/limit-sets.ts"
import { defaultLimits } from "../../server/limits.ts"
import type { Io } from "../command.ts"
import { lockOfConfig, readLockFile } from "../lock/lock-file.ts"
import type { Sound } from "../sound-registry.ts"
import { observed } from "./observed.ts"
import { pinnedExtras } from "./pins.ts"
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
  const lock = lockOf(sound.file, config, io)
  if (lock === undefined) return
  const pinned = pinnedExtras(sound.catalog, lock)
  const placed = config === undefined ? none : serverExtras(sound.catalog, config)
  const called = audits.length === 0 ? none : await observed(graph, around, { files: audits, io })
  return called && merged(pinned, placed, called)
}

/** The configuration's lock is that of its own document; another has one beside it, if it has one. */
const lockOf = (file: string, config: Config | undefined, io: Io): Lock | undefined =>
  config !== undefined && config.registry.name === resolve(file)
    ? lockOfConfig(config, io)
    : readLockFile(lockBeside(file), lockLimitsOf(config?.limits ?? defaultLimits), io)

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
