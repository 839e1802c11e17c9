import { type JsonObject, member } from "../../schema/json.ts"
import type { Failure } from "./failure.ts"
import type { BackendLimits } from "./limits.ts"
import type { Link } from "./link.ts"
import { type ReadItems, readList } from "./read-list.ts"

/** What a server says it offers at one moment, or why that could not be found out. */
export type Sighting =
  | {
      readonly kind: "tools"
      readonly tools: readonly SeenTool[]
      /** What it said of itself when it was connected: its answer to `initialize` or `server/discover`. */
      readonly greeting?: JsonObject | undefined
      /** It was asked with one caller's identity: another may be shown more. */
      readonly isOfCaller?: true
    }
  | { readonly kind: "failure"; readonly failure: Failure }

export interface SeenTool {
  readonly name: string
  /** As the server sent it; unknown members included. */
  readonly definition: JsonObject
}

/** Looks at a server's whole tool list. Never rejects. */
export async function lookAtTools(link: Link, limits: BackendLimits): Promise<Sighting> {
  const list = await readList(link, "tools", limits)
  return list.kind === "failure" ? list : sightingOf(list)
}

/** What a list that was read shows of a server. */
export const sightingOf = ({
  plain,
}: Pick<ReadItems, "plain">): Sighting & { readonly kind: "tools" } => ({
  kind: "tools",
  tools: plain.flatMap(seen),
})

function seen(definition: JsonObject): SeenTool[] {
  const name = member(definition, "name")
  return typeof name === "string" ? [{ name, definition }] : []
}
