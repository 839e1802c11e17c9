import {
  type Eagerness,
  type Follower,
  type Following,
  followedBy,
  type Topic,
} from "../../call/following.ts"
import type { Backend } from "./backend.ts"

/** One of several backends that one server has, each for some of its callers. `User` is what is known of who uses it. */
export class Member<User = undefined> {
  readonly backend: Backend
  usedMs = 0
  /** For whom something is under way. */
  readonly #uses = new Set<{ readonly user: User }>()

  /** The backend may ask for the user of the newest use. */
  constructor(open: (newest: () => User | undefined) => Backend) {
    this.backend = open(() => [...this.#uses].at(-1)?.user)
  }

  get isInUse(): boolean {
    return this.#uses.size > 0
  }

  isUsedBy(user: User): boolean {
    for (const use of this.#uses) if (use.user === user) return true
    return false
  }

  async during<T>(user: User, work: () => Promise<T>): Promise<T> {
    const release = this.#use(user)
    try {
      return await work()
    } finally {
      release()
    }
  }

  /** It is in use for as long as somebody follows. */
  follow(user: User, topic: Topic, follower: Follower, eagerness: Eagerness): Following {
    return followedBy(this.backend.follow(topic, follower, eagerness), () => this.#use(user))
  }

  #use(user: User): () => void {
    const use = { user } // another one each time, though the user may be the same
    this.#uses.add(use)
    return () => this.#uses.delete(use)
  }
}
