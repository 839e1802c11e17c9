import type { Peer } from "../../call/caller.ts"
import type { Gateway } from "../../call/gateway.ts"
import type { TracedMessage } from "../../call/trace/message.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { ContentPages } from "./content/list-content.ts"
import type { Accepts } from "./door.ts"
import type { Exchange } from "./exchange.ts"
import type { FaceOptions } from "./face.ts"
import type { Passports } from "./forward/passport.ts"
import type { RequestHeaders } from "./headers.ts"
import type { FaceLimits } from "./limits.ts"
import type { Overload } from "./load/overload.ts"
import type { Pulse } from "./pulse.ts"
import type { Speaker } from "./refusal-words.ts"
import type { Replays } from "./resume/replays.ts"
import type { Seal } from "./seal.ts"
import type { Sessions } from "./sessions.ts"
import type { Message } from "./shape.ts"
import type { Streams, ViewOf } from "./streams.ts"
import type { createToolLists } from "./tool-list.ts"

/** What the methods of a face share: made once, with the face. */
export interface FaceContext {
  readonly gateway: Gateway
  readonly limits: FaceLimits
  readonly sessions: Sessions
  readonly replays: Replays
  readonly streams: Streams
  readonly viewOf: ViewOf
  readonly pulse: Pulse
  readonly overload: Overload
  readonly toolLists: ReturnType<typeof createToolLists>
  readonly contentPages: ContentPages
  readonly cursors: Seal
  readonly passports: Passports
  readonly speaker: Speaker
  readonly serverInfo: JsonObject
  /** The `_meta` of a modern result that says who answers, as JSON text: `"_meta":{…}`. */
  readonly ownMeta: string
  readonly instructions: string | undefined
  readonly certificateOf: FaceOptions["certificateOf"]
  readonly replicaHost: FaceOptions["replicaHost"]
  readonly log: (event: FaceEvent) => void
}

/** Something an operator may want to read; never arguments, tokens or results. */
export interface FaceEvent {
  readonly event: string
  readonly [field: string]: string | number | undefined
}

/** A request as it came over HTTP, before anybody knows whose it is. */
export interface Posted extends Peer {
  readonly headers: RequestHeaders
  readonly accepts: Accepts
  readonly exchange: Exchange
}

export type Request = Extract<Message, { kind: "request" }>
export type Notification = Extract<Message, { kind: "notification" }>
export type Response = Extract<Message, { kind: "response" }>

/** A request with its parameters twice: to look at, and with every digit of its numbers to send on. */
export interface PostedRequest extends Posted {
  readonly message: Request
  readonly exactParams: JsonObject | undefined
  readonly spoken: Spoken
}

/** Which revision of MCP, and in which session of the legacy era, as far as that is known. */
export type Spoken = Pick<TracedMessage, "revision" | "session">
