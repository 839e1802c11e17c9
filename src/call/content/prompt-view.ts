import type { CatalogServer } from "../../registry/catalog.ts"
import type { JsonObject } from "../../schema/json.ts"
import { ownPrompt, qualifiedPrompt } from "./qualified.ts"
import { type Found, holders, onlyOf, permitted, prompts, type Shelf, shown } from "./shelf.ts"

/** What one caller sees of its servers' prompts: every name leads to one server. */
export interface PromptView {
  /** Entries of `prompts/list`. */
  readonly prompts: readonly JsonObject[]
  find(name: string): Found
}

/**
 * A prompt is shown under the name that its server gave it. Where two servers have one name, each is shown with its server
 * in front (see `qualified.ts`): which of them is meant by the name alone would depend on chance, so neither is.
 */
export function promptView(shelves: readonly Shelf[]): PromptView {
  const sole = shelves.length === 1 ? shelves[0]?.reach : undefined
  const held = holders(sole === undefined ? shelves : [], prompts)

  const find = (name: string): Found => {
    for (const { reach } of shelves) {
      const own = ownPrompt(reach.server, name)
      if (own !== undefined) return permitted(prompts, reach, own)
    }
    return sole === undefined ? onlyOf(held.get(name), name) : permitted(prompts, sole, name)
  }
  const nameOf = (server: CatalogServer, own: string) => {
    const found = find(own)
    const isKept = found.ok && found.reach.server === server && found.own === own
    return isKept ? own : qualifiedPrompt(server, own)
  }
  return { prompts: shown(shelves, prompts, nameOf), find }
}
