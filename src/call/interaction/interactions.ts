import type { CatalogServer } from "../../registry/catalog.ts"
import { written } from "../../registry/model.ts"
import type { Json, JsonObject } from "../../schema/json.ts"
import { refOf } from "../audit.ts"
import type { BackendReply, BackendRequest, Backends } from "../backends.ts"
import type { Caller } from "../caller.ts"
import type { Facts } from "../facts.ts"
import type { Refusal } from "../refusal.ts"
import { covers } from "./capabilities.ts"
import { Conversation } from "./conversation.ts"
import type { Waiting } from "./hold.ts"
import { Holds } from "./holds.ts"
import type { InteractionLimits } from "./limits.ts"
import type { Respondent, Rounds, RoundsRespondent } from "./peer.ts"
import { type Binding, type RequestState, RequestStates, type Sealer } from "./request-state.ts"
import { asRound, isAsking, isUrlRequired, methodsIn, passedOn } from "./round-result.ts"

/** One request of a caller, as far as questions and answers concern it. */
export interface Talk {
  readonly caller: Caller
  readonly respondent: Respondent
  /** All that the caller must repeat when it comes back with answers. */
  readonly about: Json
  readonly facts: Facts
}

export interface InteractionPorts {
  readonly sealer: Sealer
  /** Milliseconds since the epoch. */
  now(): number
  /** 128 random bits as 32 hex digits. */
  id(): string
}

/** The same for a caller that comes back with answers. */
interface RoundsTalk extends Talk {
  readonly respondent: RoundsRespondent
  /** The name and version of who may ask. */
  readonly server: string
  readonly method: string
  /** What the words of a refusal name. */
  readonly subject: string
}

/** What a request is sent with in one round of several. */
type Turn = Pick<BackendRequest, "peer" | "rounds" | "cancellation" | "onNotification">

/** What backends ask of callers and callers answer, whatever era either of them speaks. */
export class Interactions {
  readonly #limits: InteractionLimits
  readonly #states: RequestStates
  readonly #holds: Holds

  constructor(limits: InteractionLimits, ports: InteractionPorts) {
    this.#limits = limits
    this.#states = new RequestStates(ports.sealer, ports.now)
    this.#holds = new Holds(limits, this.#states, ports.id)
  }

  /** Requests whose callers are expected back. */
  get held(): number {
    return this.#holds.count
  }

  /** Sends a request on, so that its backend can ask the caller. Never rejects, as the port to backends never does. */
  async request(
    backends: Backends,
    server: CatalogServer,
    request: BackendRequest,
    talk: Talk,
  ): Promise<BackendReply> {
    const { caller, facts, respondent } = talk
    const { method, subject } = request
    const asker = written(refOf(server))
    if (respondent.kind === "rounds") {
      const send = (turn: Turn) => backends.request(server, { ...request, ...turn, caller })
      return this.#inRounds({ ...talk, respondent, server: asker, method, subject }, request, send)
    }
    const { session } = respondent
    if (respondent.kind === "mute") return backends.request(server, { ...request, caller, session })
    const peer = new Conversation(respondent.capabilities, asker, this.#limits, (question) =>
      respondent.put(question),
    )
    const reply = await backends.request(server, { ...request, caller, session, peer })
    noteAsked(facts, peer.methods)
    return reply
  }

  /** Whether a `requestState` was made for this request, over or not. */
  isOf(state: string, binding: Binding): boolean {
    return this.#states.isOf(state, binding)
  }

  async #inRounds(
    talk: RoundsTalk,
    waiting: Waiting,
    send: (turn: Turn) => Promise<BackendReply>,
  ): Promise<BackendReply> {
    const { facts, respondent } = talk
    const { responses, state } = respondent
    if (responses !== undefined)
      facts.note = { ...facts.note, answered: Object.keys(responses).length }
    const opened = state === undefined ? undefined : this.#states.open(state, bindingOf(talk))
    if (typeof opened === "string") return unusable(talk, staleWords, opened)
    const reply =
      opened?.kind === "held"
        ? await this.#resume(talk, waiting, opened)
        : await this.#begin(talk, roundsOf(respondent, opened), waiting, async (turn) =>
            this.#outward(await send(turn), talk),
          )
    if (isAsking(reply)) noteAsked(facts, methodsIn(reply))
    return reply
  }

  /** What is under way goes on with the answers that came. */
  #resume(
    talk: RoundsTalk,
    waiting: Waiting,
    state: Extract<RequestState, { kind: "held" }>,
  ): BackendReply | Promise<BackendReply> {
    const hold = this.#holds.find(state)
    if (typeof hold === "string") return unusable(talk, staleWords, hold)
    const reply = hold.resume(waiting, talk.respondent.responses ?? {})
    return typeof reply === "string" ? unusable(talk, reply, reply) : reply
  }

  #begin(
    talk: RoundsTalk,
    rounds: Rounds,
    waiting: Waiting,
    send: (turn: Turn) => Promise<BackendReply>,
  ): Promise<BackendReply> {
    const { capabilities } = talk.respondent
    const { cancellation, onNotification } = waiting
    if (capabilities === undefined)
      return send({ rounds, peer: undefined, cancellation, onNotification })
    const hold = this.#holds.create(bindingOf(talk))
    const peer = new Conversation(capabilities, talk.server, this.#limits, (question) =>
      hold.put(question),
    )
    const notify = (notification: JsonObject) => hold.notify(notification)
    return hold.begin(waiting, () =>
      send({ rounds, peer, cancellation: hold.cancellation, onNotification: notify }),
    )
  }

  /** A backend's reply as a modern caller takes it. */
  #outward(reply: BackendReply, talk: RoundsTalk): BackendReply {
    const able = talk.respondent.capabilities ?? {}
    if (isUrlRequired(reply)) {
      const needed = { elicitation: { url: {} } }
      if (!covers(able, needed))
        return refused({ code: "missing_capability", subject: talk.subject, needed })
      const again = this.#states.seal({ kind: "again" }, bindingOf(talk), this.#limits.questionMs)
      return asRound(reply, talk.server, again)
    }
    if (!isAsking(reply)) return reply
    const told = passedOn(reply, talk.server, able, (state) =>
      this.#states.seal({ kind: "sent", state }, bindingOf(talk), this.#limits.totalMs),
    )
    if (typeof told !== "string") return told
    return refused({ code: "backend_error", subject: talk.subject, reason: told })
  }
}

const bindingOf = ({ caller, method, about }: RoundsTalk): Binding => ({
  principal: caller.principal,
  method,
  about,
})

const roundsOf = (
  { responses }: RoundsRespondent,
  opened: Exclude<RequestState, { kind: "held" }> | undefined,
): Rounds => {
  if (opened?.kind === "again") return fresh
  return opened === undefined && responses === undefined
    ? fresh
    : { responses, state: opened?.state }
}
const fresh: Rounds = { responses: undefined, state: undefined }

function noteAsked(facts: Facts, methods: readonly string[]): void {
  if (methods.length > 0) facts.note = { ...facts.note, asked: methods }
}

/** What a caller hears whose `requestState` is of no use, whatever the reason. */
export const staleWords =
  "requestState is unknown, over or of another request; make the request again without it"

const unusable = ({ subject }: RoundsTalk, words: string, reason: string): BackendReply =>
  refused({ code: "invalid_round", subject, words, reason })

const refused = (refusal: Refusal): BackendReply => ({ kind: "refusal", refusal })
