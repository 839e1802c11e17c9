import { digest } from "../../schema/canonical.ts"
import { type JsonObject, member } from "../../schema/json.ts"
import type { Failure } from "./failure.ts"
import type { BackendLimits } from "./limits.ts"
import type { Link } from "./link.ts"
import { readList } from "./read-list.ts"

/** What a server says it offers at one moment, or why that could not be found out. */
export type Sighting =
  | { readonly kind: "tools"; readonly tools: readonly SeenTool[] }
  | { readonly kind: "failure"; readonly failure: Failure }

export interface SeenTool {
  readonly name: string
  /** As the server sent it; unknown members included. */
  readonly definition: JsonObject
  /**
   * Over all that a model can see: name, title, description, both schemas, annotations; equal in both eras. Undefined for
   * what has no canonical form, a lone surrogate say.
   */
  readonly digest: string | undefined
}

const pinned = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"]

/** Looks at a server's whole tool list. Never rejects. */
export async function lookAtTools(link: Link, limits: BackendLimits): Promise<Sighting> {
  const list = await readList(link, "tools", limits)
  return list.kind === "failure" ? list : { kind: "tools", tools: list.plain.flatMap(seen) }
}

function seen(definition: JsonObject): SeenTool[] {
  const name = member(definition, "name")
  return typeof name === "string" ? [{ name, definition, digest: digestOf(definition) }] : []
}

/** The digest that pins a tool. */
function digestOf(definition: JsonObject): string | undefined {
  const visible = pinned.flatMap((key) => {
    const value = member(definition, key)
    return value === undefined ? [] : [[key, value] as const]
  })
  try {
    return digest(Object.fromEntries(visible))
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
