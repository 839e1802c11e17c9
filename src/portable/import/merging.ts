import type { JsonObject } from "../../registry/model.ts"
import type { Approval, Lock, ServerWords } from "../../registry/pins/lock.ts"
import type { PinOptions } from "../../registry/pins/pin-tool.ts"
import type { GivenAgent } from "./agent.ts"

/** A server that was asked what it is and what it has. */
export interface FoundServer {
  readonly name: string
  /** As it says itself; undefined where that is no exact version. */
  readonly version: string | undefined
  /** The version under which the configuration has it. */
  readonly configured: string | undefined
  readonly description: string | undefined
  readonly words: ServerWords
  /** Its tools as it defines them; each name once. */
  readonly tools: readonly JsonObject[]
}

export interface Merging {
  /** The registry as it is written. */
  readonly document: JsonObject
  readonly lock: Lock
  readonly found: readonly FoundServer[]
  readonly agent: GivenAgent
  /** What no server lists any more goes, with its tools and their places in `depends`. */
  readonly prune: boolean
  /** Changes of what was there have been seen and are wanted: see `needsConsent`. */
  readonly isAccepted: boolean
  /** Who accepts them, and why: it stands in the lock. */
  readonly approval: Approval
  readonly pinning: PinOptions
  /** Tools that the registry refuses, by server and their names there: they are left as they were. */
  readonly refused: ReadonlyMap<string, ReadonlySet<string>>
}
