import { randomBytes } from "node:crypto"
import type { Respondent } from "../../../call/interaction/peer.ts"
import type { Asked, Question, QuestionAnswer } from "../../../call/interaction/question.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import type { RpcId } from "../../jsonrpc.ts"
import type { Exchange } from "../exchange.ts"
import type { Session } from "../sessions.ts"
import { streamOf } from "./session-stream.ts"

/**
 * The questions that a session's client has not answered yet. Their ids are the gateway's own, cannot be guessed, and mean
 * something in this session only: an answer that is posted to another one is no answer.
 */
export class SessionQuestions {
  readonly #open = new Map<RpcId, Question>()

  /** Asks on the stream of the request that caused it. */
  put(question: Question, exchange: Exchange): void {
    if (!exchange.canAsk) {
      question.settle({ kind: "unanswered", reason: "its client reads no stream of events" })
      return
    }
    const id = randomBytes(16).toString("hex")
    const { asked } = question
    const params = paramsOf(asked, id)
    const text = JSON.stringify({ jsonrpc: "2.0", id, method: asked.method, params })
    if (text.length > exchange.messageMax) {
      question.settle(tooLong)
      return
    }
    this.#open.set(id, question)
    void question.answer.then(() => this.#open.delete(id))
    question.onWithdrawn = () => exchange.notify(cancelled(id))
    exchange.notify(text)
  }

  /** Nobody's mistake when there is no such question: the answer crossed the end of it. */
  answer(id: RpcId, answer: QuestionAnswer): void {
    this.#open.get(id)?.settle(answer)
  }

  progressed(params: JsonObject): void {
    const { progressToken } = params
    if (typeof progressToken === "string") this.#open.get(progressToken)?.progressed(params)
  }

  close(): void {
    for (const question of this.#open.values()) question.settle(sessionIsOver)
  }
}

const tooLong = {
  kind: "unanswered",
  reason: "it is longer than half of limits.streamBufferBytes",
} as const
const sessionIsOver = { kind: "unanswered", reason: "its client's session is over" } as const

/** The client's progress comes back under our id; a page to visit has an id in this era, also where the server gave none. */
function paramsOf({ method, params = {} }: Asked, id: string): JsonObject {
  const meta = params["_meta"]
  const wantsProgress = isObject(meta) && meta["progressToken"] !== undefined
  const isPage = method === "elicitation/create" && params["mode"] === "url"
  return {
    ...(isPage && { elicitationId: id }),
    ...params,
    ...(wantsProgress && { _meta: { ...meta, progressToken: id } }),
  }
}

const cancelled = (requestId: string): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    method: "notifications/cancelled",
    params: { requestId, reason: "no answer is needed any more" },
  })

/** Who answers what backends ask because of a request in this session. */
export function respondentIn(session: Session, exchange: Exchange): Respondent {
  const { capabilities, jti } = session.token
  if (capabilities === undefined) {
    session.mute ??= { kind: "mute", session: jti }
    return session.mute
  }
  return {
    kind: "live",
    session: jti,
    capabilities,
    put(question) {
      if (session.isOver) {
        question.settle(sessionIsOver)
        return
      }
      session.questions ??= new SessionQuestions()
      session.questions.put(question, exchange)
    },
    pageDone({ method, params }) {
      if (session.isOver) return
      streamOf(session).send(JSON.stringify({ jsonrpc: "2.0", method, params }))
    },
  }
}
