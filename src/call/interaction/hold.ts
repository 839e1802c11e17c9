import { isObject, type JsonObject, member } from "../../schema/json.ts"
import type { BackendReply } from "../backends.ts"
import { type Cancellable, Cancellation } from "../cancellation.ts"
import { answerFault } from "./answer-fault.ts"
import type { Question } from "./question.ts"
import type { Binding } from "./request-state.ts"

/** One of the client's requests, which waits for what comes next: the final result, or questions. */
export interface Waiting {
  readonly cancellation: Cancellation | undefined
  readonly onNotification: ((notification: JsonObject) => void) | undefined
}

/** What a hold needs of who keeps it between the client's requests. */
export interface HoldKeeper {
  /** The sealed state of the coming round; undefined when as many are kept as may be. */
  keep(hold: Hold): string | undefined
  /** Its request is over. */
  drop(hold: Hold): void
}

/** Questions that come so close together are asked in one round. */
const gatherMs = 10

/**
 * A request that stays open at its backend while its caller, who is asked by a result, comes and goes: each of the
 * caller's requests takes the place of the one before, and brings the answers to what that one was told.
 */
export class Hold implements Cancellable {
  readonly id: string
  /** What each of the caller's requests repeats. */
  readonly binding: Binding
  /** Of the backend's request. */
  readonly cancellation = new Cancellation()
  round = 0
  readonly #keeper: HoldKeeper
  readonly #lifetimeMs: number
  readonly #questions = new Map<string, Question>()
  #names = 0
  #waiting: (Waiting & { resolve(reply: BackendReply | Promise<BackendReply>): void }) | undefined
  #outcome: Promise<BackendReply> | undefined
  #gathering: NodeJS.Timeout | undefined
  #late: NodeJS.Timeout | undefined

  constructor(id: string, binding: Binding, keeper: HoldKeeper, lifetimeMs: number) {
    this.id = id
    this.binding = binding
    this.#keeper = keeper
    this.#lifetimeMs = lifetimeMs
  }

  /** Sends the backend's request. What comes back is for the first of the caller's. */
  begin(waiting: Waiting, send: () => Promise<BackendReply>): Promise<BackendReply> {
    const reply = this.#wait(waiting)
    const outcome = send()
    const end = () => this.#end(outcome)
    outcome.then(end, end)
    return reply
  }

  /** The caller is back, with answers; a string says what is wrong with them, and then nothing has changed. */
  resume(waiting: Waiting, responses: JsonObject): Promise<BackendReply> | string {
    const fault = this.#faultOf(responses)
    if (fault !== undefined) return fault
    clearTimeout(this.#late)
    this.round++
    const reply = this.#wait(waiting)
    for (const [key, question] of this.#questions) {
      const result = member(responses, key)
      if (!isObject(result)) continue
      this.#questions.delete(key)
      question.settle({ kind: "result", result })
    }
    if (this.#outcome !== undefined) this.#end(this.#outcome)
    else this.#gather() // what is still open is asked again
    return reply
  }

  #faultOf(responses: JsonObject): string | undefined {
    for (const [key, { asked }] of this.#questions) {
      const answer = member(responses, key)
      const fault = answer === undefined ? undefined : answerFault(asked.method, answer)
      if (fault !== undefined) return `inputResponses.${key}: ${fault}`
    }
    return
  }

  #wait(waiting: Waiting): Promise<BackendReply> {
    waiting.cancellation?.listen(this)
    return new Promise((resolve) => {
      this.#waiting = { ...waiting, resolve }
    })
  }

  /** The request that waits was cancelled. */
  cancelled(): void {
    this.cancellation.cancel()
  }

  /** For the caller, if it is there. */
  notify(notification: JsonObject): void {
    this.#waiting?.onNotification?.(notification)
  }

  put(question: Question): void {
    const name = question.asked.key ?? "q"
    const key = this.#questions.has(name) ? `${name}-${++this.#names}` : name
    this.#questions.set(key, question)
    question.onWithdrawn = () => this.#questions.delete(key)
    this.#gather()
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => this.#tell(), gatherMs)
  }

  #tell(): void {
    this.#gathering = undefined
    if (this.#waiting === undefined || this.#questions.size === 0) return
    const requestState = this.#keeper.keep(this)
    if (requestState === undefined) {
      for (const question of this.#questions.values()) question.settle(tooMany)
      this.#questions.clear()
      return
    }
    this.#late = setTimeout(() => this.#expire(), this.#lifetimeMs).unref()
    const inputRequests = Object.fromEntries([...this.#questions].map(written))
    const result = { resultType: "input_required", inputRequests, requestState }
    this.#answer({ kind: "result", result })
  }

  #end(outcome: Promise<BackendReply>): void {
    clearTimeout(this.#gathering)
    this.#outcome = outcome
    if (this.#waiting === undefined) return // told when the caller is back
    this.#keeper.drop(this)
    this.#answer(outcome)
  }

  #answer(reply: BackendReply | Promise<BackendReply>): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.cancellation?.release()
    waiting?.resolve(reply)
  }

  /** The caller did not come back: nobody wants the result any more. */
  #expire(): void {
    this.#keeper.drop(this)
    for (const question of this.#questions.values()) question.settle(expired)
    this.#questions.clear()
    this.cancellation.cancel()
  }
}

/** In the form of `inputRequests`: an `elicitationId` and a progress token belong to the other era. */
function written([key, { asked }]: [string, Question]): [string, JsonObject] {
  const { elicitationId: _, _meta: meta, ...params } = asked.params ?? {}
  const { progressToken: _1, ...kept } = isObject(meta) ? meta : {}
  return [key, { method: asked.method, params: { ...params, _meta: kept } }]
}

const expired = { kind: "unanswered", reason: "the caller did not come back in time" } as const
const tooMany = { kind: "unanswered", reason: "too many requests wait for answers" } as const
