import type { Follower, Following, News, Topic } from "../../../call/following.ts"

/** News of one topic is told no more often than this; what happens in between is told as one. */
const apartMs = 250

/** Parts of one followed resource that are told apart within that time. */
const partsMax = 100

/** Everybody who follows one topic of one server. */
export class Followed {
  readonly topic: Topic
  /** Called when the last one has gone. */
  left: () => void
  readonly #members = new Set<Member>()
  /** Members to whom it is worth a connection. */
  eager = 0
  /** Told once it is known. */
  #answer = Promise.withResolvers<boolean>()
  #agreed: boolean | undefined
  /** The server had agreed and was then lost: whatever it said meanwhile was missed. */
  #isBehind = false
  #timer: NodeJS.Timeout | undefined
  /** What waits for its time, by what it is about. */
  readonly #pending = new Map<string, News>()

  constructor(topic: Topic, left: () => void) {
    this.topic = topic
    this.left = left
  }

  get agreed(): Promise<boolean> {
    return this.#answer.promise
  }

  join(follower: Follower, isEager: boolean): Following {
    const member = new Member(this, follower, isEager)
    this.#members.add(member)
    if (isEager) this.eager++
    return member
  }

  leave(member: Member): void {
    if (!this.#members.delete(member)) return
    if (member.isEager) this.eager--
    if (this.#members.size > 0) return
    clearTimeout(this.#timer)
    this.left()
  }

  /** What the server said to being asked. */
  answered(agreed: boolean): void {
    if (this.#agreed !== undefined && this.#agreed !== agreed)
      this.#answer = Promise.withResolvers<boolean>()
    this.#agreed = agreed
    this.#answer.resolve(agreed)
    if (!agreed || !this.#isBehind) return
    this.#isBehind = false
    this.tell(this.#anything)
  }

  /** The server cannot be heard for a while. */
  lost(): void {
    if (this.#agreed === true) this.#isBehind = true
  }

  tell(news: News): void {
    if (this.#timer === undefined) {
      this.#deliver(news)
      this.#rest()
    } else if (this.#pending.size < partsMax) this.#pending.set(keyOf(news), news)
    else this.#pending.set(keyOf(this.#anything), this.#anything)
  }

  #rest(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#pending.size === 0) return
      const pending = [...this.#pending.values()]
      this.#pending.clear()
      for (const news of pending) this.#deliver(news)
      this.#rest()
    }, apartMs).unref()
  }

  #deliver(news: News): void {
    for (const { follower } of this.#members) follower.hear(news)
  }

  /** Not what has changed, only that something may have. */
  get #anything(): News {
    const { topic } = this
    return topic.kind === "list" ? topic : { ...topic, params: { uri: topic.uri } }
  }
}

class Member implements Following {
  readonly #followed: Followed
  readonly follower: Follower
  readonly isEager: boolean

  constructor(followed: Followed, follower: Follower, isEager: boolean) {
    this.#followed = followed
    this.follower = follower
    this.isEager = isEager
  }

  get agreed(): Promise<boolean> {
    return this.#followed.agreed
  }

  end(): void {
    this.#followed.leave(this)
  }
}

export const keyOf = (topic: Topic | News): string =>
  topic.kind === "list" ? `list ${topic.of}` : `resource ${topic.uri}`
