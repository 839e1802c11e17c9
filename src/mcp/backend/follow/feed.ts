import type { ListKind } from "../../../call/backends.ts"
import type {
  ChangingList,
  Eagerness,
  Follower,
  Following,
  Topic,
} from "../../../call/following.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import type { Era } from "../../revisions.ts"
import type { BackendLimits } from "../limits.ts"
import type { Link } from "../link.ts"
import type { Ear, EarReport } from "./ear.ts"
import { Followed, keyOf } from "./followed.ts"
import { LegacyEar } from "./legacy-ear.ts"
import { ModernEar } from "./modern-ear.ts"

/** What hears of the server, beside those who follow it. */
export interface FeedHost {
  /** Makes a connection unless there is one, or will be. */
  connect(): void
  /** What a server says on a way that was opened for followers; it comes back through `hear`. */
  noticed(notification: JsonObject): void
  missed(): void
}

/**
 * What of one server is followed, and by whom. The server is asked for it only while somebody is there, once however many
 * they are, and again after each time that it was lost: then everybody hears that something may have changed.
 */
export class Feed implements EarReport {
  readonly #limits: BackendLimits
  readonly #link: Link
  readonly #host: FeedHost
  readonly #followed = new Map<string, Followed>()
  #ear: Ear | undefined
  /** Lists that the server says have changed, and that nobody has read since. */
  readonly #announced = new Set<ChangingList>()
  #isChanging = false

  constructor(limits: BackendLimits, link: Link, host: FeedHost) {
    this.#limits = limits
    this.#link = link
    this.#host = host
  }

  follow(topic: Topic, follower: Follower, eagerness: Eagerness): Following {
    const followed = this.#followed.get(keyOf(topic)) ?? this.#begin(topic)
    const isEager = eagerness === "connect"
    if (isEager) this.#host.connect()
    return followed.join(follower, isEager)
  }

  #begin(topic: Topic): Followed {
    const followed: Followed = new Followed(topic, () => this.#end(followed))
    this.#followed.set(keyOf(topic), followed)
    this.#change()
    return followed
  }

  /** Takes over all who follow the same server at its former address. */
  adopt(other: Feed): void {
    for (const [key, followed] of other.#followed) {
      followed.left = () => this.#end(followed)
      followed.lost()
      this.#followed.set(key, followed)
      if (followed.eager > 0) this.#host.connect()
    }
    other.#followed.clear()
    this.#change()
  }

  #end({ topic }: Followed): void {
    this.#followed.delete(keyOf(topic))
    this.#change()
  }

  /** Many come and go at the same moment: the server is only asked for the outcome. */
  #change(): void {
    if (this.#isChanging) return
    this.#isChanging = true
    setImmediate(() => {
      this.#isChanging = false
      this.#ear?.want(this.#topics())
    })
  }

  #topics = (): Topic[] => [...this.#followed.values()].map(({ topic }) => topic)

  get size(): number {
    return this.#followed.size
  }

  /** Somebody waits for the server to come back. */
  get isMissed(): boolean {
    if (this.#ear !== undefined) return this.#followed.size > 0
    return [...this.#followed.values()].some(({ eager }) => eager > 0)
  }

  /** A connection was made, or a new session replaced another: the server does not know yet what is wanted. */
  connected(era: Era, capabilities: JsonObject | undefined): void {
    this.lost()
    this.#ear =
      era === "modern"
        ? new ModernEar(this.#link, this.#limits, this, (notification) =>
            this.#host.noticed(notification),
          )
        : new LegacyEar(this.#link, capabilities, this.#limits.connectMs, this)
    this.#ear.want(this.#topics())
  }

  lost(): void {
    this.#ear?.stop()
    this.missed()
  }

  missed(): void {
    this.#host.missed()
    for (const followed of this.#followed.values()) followed.lost()
  }

  answered(topic: Topic, agreed: boolean): void {
    this.#followed.get(keyOf(topic))?.answered(agreed)
  }

  opened(how: "first" | "resumed" | "again"): void {
    this.#ear?.opened?.(how)
  }

  refused(): void {
    this.#ear?.refused?.()
  }

  /** A notification of the server that belongs to no request. */
  hear({ method, params }: JsonObject): void {
    const of = listOf.get(String(method))
    if (of !== undefined) {
      this.#announced.add(of)
      this.#followed.get(keyOf({ kind: "list", of }))?.tell({ kind: "list", of })
    } else if (method === "notifications/resources/updated" && isObject(params))
      this.#updated(params)
  }

  #updated(params: JsonObject): void {
    const { uri } = params
    if (typeof uri !== "string" || uri.length > updatedMax) return
    const isLong = JSON.stringify(params).length > updatedMax
    const news = { kind: "resource", uri, params: isLong ? { uri } : params } as const
    const exactly = this.#followed.get(keyOf(news))
    if (exactly !== undefined) exactly.tell(news)
    else
      for (const followed of this.#followed.values())
        if (isPartOf(uri, followed.topic)) followed.tell(news)
  }

  /** A list was read and differs from the known one: that is news, unless the server has announced it itself. */
  foundOut(list: ListKind): void {
    const of = list === "resourceTemplates" ? "resources" : list
    if (!this.#announced.delete(of))
      this.#followed.get(keyOf({ kind: "list", of }))?.tell({ kind: "list", of })
  }

  stop(): void {
    this.#ear?.stop()
    this.#ear = undefined
  }
}

/**
 * Characters that a server may say about a changed resource. It goes to all who follow the resource and is kept for
 * those who are away; where it is longer, they hear only that it changed.
 */
const updatedMax = 64 * 1024

const listOf: ReadonlyMap<string, ChangingList> = new Map([
  ["notifications/tools/list_changed", "tools"],
  ["notifications/resources/list_changed", "resources"],
  ["notifications/prompts/list_changed", "prompts"],
])

/** A server may tell of a part of what was subscribed to (MCP, ResourceUpdatedNotification): a file of a folder, say. */
const isPartOf = (uri: string, topic: Topic): boolean => {
  if (topic.kind !== "resource" || !uri.startsWith(topic.uri)) return false
  return topic.uri.endsWith("/") || /^[/?#]/.test(uri.slice(topic.uri.length))
}
