import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { nodeId } from "../../portable/graph/graph.ts"
import type { Extra, Property } from "../../portable/sbom/inventory.ts"
import type { Catalog, CatalogTool } from "../../registry/catalog.ts"
import { defaultLoadLimits } from "../../registry/limits.ts"
import { serversOf } from "../../registry/model.ts"
import { type Lock, serverPin } from "../../registry/pins/lock.ts"
import { readLockAtOnce } from "../../registry/pins/read-lock.ts"
import { formatProblem } from "../../registry/print-problems.ts"
import type { Io } from "../command.ts"

/** Where the lock of a registry document stands. */
export const lockBeside = (registry: string): string => join(dirname(registry), "postern.lock.json")

/**
 * The digests that the definitions of servers' tools are pinned to, by the tools that are made of them; none without a
 * lock. Undefined when what is wrong with the lock has been printed.
 */
export function pinnedExtras(
  { tools }: Pick<Catalog, "tools">,
  file: string,
  io: Io,
): ReadonlyMap<string, Extra> | undefined {
  if (!existsSync(file)) return new Map()
  const read = readLockAtOnce(readFileSync(file, "utf8"), defaultLoadLimits)
  if (read.ok) return new Map(tools.map((tool) => [idOf(tool), extraOf(tool, read.lock)]))
  for (const problem of read.problems) io.err.write(`${formatProblem({ ...problem, file })}\n`)
  return undefined
}

const idOf = ({ name, version }: CatalogTool): string => nodeId("tool", name, version)

function extraOf({ entity: { source } }: CatalogTool, lock: Lock): Extra {
  const among = source === undefined ? [] : serversOf(source)
  const pinned = among.flatMap(({ server: name, serverVersion, tool }) => {
    const ref = serverVersion === undefined ? { name } : { name, version: serverVersion }
    const pin = serverPin(lock, ref)?.tools.find((one) => one.name === (tool ?? source?.tool))
    return pin === undefined ? [] : [["pinned-digest", pin.digest] satisfies Property]
  })
  return { properties: pinned }
}
