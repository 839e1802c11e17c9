import { asCaller } from "../../call/as-caller.ts"
import type { Caller, Evidence } from "../../call/caller.ts"
import { interestsOf } from "../../call/content/interests.ts"
import type { ChangingList, Eagerness, Follower, Following, News } from "../../call/following.ts"
import type { Gateway } from "../../call/gateway.ts"
import type { Catalog } from "../../registry/catalog.ts"
import { refKey } from "../../registry/model.ts"

/** Who watches, and how it is told. */
export interface WatchPlan {
  readonly evidence: Evidence
  /** Which lists it was asked for. */
  readonly lists: readonly ChangingList[]
  readonly eagerness: Eagerness
  /** A list of this caller may be another. */
  changed(of: ChangingList): void
}

/** The lists of one caller, as far as they are made of what servers list: whoever watches hears when they may have changed. */
export class Watch implements Follower {
  readonly #gateway: Gateway
  readonly #plan: WatchPlan
  /** By list and server. */
  readonly #following = new Map<string, Following>()
  #isOver = false

  constructor(gateway: Gateway, plan: WatchPlan) {
    this.#gateway = gateway
    this.#plan = plan
  }

  hear(news: News): void {
    if (!this.#isOver && news.kind === "list") this.#plan.changed(news.of)
  }

  /** Follows what this caller's lists are made of now. Returns the lists that are made of anything. */
  begin(caller: Caller, catalog: Catalog): ReadonlySet<ChangingList> {
    return this.#look(caller, catalog).made
  }

  /** The same after a reload: lists that are now made of other servers' are told. */
  refresh(caller: Caller, catalog: Catalog): void {
    for (const of of this.#look(caller, catalog).moved) this.#plan.changed(of)
  }

  #look(caller: Caller, catalog: Catalog) {
    const made = new Set<ChangingList>()
    const moved = new Set<ChangingList>()
    const wanted = new Set<string>()
    const interests = interestsOf(catalog, caller, this.#gateway)
    const backends = asCaller(this.#gateway.backends, caller, this.#plan.evidence)
    for (const of of this.#plan.lists) {
      for (const server of interests[of]) {
        const key = `${of} ${refKey(server.name, server.version)}`
        made.add(of)
        wanted.add(key)
        if (this.#following.has(key) || this.#isOver) continue
        moved.add(of)
        const { eagerness } = this.#plan
        const topic = { kind: "list", of } as const
        this.#following.set(key, backends.follow(server, { topic, follower: this, eagerness }))
      }
    }
    for (const [key, following] of this.#following) {
      if (wanted.has(key)) continue
      following.end()
      this.#following.delete(key)
      const of = this.#plan.lists.find((list) => key.startsWith(`${list} `))
      if (of !== undefined) moved.add(of)
    }
    return { made, moved }
  }

  /** Resolves when all servers have said whether they will tell. */
  async answered(): Promise<boolean> {
    await Promise.all([...this.#following.values()].map(({ agreed }) => agreed))
    return true
  }

  end(): void {
    this.#isOver = true
    for (const following of this.#following.values()) following.end()
    this.#following.clear()
  }
}
