import type { ListKind } from "../../call/backends.ts"
import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import { type Failure, protocolFailure } from "./failure.ts"
import type { BackendLimits } from "./limits.ts"
import type { Link } from "./link.ts"
import { Inquiry, type Outcome } from "./outgoing.ts"

/** How a kind of list is asked for, and the member of the result that holds it. */
const lists: Readonly<Record<ListKind, { readonly method: string; readonly key: string }>> = {
  tools: { method: "tools/list", key: "tools" },
  resources: { method: "resources/list", key: "resources" },
  resourceTemplates: { method: "resources/templates/list", key: "resourceTemplates" },
  prompts: { method: "prompts/list", key: "prompts" },
}

/** One server's whole list, or why it could not be read. */
export type ReadList = ReadItems | { readonly kind: "failure"; readonly failure: Failure }

export interface ReadItems {
  readonly kind: "items"
  /** As they were sent, to print; `plain` are the same to look at (see `BackendReply`). */
  readonly items: readonly JsonObject[]
  readonly plain: readonly JsonObject[]
  /** The shortest that any page allows; undefined where none says. */
  readonly ttlMs: number | undefined
}

type Page = Outcome & { readonly kind: "result" }

/** Reads a list page by page, within limits. Never rejects. A server that does not know the method lists nothing. */
export async function readList(
  link: Link,
  kind: ListKind,
  limits: BackendLimits,
): Promise<ReadList> {
  const { method, key } = lists[kind]
  const pages = new Pages(limits)
  let params: JsonObject = {}
  for (let page = 0; page < limits.listedPagesMax; page++) {
    const outcome = await readPage(link, method, params, limits.connectMs)
    if (outcome.kind === "failure") return outcome
    if (outcome.kind === "error") {
      const { code } = outcome.error
      return code === -32601 ? pages : unusable(`${method} was refused: ${code}`)
    }
    const wrong = pages.add(outcome, key)
    if (wrong !== undefined) return unusable(`${method} ${wrong}`)
    const { nextCursor } = outcome.plain ?? outcome.result
    if (typeof nextCursor !== "string") return pages
    params = { cursor: nextCursor }
  }
  return unusable(`${method} has more than ${limits.listedPagesMax} pages`)
}

/** What has been read so far. */
class Pages {
  readonly kind = "items"
  readonly items: JsonObject[] = []
  readonly plain: JsonObject[] = []
  ttlMs: number | undefined
  readonly #limits: BackendLimits
  readonly #cursors = new Set<unknown>()
  #chars = 0

  constructor(limits: BackendLimits) {
    this.#limits = limits
  }

  /** What is wrong with the page, if anything. */
  add({ result, plain = result }: Page, key: string): string | undefined {
    const printed = result[key]
    const looked = plain[key]
    if (!isList(printed) || !isList(looked)) return "was answered without a list"
    const { listedMax, listedBytesMax } = this.#limits
    if (this.items.length + printed.length > listedMax)
      return `lists more than ${listedMax} entries`
    for (const item of printed) if (isObject(item)) this.items.push(item)
    for (const item of looked) if (isObject(item)) this.plain.push(item)
    this.ttlMs = shorter(this.ttlMs, plain["ttlMs"])
    this.#chars += JSON.stringify(printed).length
    if (this.#chars > listedBytesMax) return `lists more than ${listedBytesMax} bytes`
    const { nextCursor } = plain
    if (this.#cursors.has(nextCursor)) return "goes in circles: a cursor comes back"
    this.#cursors.add(nextCursor)
    return
  }
}

async function readPage(
  link: Link,
  method: string,
  params: JsonObject,
  waitMs: number,
): Promise<Outcome> {
  const inquiry = new Inquiry(method, params)
  link.send(inquiry)
  const late = setTimeout(() => inquiry.withdraw(slow(method)), waitMs)
  const outcome = await inquiry.outcome
  clearTimeout(late)
  return outcome
}

function shorter(known: number | undefined, said: Json | undefined): number | undefined {
  if (typeof said !== "number" || !(said >= 0)) return known
  return known === undefined ? said : Math.min(known, said)
}

const unusable = (reason: string): ReadList => ({
  kind: "failure",
  failure: protocolFailure(reason),
})

const slow = (method: string): Failure => ({
  code: "backend_timeout",
  kind: "timeout",
  reason: `${method} was not answered in time`,
})
