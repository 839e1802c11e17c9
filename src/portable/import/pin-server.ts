import type { JsonObject } from "../../registry/model.ts"
import { serverDrift } from "../../registry/pins/drift.ts"
import type { Approval, ServerPin, ServerWords, ToolPin } from "../../registry/pins/lock.ts"
import { pinTool } from "../../registry/pins/pin-tool.ts"
import type { Merging } from "./merging.ts"
import type { ServerPlan } from "./plan-server.ts"
import { nameOf } from "./written-document.ts"

/**
 * What a server is pinned as. New tools get a pin, unless they hide text; one that changed gets another where the change is
 * accepted, with who accepted it; what is not looked at keeps its own.
 */
export function pinServer(plan: ServerPlan, merging: Merging): ServerPin {
  const { pinned } = plan
  const { approval, isAccepted, prune } = merging
  const old = new Map(pinned?.tools.map((pin) => [pin.name, pin]))
  const gone = new Set(isAccepted && prune ? plan.gone.map(({ on }) => on) : [])
  const anew = plan.taken.flatMap((tool) => pinOf(tool, old.get(nameOf(tool)), plan, merging))
  const names = new Set(anew.map(({ name }) => name))
  const kept = [...old.values()].filter(({ name }) => !names.has(name) && !gone.has(name))
  const tools = [...kept, ...anew]
  return {
    server: plan.server,
    ...wordsPinned(plan, isAccepted ? approval : undefined),
    tools,
  }
}

function pinOf(
  definition: JsonObject,
  old: ToolPin | undefined,
  { changed, fresh }: ServerPlan,
  { approval, isAccepted, pinning }: Merging,
): readonly ToolPin[] {
  const name = nameOf(definition)
  const change = changed.find(({ on }) => on === name)
  const isOpen = change === undefined || (isAccepted && change.hidden.length === 0)
  const isHiding = (fresh.find(({ on }) => on === name)?.hidden.length ?? 0) > 0
  if (!isOpen || isHiding || (old !== undefined && change === undefined)) return []
  const pin = pinTool(definition, pinning, old && approval)
  return pin === undefined ? [] : [pin]
}

/** Of a server that is new to the lock what it says; of another, only what somebody accepts. */
function wordsPinned(
  { found, pinned, was, words }: ServerPlan,
  approval: Approval | undefined,
): ServerWords & { readonly approval?: Approval } {
  if (pinned === undefined)
    return serverDrift(undefined, found.words) === undefined ? found.words : {}
  if ((words.length > 0 || was !== undefined) && approval !== undefined)
    return { ...found.words, approval }
  const { instructions, serverInfo, approval: before } = pinned
  return {
    ...(serverInfo && { serverInfo }),
    ...(instructions !== undefined && { instructions }),
    ...(before && { approval: before }),
  }
}
