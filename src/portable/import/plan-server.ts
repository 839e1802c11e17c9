import { type JsonObject, refKey } from "../../registry/model.ts"
import { visible } from "../../registry/pins/definition.ts"
import { renamedTo, serverDrift } from "../../registry/pins/drift.ts"
import type { FieldChange } from "../../registry/pins/field-diff.ts"
import { type HiddenText, hiddenIn } from "../../registry/pins/hidden-text.ts"
import { type ServerPin, serverPin } from "../../registry/pins/lock.ts"
import { member } from "../../schema/json.ts"
import { compareTool, type ToolDifference } from "./compare-tool.ts"
import { type Identified, identifyServer } from "./identify-server.ts"
import type { FoundServer, Merging } from "./merging.ts"
import type { Wanted } from "./names.ts"
import {
  type Draw,
  drawsOn,
  nameOf,
  objects,
  type Placed,
  refIn,
  textAt,
} from "./written-document.ts"

/** A tool that its server offers and the registry does not know. */
export interface FreshTool {
  readonly on: string
  readonly definition: JsonObject
  readonly wanted: Wanted
  readonly hidden: readonly HiddenText[]
}

/** One server against the registry. Nothing is decided about names yet. */
export interface ServerPlan extends Identified {
  /** Its version gives way only when somebody accepts that, and nobody has: nothing else is done for it either. */
  readonly isHeld: boolean
  readonly found: FoundServer
  /** Its tools without those that the registry refuses. */
  readonly taken: readonly JsonObject[]
  readonly fresh: readonly FreshTool[]
  readonly changed: readonly ChangedTool[]
  /** What it says of itself is not what it said when it was pinned. */
  readonly words: readonly FieldChange[]
  /** Text in it that a person would not see. */
  readonly hidden: readonly HiddenText[]
  readonly gone: readonly GoneTool[]
  readonly pinned: ServerPin | undefined
  /** What registered tools draw on it. */
  readonly draws: readonly Draw[]
}

export interface ChangedTool extends ToolDifference {
  readonly on: string
  readonly isPinned: boolean
}

interface GoneTool extends Placed {
  readonly on: string
  readonly perhaps: string | undefined
}

export function planServer(found: FoundServer, merging: Merging): ServerPlan {
  const identified = identifyServer(found, merging.document, merging.lock)
  const { entry, was } = identified
  const pinned = serverPin(
    merging.lock,
    entry === undefined ? identified.server : refIn(entry.entity),
  )
  const refused = merging.refused.get(found.name) ?? new Set()
  const taken = found.tools.filter((tool) => !refused.has(nameOf(tool)))
  const provided = provisionsOf(entry)
  const pins = new Map(pinned?.tools.map((pin) => [pin.name, pin]))
  // What is pinned was there before: who took it out of the registry does not want it back.
  const isFresh = (on: string) => !provided.has(on) && !pins.has(on)
  const fresh = taken.filter((tool) => isFresh(nameOf(tool))).map((one) => freshTool(one, found))
  const changed = taken.flatMap((definition): ChangedTool[] => {
    const on = nameOf(definition)
    const provision = provided.get(on)
    if (provision === undefined) return []
    const difference = compareTool(provision, pins.get(on), definition, merging.pinning)
    return difference === undefined ? [] : [{ ...difference, on, isPinned: pins.has(on) }]
  })
  const listed = new Set(found.tools.map(nameOf))
  const gone = [...provided]
    .filter(([on]) => !listed.has(on))
    .map(([on, placed]) => {
      const pin = pins.get(on)
      const news = fresh.map(({ definition }) => definition)
      return { ...placed, on, perhaps: pin && renamedTo(pin, news) }
    })
  const isHeld = was !== undefined && !merging.isAccepted
  const words = wordsChanged(pinned, found, was !== undefined)
  const version = was ?? identified.server.version
  const draws = [...drawsOn({ name: found.name, version }, merging.document)]
  const hidden = serverDrift(undefined, found.words)?.hidden ?? []
  return { ...identified, isHeld, found, taken, fresh, changed, words, hidden, gone, pinned, draws }
}

/** The versions of a server that an import replaces in the lock. */
export const replacedKeys = ({ server, was }: Identified): readonly string[] => [
  refKey(server.name, server.version),
  ...(was === undefined ? [] : [refKey(server.name, was)]),
]

const provisionsOf = (entry: Placed | undefined): ReadonlyMap<string, Placed> =>
  new Map(
    objects(member(entry?.entity ?? {}, "provides"), `${entry?.pointer}/provides`).map((placed) => [
      textAt(placed.entity, "tool") ?? "",
      placed,
    ]),
  )

function freshTool(definition: JsonObject, { name: server }: FoundServer): FreshTool {
  const on = nameOf(definition)
  const hidden = hiddenIn(visible(definition))
  return { on, definition, wanted: { server, on }, hidden }
}

/** A version that moved is told as such. */
function wordsChanged(
  pinned: ServerPin | undefined,
  { words }: FoundServer,
  hasMoved: boolean,
): readonly FieldChange[] {
  const changes = (pinned && serverDrift(pinned, words)?.changes) ?? []
  return changes.filter(({ at }) => !hasMoved || at !== "/serverInfo/version")
}
