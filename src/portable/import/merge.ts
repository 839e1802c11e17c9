import { type Ref, refKey } from "../../registry/model.ts"
import { visible } from "../../registry/pins/definition.ts"
import { hiddenIn } from "../../registry/pins/hidden-text.ts"
import { type Lock, lockOf } from "../../registry/pins/lock.ts"
import type { TextEdit } from "../../registry/write/edit-text.ts"
import { editAgent, type Gifts } from "./agent.ts"
import type { Change } from "./change.ts"
import { editServer, registered } from "./edit-server.ts"
import type { Merging } from "./merging.ts"
import { registryNames, type Wanted } from "./names.ts"
import { pinServer } from "./pin-server.ts"
import { planServer, replacedKeys, type ServerPlan } from "./plan-server.ts"
import { prune } from "./prune.ts"
import { nameOf, refIn, section } from "./written-document.ts"

export interface Merged {
  readonly edits: readonly TextEdit[]
  readonly lock: Lock
  /** Everything that servers say otherwise than the registry, whether `edits` make it so or not. */
  readonly changes: readonly Change[]
  /** The servers as the registry then has them; `was` is a version that gave way. */
  readonly servers: readonly (Ref & { readonly was?: string | undefined })[]
}

/**
 * What importing servers means for a registry: `provides` says what servers say, and only import writes there, so that
 * `tools` and `agents` stay people's own. A tool is registered when its server offers it for the first time; what people
 * took out afterwards stays out. What changed is decided by the lock, which has the words of the last time.
 */
export function merge(merging: Merging): Merged {
  const plans = merging.found.map((found) => planServer(found, merging))
  const there = section(merging.document, "tools").map(({ entity }) => refIn(entity).name)
  const wanted = plans.flatMap(({ fresh }) => fresh.map((tool) => tool.wanted))
  const names = registryNames(wanted, new Set(there))
  const servers = plans.map((plan) => editServer(plan, names, merging))
  const agent = editAgent(merging.document, merging.agent, giftsOf(plans, names, merging))
  const isPruned = merging.prune && merging.isAccepted
  return {
    edits: [
      ...servers.flatMap(({ edits }) => edits),
      ...agent.edits,
      ...(isPruned ? prune(plans, merging.document) : []),
    ],
    lock: lockWith(plans, merging),
    changes: [...servers.flatMap(({ changes }) => changes), ...agent.changes],
    servers: plans.flatMap(({ server, was, isHeld }) => (isHeld ? [] : [{ ...server, was }])),
  }
}

/** Tools with hidden text are nobody's until somebody has looked at them. */
function giftsOf(
  plans: readonly ServerPlan[],
  names: ReadonlyMap<Wanted, string>,
  { isAccepted, prune }: Merging,
): Gifts {
  const open = plans.filter(({ isHeld }) => !isHeld)
  const fresh = open.flatMap((plan) =>
    plan.fresh
      .filter(({ hidden }) => hidden.length === 0)
      .map(({ wanted, on }) => registered(names.get(wanted) ?? on)),
  )
  const known = open.flatMap(({ draws, found, gone }) => {
    const suspects = found.tools.filter((tool) => hiddenIn(visible(tool)).length > 0).map(nameOf)
    const left = new Set([...suspects, ...(prune && isAccepted ? gone.map(({ on }) => on) : [])])
    const good = draws.filter(({ on }) => on !== undefined && !left.has(on))
    return good.map(({ tool }) => refIn(tool.entity))
  })
  // Of two versions of a tool an agent sees one.
  const all = new Map([...known, ...fresh].map((tool) => [tool.name, tool]))
  return { all: [...all.values()], fresh }
}

/** The lock with these servers in the place of what it had of them, and of the versions that gave way. */
function lockWith(plans: readonly ServerPlan[], merging: Merging): Lock {
  const open = plans.filter(({ isHeld }) => !isHeld)
  const replaced = new Set(open.flatMap(replacedKeys))
  const others = merging.lock.servers.filter(
    ({ server }) => !replaced.has(refKey(server.name, server.version)),
  )
  return lockOf([...others, ...open.map((plan) => pinServer(plan, merging))])
}
