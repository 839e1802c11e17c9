import type { JsonObject } from "../../schema/json.ts"
import type { Era } from "../revisions.ts"
import type { Failure } from "./failure.ts"
import type { Outgoing } from "./outgoing.ts"
import type { Sighting } from "./sighting.ts"

/** The way to one server: how bytes get there and back. Whether and when to use it is decided in backend.ts. */
export interface Link {
  readonly transport: "http" | "sse" | "stdio"
  /** Makes calls possible: starts the process, finds out the era, shakes hands. Never rejects. */
  open(): Promise<Opening>
  /** Only between a good `open` and the next `onDown`. The request's `settle` is called in every case. */
  send(outgoing: Outgoing): void
  /**
   * Whether a legacy server should be given a way to say what belongs to no request. Absent where there always is one:
   * a pipe. How that turns out is told by `opened` and `refused`.
   */
  listen?: ((isWanted: boolean) => void) | undefined
  /** See `Backends`. Absent where no server is ever told that a client has roots. */
  rootsChanged?: ((session: string) => void) | undefined
  /** Ends connections and processes. Requests still open fail. */
  close(): Promise<void>
  readonly pid: number | undefined
  /** Messages that fitted nothing we asked, and output that is no message. */
  readonly strays: number
}

export type Opening = Opened | { readonly ok: false; readonly failure: Failure }

export interface Opened {
  readonly ok: true
  readonly era: Era
  /** The capabilities that the server declared; undefined where it was not asked. */
  readonly capabilities: JsonObject | undefined
  /** All that it answered to `initialize` or `server/discover`; undefined where it was not asked. */
  readonly greeting: JsonObject | undefined
  /** Its tools, where they were looked at before anything else was asked (see `GuardedLink`). */
  readonly sighting?: Sighting
}

/** What a link tells its backend. */
export interface LinkEvents {
  /** The link broke after it was open; every request on it has failed or will. */
  down(failure: Failure): void
  /** The link began again without being down: the server may be another, and its session is. */
  renewed(opening: Opened): void
  /** The way asked for with `listen` is there: `again` if something may have been said meanwhile that is lost. */
  opened(how: "first" | "resumed" | "again"): void
  /** There is no such way. */
  refused(): void
  /** A notification of the server that belongs to no request: its lists changed, or a resource. */
  noticed(notification: JsonObject): void
  log(level: LogLevel, event: string, fields: LogFields): void
}

export type LogLevel = "debug" | "info" | "warn" | "error"
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>
