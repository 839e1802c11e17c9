import type { Evidence } from "../../call/caller.ts"
import {
  followResource,
  type Subscriber,
  type Subscription,
  subscribe,
} from "../../call/content/subscribe.ts"
import type { Following } from "../../call/following.ts"
import type { Gateway } from "../../call/gateway.ts"
import type { Inquiry } from "../../call/inquiry.ts"
import { withoutOurNotice } from "../../call/meta.ts"
import type { Result } from "../../call/refusal.ts"
import type { Catalog } from "../../registry/catalog.ts"
import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import { metaKeys } from "../meta-keys.ts"

/** The resources that one session, or one listen stream, is subscribed to, by the client's names for them. */
export class Subscriptions {
  readonly #gateway: Gateway
  readonly #updated: (uri: string, params: JsonObject) => void
  readonly #following = new Map<string, Following>()
  /** By which catalog all of them were permitted, and as whom. */
  #catalog: Catalog | undefined
  #evidence: Evidence | undefined
  /** Those that are not decided yet: they count, or many at once would be more than there may be. */
  #undecided = 0
  #looking: Promise<void> | undefined
  #isOver = false

  constructor(gateway: Gateway, updated: (uri: string, params: JsonObject) => void) {
    this.#gateway = gateway
    this.#updated = updated
  }

  get size(): number {
    return this.#following.size + this.#undecided
  }

  has(uri: string): boolean {
    return this.#following.has(uri)
  }

  async add(uri: string, inquiry: Inquiry): Promise<Result<Following>> {
    this.#catalog ??= this.#gateway.catalog()
    this.#evidence = inquiry.evidence
    const more = this.has(uri) ? 0 : 1
    this.#undecided += more
    try {
      const subscribed = await subscribe(this.#to(uri), inquiry, this.#gateway)
      if (subscribed.ok) this.#keep(uri, subscribed.value)
      return subscribed
    } finally {
      this.#undecided -= more
    }
  }

  #to(uri: string): Subscription {
    return {
      uri,
      updated: (part, params) => {
        if (this.#isOver) return
        if (this.#gateway.catalog() === this.#catalog) this.#updated(part, params)
        else void this.#tellIfStill(uri, part, params)
      },
    }
  }

  /** The catalog is another, and nobody has looked yet what of it this caller may still read: once for all that is told. */
  async #tellIfStill(uri: string, part: string, params: JsonObject): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    await this.#looking
    if (this.has(uri) && !this.#isOver) this.#updated(part, params)
  }

  async #look(): Promise<void> {
    const catalog = this.#gateway.catalog()
    const evidence = this.#evidence
    if (evidence === undefined) return
    const caller = await this.#gateway.identify(evidence, catalog)
    if (caller.ok) await this.refresh({ caller: caller.value, catalog, evidence })
    else for (const one of [...this.#following.keys()]) this.remove(one)
  }

  #keep(uri: string, following: Following): void {
    this.#following.get(uri)?.end()
    if (this.#isOver) following.end()
    else this.#following.set(uri, following)
  }

  remove(uri: string): void {
    this.#following.get(uri)?.end()
    this.#following.delete(uri)
  }

  /** After a reload: what this caller may no longer read is given up, and the rest is where it leads now. */
  async refresh(subscriber: Subscriber): Promise<void> {
    for (const uri of [...this.#following.keys()]) {
      const again = await followResource(this.#to(uri), subscriber, this.#gateway)
      if (!again.ok) this.remove(uri)
      else if (this.has(uri)) this.#keep(uri, again.value)
      else again.value.end() // unsubscribed meanwhile
    }
    this.#catalog = subscriber.catalog
  }

  end(): void {
    this.#isOver = true
    for (const following of this.#following.values()) following.end()
    this.#following.clear()
  }
}

/** How long an answer waits for servers to agree; after that they may still do. */
const agreementMs = 300

/** False where a server has said no; true where it agreed, or says nothing for a while. */
export async function isAgreed(agreed: Promise<boolean>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const late = setTimeout(() => resolve(true), agreementMs)
  const answer = await Promise.race([agreed, promise])
  clearTimeout(late)
  return answer
}

/**
 * `notifications/resources/updated` under the client's name of the resource. What a backend of the modern era says of its
 * own subscription is not for this client; `mark` is what this one's stream says of its own.
 */
export function updatedText(uri: string, params: JsonObject, mark: JsonObject = {}): string {
  const { _meta: meta, ...rest } = params
  const kept: Record<string, Json> = isObject(meta) ? { ...meta, ...mark } : { ...mark }
  if (!Object.hasOwn(mark, metaKeys.subscriptionId)) delete kept[metaKeys.subscriptionId]
  const told = Object.keys(kept).length > 0 ? { ...rest, uri, _meta: kept } : { ...rest, uri }
  const method = "notifications/resources/updated"
  return JSON.stringify(withoutOurNotice({ jsonrpc: "2.0", method, params: told }))
}
