import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { Kind } from "./context.ts"
import { step } from "./pointer.ts"

export const sections = {
  schema: "schemas",
  server: "servers",
  tool: "tools",
  agent: "agents",
} as const satisfies Record<Kind, string>

/** What a document registers by name, before anything is normalised: for hints and for dialects that need it. */
export interface Registered {
  readonly isRegistered: (kind: Kind, name: string) => boolean
  readonly versionsOf: (kind: Kind, name: string) => readonly string[]
  /** The first element with that name, as it is written. */
  readonly first: (kind: Kind, name: string) => JsonObject | undefined
}

/** Looks into a section of `tree` only when it is first asked for: most documents never need it. */
export function registeredIn(tree: JsonObject): Registered {
  const indexes = new Map<Kind, ReadonlyMap<string, readonly JsonObject[]>>()
  const named = (kind: Kind, name: string): readonly JsonObject[] => {
    let index = indexes.get(kind)
    if (index === undefined) {
      index = indexOf(step(tree, sections[kind]))
      indexes.set(kind, index)
    }
    return index.get(name) ?? []
  }
  return {
    isRegistered: (kind, name) => named(kind, name).length > 0,
    first: (kind, name) => named(kind, name)[0],
    versionsOf: (kind, name) =>
      named(kind, name)
        .slice(0, versionsMax)
        .map((element) => step(element, "version"))
        .filter((version) => typeof version === "string"),
  }
}

/** More than any hint shows; a name of 100,000 versions may have as many problems. */
const versionsMax = 100

function indexOf(section: Json | undefined): ReadonlyMap<string, readonly JsonObject[]> {
  const index = new Map<string, JsonObject[]>()
  for (const element of isList(section) ? section : []) {
    const name = step(element, "name")
    if (typeof name !== "string" || !isObject(element)) continue
    const same = index.get(name)
    if (same === undefined) index.set(name, [element])
    else same.push(element)
  }
  return index
}
