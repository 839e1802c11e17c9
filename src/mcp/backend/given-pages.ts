import type { BackendRequest, RpcError } from "../../call/backends.ts"
import type { PageDone } from "../../call/interaction/peer.ts"
import { pagesOf } from "../../call/interaction/round-result.ts"
import { isObject, type JsonObject } from "../../schema/json.ts"

/** How many pages are remembered; the oldest are forgotten first. */
const pagesMax = 1_000

interface Given {
  readonly session: string | undefined
  /** Undefined where nobody can be told. */
  readonly done: PageDone | undefined
}

/**
 * Which caller a legacy server gave which page to visit (MCP 2025-11-25, URL mode elicitation). That somebody has
 * completed it is said later, in a notification that tells whose it was only by its `elicitationId`.
 */
export class GivenPages {
  readonly #given = new Map<string, Given>()

  /** The server asks for it while it works on the request. */
  asked({ method, params }: JsonObject, request: BackendRequest): void {
    if (method === "elicitation/create" && isObject(params)) this.#give(params, request)
  }

  /** The server wants it visited before the request is made once more. */
  refused(error: RpcError, request: BackendRequest): void {
    if (error.code === -32042) for (const page of pagesOf(error)) this.#give(page, request)
  }

  /** An id that two sessions were given is nobody's. */
  #give({ elicitationId: id }: JsonObject, { peer, session }: BackendRequest): void {
    if (typeof id !== "string" || peer === undefined) return
    const before = this.#given.get(id)
    const isShared = before !== undefined && before.session !== session
    this.#given.delete(id)
    this.#given.set(id, isShared ? nobodys : { session, done: peer.pageDone })
    const [oldest] = this.#given.keys()
    if (this.#given.size > pagesMax && oldest !== undefined) this.#given.delete(oldest)
  }

  /** Tells the caller who was given the page, once, if the notification is of one. */
  heard(notification: JsonObject): void {
    const { method, params } = notification
    if (method !== "notifications/elicitation/complete" || !isObject(params)) return
    const { elicitationId: id } = params
    if (typeof id !== "string") return
    const given = this.#given.get(id)
    this.#given.delete(id)
    given?.done?.(notification)
  }
}

const nobodys: Given = { session: undefined, done: undefined }
