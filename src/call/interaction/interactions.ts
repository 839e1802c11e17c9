import type { CatalogServer } from "../../registry/catalog.ts"
import { written } from "../../registry/model.ts"
import type { Json, JsonObject } from "../../schema/json.ts"
import { type BackendReply, type BackendRequest, type Backends, refused } from "../backends.ts"
import type { Caller } from "../caller.ts"
import type { Facts } from "../facts.ts"
import { TaskQuestions } from "../tasks/task-questions.ts"
import { type Capabilities, covers, withoutTasks } from "./capabilities.ts"
import { Conversation } from "./conversation.ts"
import type { Hold, Waiting } from "./hold.ts"
import { Holds } from "./holds.ts"
import { lackedFor } from "./lacking.ts"
import type { InteractionLimits } from "./limits.ts"
import type { LiveRespondent, Respondent, Rounds, RoundsRespondent } from "./peer.ts"
import type { Question } from "./question.ts"
import { type Binding, type RequestState, RequestStates, type Sealer } from "./request-state.ts"
import { asRound, isAsking, isUrlRequired, methodsIn, passedOn } from "./round-result.ts"
import { TaskIds } from "./task-ids.ts"

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
  /** Where other replicas with the same key reach this one; undefined where they do not. */
  readonly replicaUrl?: string | undefined
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

/** The same for work that is no request to one backend. */
interface WorkTurn extends Waiting {
  readonly respondent: Respondent | undefined
  /** Of a caller that is asked by results. */
  readonly rounds?: Rounds
}

/** What backends ask of callers and callers answer, whatever era either of them speaks. */
export class Interactions {
  readonly #limits: InteractionLimits
  readonly #states: RequestStates
  readonly #holds: Holds
  readonly taskIds: TaskIds
  readonly taskQuestions: TaskQuestions

  constructor(limits: InteractionLimits, ports: InteractionPorts) {
    this.#limits = limits
    this.#states = new RequestStates(ports.sealer, ports.now)
    this.taskIds = new TaskIds(ports.sealer)
    this.taskQuestions = new TaskQuestions(this)
    this.#holds = new Holds(limits, this.#states, {
      id: () => ports.id(),
      replicaUrl: ports.replicaUrl,
    })
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
    if (respondent.kind === "rounds") {
      const send = (turn: Turn) => backends.request(server, { ...request, ...turn, caller })
      return this.#inRounds(matterOf(server, request, { ...talk, respondent }), request, send)
    }
    if (respondent.kind === "mute")
      return backends.request(server, { ...request, caller, session: respondent.session })
    const { session } = respondent
    const put = (question: Question) => respondent.put(question)
    const from = { server: written(server), step: respondent.step }
    const peer = new Conversation(respondent.capabilities, from, this.#limits, put)
    peer.pageDone = respondent.pageDone
    const reply = await backends.request(server, { ...request, caller, session, peer })
    noteAsked(facts, peer.methods)
    return reply
  }

  /** A reply to a caller that can be asked nothing, and was asked nothing before, where it is not the final one. */
  outward(
    reply: BackendReply,
    server: CatalogServer,
    request: BackendRequest,
    talk: Talk & { readonly respondent: RoundsRespondent },
  ): BackendReply {
    const told = this.#outward(reply, matterOf(server, request, talk))
    if (isAsking(told)) noteAsked(talk.facts, methodsIn(told))
    return told
  }

  /** What is asked of a client within one request that is no request to one backend alone. */
  conversation(
    capabilities: Capabilities,
    server: string,
    put: (question: Question) => void,
  ): Conversation {
    return new Conversation(capabilities, { server }, this.#limits, put)
  }

  /** Keeps what a caller is asked until it is back. */
  hold(binding: Binding): Hold {
    return this.#holds.create(binding)
  }

  /** The address of another replica, where it holds what this `requestState` names. */
  keeperOf(state: string): string | undefined {
    return this.#holds.keeperOf(state)
  }

  /** Whether a `requestState` was made for this request, over or not. */
  isOf(state: string, binding: Binding): boolean {
    return this.#states.isOf(state, binding)
  }

  /** Lets work of the gateway's own ask the caller, whoever of those that it calls wants to know. */
  async run(
    talk: Talk & Pick<RoundsTalk, "method" | "subject">,
    waiting: Waiting,
    work: (turn: WorkTurn) => Promise<BackendReply>,
  ): Promise<BackendReply> {
    const { respondent } = talk
    if (respondent.kind !== "rounds") return work({ ...waiting, respondent })
    return this.#inRounds({ ...talk, respondent, server: talk.subject }, waiting, (turn, hold) => {
      const { cancellation, onNotification, rounds } = turn
      const capabilities = withoutTasks(respondent.capabilities)
      const live: LiveRespondent | undefined = hold &&
        capabilities && {
          kind: "live",
          session: undefined,
          capabilities,
          put: (question) => hold.put(question),
        }
      return work({ cancellation, onNotification, respondent: live, ...(rounds && { rounds }) })
    })
  }

  async #inRounds(
    talk: RoundsTalk,
    waiting: Waiting,
    send: (turn: Turn, hold: Hold | undefined) => Promise<BackendReply>,
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
        : await this.#begin(talk, roundsOf(respondent, opened), waiting, async (turn, hold) =>
            this.#outward(await send(turn, hold), talk),
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
    send: (turn: Turn, hold: Hold | undefined) => Promise<BackendReply>,
  ): Promise<BackendReply> {
    const { capabilities } = talk.respondent
    const { cancellation, onNotification } = waiting
    if (capabilities === undefined)
      return send({ rounds, peer: undefined, cancellation, onNotification }, undefined)
    const hold = this.#holds.create(bindingOf(talk))
    const put = (question: Question) => hold.put(question)
    const peer = new Conversation(capabilities, { server: talk.server }, this.#limits, put)
    const notify = (notification: JsonObject) => hold.notify(notification)
    const turn = { rounds, peer, cancellation: hold.cancellation, onNotification: notify }
    return hold.begin(waiting, () => send(turn, hold))
  }

  /** A backend's reply as a modern caller takes it. */
  #outward(reply: BackendReply, talk: RoundsTalk): BackendReply {
    const able = talk.respondent.capabilities ?? {}
    const lacked = lackedFor(reply)
    if (lacked !== undefined && !covers(able, lacked))
      return refused({ code: "missing_capability", subject: talk.subject, needed: lacked })
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

const matterOf = (
  server: CatalogServer,
  { method, subject }: BackendRequest,
  talk: Talk & { readonly respondent: RoundsRespondent },
): RoundsTalk => ({ ...talk, server: written(server), method, subject })

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
/** Of a request that is no answer to anything. */
export const fresh: Rounds = { responses: undefined, state: undefined }

function noteAsked(facts: Facts, methods: readonly string[]): void {
  if (methods.length > 0) facts.note = { ...facts.note, asked: methods }
}

/** The answer for a `requestState` that is of no use, whatever the reason. */
export const staleWords =
  "requestState is unknown, over or of another request; make the request again without it"

const unusable = ({ subject }: RoundsTalk, words: string, reason: string): BackendReply =>
  refused({ code: "invalid_round", subject, words, reason })
