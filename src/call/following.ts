import type { JsonObject } from "../schema/json.ts"

/** A list of a server that may change. */
export type ChangingList = "tools" | "resources" | "prompts"

/** What of a server somebody wants to hear of. */
export type Topic =
  | { readonly kind: "list"; readonly of: ChangingList }
  /** The server's own URI. */
  | { readonly kind: "resource"; readonly uri: string }

/** What a server says, or may have said while nobody could hear it. Storms are told as a few. */
export type News =
  | { readonly kind: "list"; readonly of: ChangingList }
  /** The params of `notifications/resources/updated`. The URI is the one followed, or that of a part of it. */
  | { readonly kind: "resource"; readonly uri: string; readonly params: JsonObject }

/** Who hears the news. */
export interface Follower {
  /** Must not throw, and must return at once: others are waiting. */
  hear(news: News): void
}

/** Whether a topic is worth a connection of its own, or is followed once something else has made one. */
export type Eagerness = "connect" | "when connected"

export interface FollowRequest {
  readonly topic: Topic
  readonly follower: Follower
  readonly eagerness: Eagerness
}

/** One follower's interest in one topic. */
export interface Following {
  /** Whether the server has agreed to tell. Never rejects; stays pending while the server cannot be reached. */
  readonly agreed: Promise<boolean>
  end(): void
}

/**
 * For what cannot be followed: a server without an address, or one that wants a caller's identity where there is none.
 */
export const unheard: Following = { agreed: Promise.resolve(false), end: () => undefined }

/** The same with something that is held while it lasts; `hold` takes it and returns how to give it back, once. */
export function followedBy(following: Following, hold: () => () => void): Following {
  let release: (() => void) | undefined = hold()
  return {
    agreed: following.agreed,
    end() {
      following.end()
      release?.()
      release = undefined
    },
  }
}
