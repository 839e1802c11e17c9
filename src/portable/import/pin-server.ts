import { visible } from "../../registry/pins/definition.ts"
import { hiddenIn } from "../../registry/pins/hidden-text.ts"
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
  const { changed, gone, pinned, server, taken } = plan
  const { approval, isAccepted, pinning, prune } = merging
  const old = new Map(pinned?.tools.map((pin) => [pin.name, pin]))
  const isOpen = (isHiding: boolean) => isAccepted && !isHiding
  const changes = new Map(changed.map(({ hidden, on }) => [on, isOpen(hidden.length > 0)]))
  const anew = taken.flatMap((definition): readonly ToolPin[] => {
    const on = nameOf(definition)
    const before = old.get(on)
    const isNew = before === undefined && hiddenIn(visible(definition)).length === 0
    const isWanted = changes.get(on) ?? isNew
    const pin = isWanted ? pinTool(definition, pinning, before && approval) : undefined
    return pin === undefined ? [] : [pin]
  })
  const replaced = new Set([
    ...anew.map(({ name }) => name),
    ...(isAccepted && prune ? gone.map(({ on }) => on) : []),
  ])
  const kept = [...old.values()].filter(({ name }) => !replaced.has(name))
  return { server, ...wordsPinned(plan, merging), tools: [...kept, ...anew] }
}

/** Of a server that is new to the lock what it says; of another, only what somebody accepts. Never what hides. */
function wordsPinned(
  { found, hidden, pinned, was, words }: ServerPlan,
  { approval, isAccepted }: Merging,
): ServerWords & { readonly approval?: Approval } {
  if (pinned === undefined) return hidden.length === 0 ? found.words : {}
  const hasChanged = words.length > 0 || was !== undefined
  if (hasChanged && isAccepted && hidden.length === 0) return { ...found.words, approval }
  const { instructions, serverInfo, approval: before } = pinned
  return {
    ...(serverInfo && { serverInfo }),
    ...(instructions !== undefined && { instructions }),
    ...(before && { approval: before }),
  }
}
