import type { JsonObject, Ref } from "../../registry/model.ts"
import { schemasDigest } from "../../registry/pins/definition.ts"
import { hiddenIn } from "../../registry/pins/hidden-text.ts"
import { type ServerPin, serverPin, type ToolPin } from "../../registry/pins/lock.ts"
import { pinTool } from "../../registry/pins/pin-tool.ts"
import { isExact } from "../../registry/version.ts"
import { member } from "../../schema/json.ts"
import { compareTool, type ToolDifference } from "./compare-tool.ts"
import type { FoundServer, Merging } from "./merge.ts"
import type { Wanted } from "./names.ts"
import { objects, type Placed, refOf, section, textAt } from "./written-document.ts"

/** A tool that its server offers, as it stands to the registry. */
export interface OfferedTool {
  readonly on: string
  readonly definition: JsonObject
  readonly wanted: Wanted
}

/** One server against the registry. Nothing is decided about names yet. */
export interface ServerPlan {
  readonly server: Ref
  /** Its entry in the registry; undefined for a new server. */
  readonly entry: Placed | undefined
  /** The version that gives way to another. */
  readonly was: string | undefined
  /** It gives way only when somebody accepts that, and nobody has: nothing else is done for the server either. */
  readonly isHeld: boolean
  readonly found: FoundServer
  readonly fresh: readonly OfferedTool[]
  readonly changed: readonly (ToolDifference & { readonly on: string })[]
  readonly gone: readonly (Placed & { readonly on: string; readonly perhaps: string | undefined })[]
  readonly pin: ServerPin
}

/** What a server has whose own words for its version cannot be taken, until somebody writes another. */
const noVersion = "0.0.0"

export function planServer(found: FoundServer, merging: Merging): ServerPlan {
  const { server, entry, was } = identify(found, section(merging.document, "servers"))
  const old = entry === undefined ? server : refOf(entry.entity)
  const pinned = serverPin(merging.lock, old)
  const pins = new Map(pinned?.tools.map((pin) => [pin.name, pin]))
  const provided = new Map(
    objects(member(entry?.entity ?? {}, "provides"), `${entry?.pointer}/provides`).map((placed) => [
      textAt(placed.entity, "tool") ?? "",
      placed,
    ]),
  )
  const refused = merging.refused.get(found.name)
  const taken = found.tools.filter((tool) => refused?.has(nameOf(tool)) !== true)
  const fresh = taken
    .filter((tool) => !provided.has(nameOf(tool)))
    .map((definition) => {
      const on = nameOf(definition)
      return { on, definition, wanted: { server: found.name, on } }
    })
  const changed = taken.flatMap((definition) => {
    const on = nameOf(definition)
    const provision = provided.get(on)
    const difference = provision && compareTool(provision, pins.get(on), definition)
    return difference === undefined ? [] : [{ ...difference, on }]
  })
  const listed = new Set(found.tools.map(nameOf))
  const gone = [...provided]
    .filter(([on]) => !listed.has(on))
    .map(([on, placed]) => ({
      ...placed,
      on,
      perhaps: sameAgain({ ...placed.entity, ...pins.get(on)?.definition }, fresh),
    }))
  const isHeld = was !== undefined && !merging.isAccepted
  const unseen = new Set(merging.isAccepted ? [] : changed.map(({ on }) => on))
  const pin: ServerPin = {
    server,
    ...found.words,
    ...(pinned?.approval && { approval: pinned.approval }),
    tools: [
      ...taken.flatMap((tool) => pinOf(tool, pins.get(nameOf(tool)), unseen)),
      ...(merging.isAccepted && merging.prune ? [] : gone.flatMap(({ on }) => pins.get(on) ?? [])),
      ...found.tools.flatMap((tool) =>
        refused?.has(nameOf(tool)) === true ? (pins.get(nameOf(tool)) ?? []) : [],
      ),
    ],
  }
  return { server, entry, was, isHeld, found, fresh, changed, gone, pin }
}

export const nameOf = (definition: JsonObject): string => textAt(definition, "name") ?? ""

/** Text in a definition that a person would not see. */
export const hiddenText = (definition: JsonObject) => hiddenIn(definition)

/**
 * Which server of the registry was found: the one of the version that it says it has; else the only one of its name, which
 * then gives way; else a new one.
 */
function identify(
  { name, version }: FoundServer,
  servers: readonly Placed[],
): Pick<ServerPlan, "server" | "entry" | "was"> {
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

/** The one new tool that takes and gives what a tool that went did. */
function sameAgain(definition: JsonObject, fresh: readonly OfferedTool[]): string | undefined {
  const before = schemasDigest(definition)
  if (before === undefined || before === schemasDigest({ inputSchema: { type: "object" } })) return
  const [one, ...others] = fresh.filter((tool) => schemasDigest(tool.definition) === before)
  return others.length === 0 ? one?.on : undefined
}

/** The new pin of a tool; where its change has not been seen, the one that it had. An approval holds for its digest. */
function pinOf(
  definition: JsonObject,
  old: ToolPin | undefined,
  unseen: ReadonlySet<string>,
): readonly ToolPin[] {
  if (unseen.has(nameOf(definition))) return old === undefined ? [] : [old]
  const pin = pinTool(definition)
  if (pin === undefined) return []
  return [old?.approval && old.digest === pin.digest ? { ...pin, approval: old.approval } : pin]
}
