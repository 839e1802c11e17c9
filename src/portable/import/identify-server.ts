import type { JsonObject, Ref } from "../../registry/model.ts"
import { type Lock, serverPin } from "../../registry/pins/lock.ts"
import { isExact } from "../../registry/version.ts"
import type { FoundServer } from "./merging.ts"
import { type Placed, refIn, section, textAt } from "./written-document.ts"

/** Which server of the registry was found. */
export interface Identified {
  readonly server: Ref
  /** Its entry in the registry; undefined for a new server. */
  readonly entry: Placed | undefined
  /** The version that gives way to another. */
  readonly was: string | undefined
}

/** What a server has whose own words for its version cannot be taken, until somebody writes another. */
const noVersion = "0.0.0"

/**
 * The entry of the version under which the configuration has the server. Where it has none: that of the version that the
 * server says it has, or else the only one of its name. People may know a server by another version than it says, its package's, say. So an entry changes
 * its version only where it had the one that the server said when it was pinned, and the server now says another.
 */
export function identifyServer(
  found: Pick<FoundServer, "name" | "version" | "configured">,
  document: JsonObject,
  lock: Lock,
): Identified {
  const { configured, name, version } = found
  const known = section(document, "servers").filter(({ entity }) => entity["name"] === name)
  const has = (own: string | undefined) =>
    own === undefined ? undefined : known.find(({ entity }) => textAt(entity, "version") === own)
  const only = known.length === 1 ? known[0] : undefined
  const entry = configured === undefined ? (has(version) ?? only) : has(configured)
  if (entry === undefined) {
    const server = { name, version: configured ?? version ?? noVersion }
    return { server, entry, was: undefined }
  }
  const old = refIn(entry.entity)
  const said = serverPin(lock, old)?.serverInfo?.version
  const hasMoved = version !== undefined && said === old.version && said !== version
  if (old.version !== undefined && hasMoved && has(version) === undefined)
    return { server: { name, version }, entry, was: old.version }
  const isVersioned = old.version !== undefined && isExact(old.version)
  return { server: isVersioned ? old : { name }, entry, was: undefined }
}
