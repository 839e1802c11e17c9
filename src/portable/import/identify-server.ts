import type { Ref } from "../../registry/model.ts"
import { isExact } from "../../registry/version.ts"
import type { FoundServer } from "./merging.ts"
import { type Placed, textAt } from "./written-document.ts"

/** Which server of the registry was found. */
export interface Identified {
  readonly server: Ref
  /** Its entry in the registry; undefined for a new server. */
  readonly entry: Placed | undefined
  /** The version that gives way to another; empty for none. */
  readonly was: string | undefined
}

/** What a server has whose own words for its version cannot be taken, until somebody writes another. */
const noVersion = "0.0.0"

/** The one of the version that it says it has; else the only one of its name, which then gives way; else a new one. */
export function identifyServer(
  { name, version }: Pick<FoundServer, "name" | "version">,
  servers: readonly Placed[],
): Identified {
  const known = servers.filter(({ entity }) => textAt(entity, "name") === name)
  const [only, ...others] = known
  const isOnly = only !== undefined && others.length === 0
  const there = isOnly ? textAt(only.entity, "version") : undefined
  const own = version ?? (there !== undefined && isExact(there) ? there : noVersion)
  const server = { name, version: own }
  const exact = known.find(({ entity }) => textAt(entity, "version") === own)
  if (exact !== undefined) return { server, entry: exact, was: undefined }
  return isOnly
    ? { server, entry: only, was: there ?? "" }
    : { server, entry: undefined, was: undefined }
}
