import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { CallSite } from "../model.ts"
import type { Resolution } from "./pin.ts"

/** The calls that change, by the object or array that holds them. */
type Replacements = Map<object, Map<string, Json>>

/**
 * The spec with its calls as they resolved: registered names, and the server's version in direct calls. Calls of
 * registered tools and agents take their version from `depends`; one that a target without a version stood in for is
 * taken away, because no dependency will have it.
 */
export function pinSpec(
  spec: JsonObject | undefined,
  calls: readonly CallSite[],
  resolution: Resolution,
): JsonObject | undefined {
  const replacements: Replacements = new Map()
  for (const call of calls) {
    const { holder, key } = call.place
    const written: unknown = Reflect.get(holder, key)
    const pinned = pinCall(written, call, resolution)
    if (pinned === written || pinned === undefined) continue
    const members = replacements.get(holder) ?? new Map<string, Json>()
    replacements.set(holder, members.set(String(key), pinned))
  }
  if (spec === undefined || replacements.size === 0) return spec
  const replaced = replace(spec, replacements)
  return isObject(replaced) ? replaced : spec
}

function pinCall(
  written: unknown,
  call: CallSite,
  { links, assumeVersion }: Resolution,
): Json | undefined {
  const link = links.calls.get(call)
  if (link === undefined) return
  if (typeof written === "string") return link.name
  if (!isObject(written)) return
  if (call.kind === "direct") {
    const server = link.source?.server
    const version = server && (server.version ?? assumeVersion ?? call.serverVersion)
    const isSame = version === undefined || version === call.serverVersion
    return isSame ? written : { ...written, serverVersion: version }
  }
  const isStoodInFor = link.target !== undefined && link.target.entity.version === undefined
  const { version, ...unversioned } = written
  const kept = isStoodInFor && version !== undefined ? unversioned : written
  return link.name === call.name ? kept : { ...kept, name: link.name }
}

/** Specs are as deep as their document, which the reader bounds. */
function replace(value: Json, replacements: Replacements): Json {
  if (isList(value)) {
    const members = replacements.get(value)
    return value.map((item, index) => replace(members?.get(String(index)) ?? item, replacements))
  }
  if (!isObject(value)) return value
  const members = replacements.get(value)
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      replace(members?.get(key) ?? item, replacements),
    ]),
  )
}
