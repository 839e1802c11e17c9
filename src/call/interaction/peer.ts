import type { JsonObject } from "../../schema/json.ts"
import type { Capabilities } from "./capabilities.ts"
import type { Asked, Question } from "./question.ts"

/** Whom a backend can ask something while it works on a request: the caller, as a backend sees it. */
export interface Peer {
  /** What the caller can be asked; a backend is told of nothing else. */
  readonly capabilities: Capabilities
  /** Never throws: what cannot be asked is a question that is over. */
  ask(asked: Asked): Question
  /** Tells the caller that a page it was given has been completed; absent where it has no way to hear of it. */
  readonly pageDone?: PageDone | undefined
}

/** Takes a `notifications/elicitation/complete` of the legacy era. */
export type PageDone = (notification: JsonObject) => void

/** What a caller brings along when it comes back; both undefined when it has not been asked before. */
export interface Rounds {
  readonly responses: JsonObject | undefined
  /** The backend's own, byte for byte. */
  readonly state: string | undefined
}

/** The caller, as its protocol face sees it. */
export type Respondent = MuteRespondent | LiveRespondent | RoundsRespondent

/** A legacy session whose client can be asked nothing. */
export interface MuteRespondent {
  readonly kind: "mute"
  readonly session: string
}

/** A client that answers while its request is open. */
export interface LiveRespondent {
  readonly kind: "live"
  readonly session: string | undefined
  readonly capabilities: Capabilities
  /** Of a composition, whose calls ask the caller of the whole. */
  readonly step?: string | undefined
  /** Shows the question to the client and settles it with what comes back. */
  put(question: Question): void
  /** See {@link Peer}. It may come long after the request. */
  readonly pageDone?: PageDone | undefined
}

/** A client that is asked by the result of its request, and comes back with the answers (MRTR of 2026-07-28). */
export interface RoundsRespondent {
  readonly kind: "rounds"
  readonly capabilities: Capabilities | undefined
  readonly responses: JsonObject | undefined
  /** As the client sent it. */
  readonly state: string | undefined
}
