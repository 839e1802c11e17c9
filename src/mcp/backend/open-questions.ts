import type { Peer } from "../../call/interaction/peer.ts"
import type { Question } from "../../call/interaction/question.ts"
import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import { answerText, progressText } from "./wire.ts"

/** The questions that a legacy server has open within one of its requests, by the ids that it gave them. */
export class OpenQuestions {
  readonly #peer: Peer
  readonly #open = new Map<Json | undefined, Question>()
  readonly #onNone: () => void

  /** `onNone` is called whenever the last open one has its answer. */
  constructor(peer: Peer, onNone: () => void) {
    this.#peer = peer
    this.#onNone = onNone
  }

  get size(): number {
    return this.#open.size
  }

  ask(request: JsonObject, reply: (text: string) => void): void {
    const { id, method, params } = request
    const given = isObject(params) ? params : undefined
    const token = progressToken(given)
    this.#open.get(id)?.withdraw("the server asked something else under the same id")
    const question = this.#peer.ask({
      method: String(method),
      params: given,
      ...(token !== undefined && {
        onProgress: (progress: JsonObject) => reply(progressText(token, progress)),
      }),
    })
    this.#open.set(id, question)
    void question.answer.then((answer) => {
      if (this.#open.get(id) !== question) return
      this.#open.delete(id)
      reply(answerText(request, answer))
      if (this.#open.size === 0) this.#onNone()
    })
  }

  /** The server does not want to know any more. */
  cancel(id: Json | undefined): void {
    this.#open.get(id)?.withdraw("the server cancelled its question")
  }

  /** The request is over. */
  cancelAll(): void {
    for (const question of this.#open.values()) question.withdraw("the request is over")
  }
}

function progressToken(params: JsonObject | undefined): string | number | undefined {
  const meta = params?.["_meta"]
  const token = isObject(meta) ? meta["progressToken"] : undefined
  return typeof token === "string" || typeof token === "number" ? token : undefined
}
