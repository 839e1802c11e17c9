import type { JsonObject } from "../../schema/json.ts"

/**
 * Which of a legacy server's sessions a request travels in. Sessions are kept apart by what the server was told that the
 * client can do, and by whose requests they are: what a server keeps in one, or asks in one, must not reach another.
 */
export interface Lane {
  readonly key: string
  /** What `initialize` declares. */
  readonly capabilities: JsonObject
}

/** For those who can be asked nothing, and for the gateway itself. */
export const plainLane: Lane = { key: "", capabilities: {} }
