import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { CallSite, Composition, ToolEntity } from "../model.ts"
import type { Links } from "../resolve/links.ts"

/**
 * The spec with the registered names and the servers' versions of its calls written in. The versions of registry calls
 * stand in `depends`, where every call takes its own from.
 */
export function pinSpec(
  { spec }: ToolEntity,
  composition: Composition | undefined,
  links: Links,
): { readonly spec?: JsonObject } {
  if (spec === undefined || composition === undefined) return {}
  const replaced = new Map<object, Map<string | number, Json>>()
  for (const call of composition.calls) {
    const pinned = pinCall(call, links)
    if (pinned === undefined) continue
    const { holder, key } = call.place
    replaced.set(holder, (replaced.get(holder) ?? new Map()).set(key, pinned))
  }
  if (replaced.size === 0) return {}
  const made = rewrite(spec, replaced)
  return isObject(made) ? { spec: made } : {}
}

/** What stands at the place of a call once it is pinned; undefined when nothing changes. */
function pinCall(call: CallSite, links: Links): Json | undefined {
  const link = links.calls.get(call)
  const { holder, key } = call.place
  const written: unknown = Reflect.get(holder, key)
  if (link === undefined) return
  if (call.kind === "direct") {
    const version = link.source?.server?.version
    if (version === undefined || call.serverVersion !== undefined || !isObject(written)) return
    return { ...written, serverVersion: version }
  }
  if (link.name === call.name) return
  if (written === call.name) return link.name
  return isObject(written) ? { ...written, name: link.name } : undefined
}

function rewrite(
  node: Json,
  replaced: ReadonlyMap<object, ReadonlyMap<string | number, Json>>,
): Json {
  if (isList(node)) {
    const here = replaced.get(node)
    return node.map((item, index) => here?.get(index) ?? rewrite(item, replaced))
  }
  if (!isObject(node)) return node
  const here = replaced.get(node)
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => [key, here?.get(key) ?? rewrite(value, replaced)]),
  )
}
