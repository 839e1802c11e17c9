import type { Topic } from "../../../call/following.ts"

/** How one era asks a server for notifications. One for each connection. */
export interface Ear {
  /** All that is wanted from now on. */
  want(topics: readonly Topic[]): void
  /** The stream that belongs to no request, where there is one, is open; `again` when it had been open before. */
  opened?(again: "first" | "resumed" | "again"): void
  /** The server has no such way. */
  refused?(): void
  stop(): void
}

/** What an ear finds out. */
export interface EarReport {
  answered(topic: Topic, agreed: boolean): void
  /** The server said something, or may have, that did not get here. */
  missed(): void
}
