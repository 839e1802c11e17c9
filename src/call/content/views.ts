import type { Backends, Listed, ListKind } from "../backends.ts"
import type { Reach } from "../permit.ts"
import { reachFor } from "./offers.ts"
import { type PromptView, promptView } from "./prompt-view.ts"
import { type ResourceView, resourceView } from "./resource-view.ts"

/** A view, and how long it may be kept. */
export interface Seen<V> {
  readonly view: V
  readonly ttlMs: number
}

type Ports = Pick<Backends, "list" | "capabilities">
type Need = "fresh" | "known"

/** What was made last from a caller's lists: the lists stay the same arrays while their servers list the same. */
interface Made<V> {
  readonly from: readonly unknown[]
  readonly view: V
}
const madeOfResources = new WeakMap<readonly Reach[], Made<ResourceView>>()
const madeOfPrompts = new WeakMap<readonly Reach[], Made<PromptView>>()

/**
 * The resources of all servers in a caller's reach. A server that does not list in time is there without entries, and
 * only its entries are missing.
 */
export async function seeResources(
  reach: readonly Reach[],
  backends: Ports,
  need: Need,
): Promise<Seen<ResourceView>> {
  const { shelves, ttlMs } = await gather("resources", reach, backends, need)
  const from = shelves.flatMap((shelf) => [shelf.reach, ...shelf.lists])
  const view = remembered(madeOfResources, reach, from, () =>
    resourceView(
      shelves.map((shelf) => {
        const [resources = none, templates = none] = shelf.lists
        return { reach: shelf.reach, resources, templates }
      }),
    ),
  )
  return { view, ttlMs }
}

/** The same for prompts. */
export async function seePrompts(
  reach: readonly Reach[],
  backends: Ports,
  need: Need,
): Promise<Seen<PromptView>> {
  const { shelves, ttlMs } = await gather("prompts", reach, backends, need)
  const from = shelves.flatMap((shelf) => [shelf.reach, ...shelf.lists])
  const view = remembered(madeOfPrompts, reach, from, () =>
    promptView(shelves.map(({ reach: one, lists: [entries = none] }) => ({ reach: one, entries }))),
  )
  return { view, ttlMs }
}

const kinds: Readonly<Record<"resources" | "prompts", readonly ListKind[]>> = {
  resources: ["resources", "resourceTemplates"],
  prompts: ["prompts"],
}

interface Gathered {
  readonly shelves: readonly { readonly reach: Reach; readonly lists: readonly Listed["items"][] }[]
  readonly ttlMs: number
}

async function gather(
  offer: "resources" | "prompts",
  reach: readonly Reach[],
  backends: Ports,
  need: Need,
): Promise<Gathered> {
  const asked = reachFor(offer, reach, backends)
  // With one server a name can mean that one only, listed or not: to find it, no list is needed.
  if (need === "known" && asked.length === 1)
    return { shelves: asked.map((one) => ({ reach: one, lists: [] })), ttlMs: 0 }
  const shelves = await Promise.all(
    asked.map(async (one) => {
      const lists = kinds[offer].map((kind) => backends.list(one.server, kind, need))
      return { reach: one, lists: await Promise.all(lists) }
    }),
  )
  const having = new Set(reachFor(offer, asked, backends)) // asking may have told that one has none
  const ttls = shelves.flatMap(({ lists }) => lists.map(({ ttlMs }) => ttlMs))
  return {
    shelves: shelves
      .filter((shelf) => having.has(shelf.reach))
      .map((shelf) => ({ reach: shelf.reach, lists: shelf.lists.map(({ items }) => items) })),
    ttlMs: Math.min(...ttls, Number.MAX_SAFE_INTEGER),
  }
}

const none: Listed["items"] = []

function remembered<V>(
  made: WeakMap<readonly Reach[], Made<V>>,
  reach: readonly Reach[],
  from: readonly unknown[],
  make: () => V,
): V {
  const last = made.get(reach)
  const isSame = last?.from.length === from.length && last.from.every((one, at) => one === from[at])
  if (isSame) return last.view
  const view = make()
  made.set(reach, { from, view })
  return view
}
