import type { JsonObject } from "../../schema/json.ts"
import { asCaller } from "../as-caller.ts"
import type { Backends } from "../backends.ts"
import type { Caller } from "../caller.ts"
import type { Gateway } from "../gateway.ts"
import type { Inquiry } from "../inquiry.ts"
import { type Reach, reachOf } from "../permit.ts"
import { ok, type Result } from "../refusal.ts"
import { withCaller } from "../with-caller.ts"
import { seePrompts, seeResources } from "./views.ts"

export type ContentKind = "resources" | "resourceTemplates" | "prompts"

/** What a caller is shown of its servers' resources, templates or prompts. */
export interface ContentListing {
  readonly caller: Caller
  /** The same array until something in it changes. */
  readonly entries: readonly JsonObject[]
  /** How long the servers let it be kept, in milliseconds. */
  readonly ttlMs: number
}

async function entriesOf(kind: ContentKind, reach: readonly Reach[], backends: Backends) {
  if (kind === "prompts") {
    const { view, ttlMs } = await seePrompts(reach, backends, "fresh")
    return { entries: view.prompts, ttlMs }
  }
  const { view, ttlMs } = await seeResources(reach, backends, "fresh")
  return { entries: kind === "resources" ? view.resources : view.templates, ttlMs }
}

/** `resources/list`, `resources/templates/list`, `prompts/list`: exactly what a request would reach. One audit record. */
export function listContent(
  kind: ContentKind,
  inquiry: Inquiry,
  gateway: Gateway,
): Promise<Result<ContentListing>> {
  return withCaller(
    {
      inquiry,
      async answer(caller, catalog, facts) {
        const backends = asCaller(gateway.backends, caller, inquiry.evidence)
        const reach = reachOf(catalog, caller, gateway.levels, gateway.rules(catalog))
        const { entries, ttlMs } = await entriesOf(kind, reach, backends)
        facts.note = { listed: entries.length }
        return ok({ caller, entries, ttlMs })
      },
      kind: () => "list",
    },
    gateway,
  )
}
