import { digest } from "../../schema/canonical.ts"
import { isObject, type JsonObject, member } from "../../schema/json.ts"
import type { Failure } from "./failure.ts"
import type { BackendLimits } from "./limits.ts"
import type { Link } from "./link.ts"
import { Inquiry, type Outcome } from "./outgoing.ts"

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

/** Reads a server's whole tool list, page by page. Never rejects. */
export async function listTools(link: Link, limits: BackendLimits): Promise<Sighting> {
  const tools: SeenTool[] = []
  let params: JsonObject = {}
  for (let page = 0; page < limits.listedPagesMax; page++) {
    const outcome = await readPage(link, params, limits.connectMs)
    if (outcome.kind === "failure") return outcome
    if (outcome.kind === "error") return unusable(`tools/list was refused: ${outcome.error.code}`)
    const { tools: found, nextCursor } = outcome.plain ?? outcome.result
    if (!Array.isArray(found)) return unusable("tools/list was answered without a list")
    tools.push(...found.filter(isObject).flatMap(seen))
    if (tools.length > limits.listedToolsMax)
      return unusable(`the list has more than ${limits.listedToolsMax} tools`)
    if (typeof nextCursor !== "string") return { kind: "tools", tools }
    params = { cursor: nextCursor }
  }
  return unusable(`the list has more than ${limits.listedPagesMax} pages`)
}

async function readPage(link: Link, params: JsonObject, waitMs: number): Promise<Outcome> {
  const inquiry = new Inquiry("tools/list", params)
  link.send(inquiry)
  const late = setTimeout(() => inquiry.withdraw(slow), waitMs)
  const outcome = await inquiry.outcome
  clearTimeout(late)
  return outcome
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

const unusable = (reason: string) =>
  ({ kind: "failure", failure: { code: "backend_error", kind: "protocol", reason } }) as const

const slow: Failure = {
  code: "backend_timeout",
  kind: "timeout",
  reason: "tools/list was not answered in time",
}
