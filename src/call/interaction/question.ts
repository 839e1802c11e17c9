import type { JsonObject } from "../../schema/json.ts"
import type { RpcError } from "../backends.ts"

/** What a backend wants to know of the caller of a request, in the words of both eras. */
export interface Asked {
  /** `sampling/createMessage`, `elicitation/create` or `roots/list`. */
  readonly method: string
  /** As the backend sent them, with every digit (see `parseExact`). */
  readonly params: JsonObject | undefined
  /** What a modern caller's `inputRequests` call it; the gateway finds a name where there is none. */
  readonly key?: string
  /** The client tells how far it is: the parameters of its `notifications/progress`. */
  readonly onProgress?: (params: JsonObject) => void
}

export type QuestionAnswer =
  /** The client's result, with every digit. */
  | { readonly kind: "result"; readonly result: JsonObject }
  /** The client's own JSON-RPC error. */
  | { readonly kind: "error"; readonly error: RpcError }
  /** There is no answer. The reason may be told to the server that asked, and to the caller. */
  | { readonly kind: "unanswered"; readonly reason: string }

/** How long an answer is waited for. */
export interface Patience {
  /** Without a sign of progress. */
  readonly waitMs: number
  /** In all, on the clock of `performance.now()`. */
  readonly untilMs: number
}

/**
 * One question from when it was asked to its end, which comes once: it is answered, its time is up, or who asked does not
 * want to know any more.
 */
export class Question {
  readonly asked: Asked
  readonly answer: Promise<QuestionAnswer>
  readonly #resolve: (answer: QuestionAnswer) => void
  readonly #patience: Patience
  #late: NodeJS.Timeout | undefined
  #isOver = false
  /** Who shows it to the client: told when no answer is wanted any more. */
  onWithdrawn: (() => void) | undefined

  constructor(asked: Asked, patience: Patience) {
    this.asked = asked
    this.#patience = patience
    const { promise, resolve } = Promise.withResolvers<QuestionAnswer>()
    this.answer = promise
    this.#resolve = resolve
    this.#wait()
  }

  get isOver(): boolean {
    return this.#isOver
  }

  settle(answer: QuestionAnswer): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#late)
    this.#resolve(answer)
  }

  /** There will be no answer: the client is told that none is wanted. */
  withdraw(reason: string): void {
    if (this.#isOver) return
    this.settle({ kind: "unanswered", reason })
    this.onWithdrawn?.()
  }

  /** The client works on it: its time begins anew. */
  progressed(params: JsonObject): void {
    if (this.#isOver) return
    clearTimeout(this.#late)
    this.#wait()
    this.asked.onProgress?.(params)
  }

  #wait(): void {
    const { waitMs, untilMs } = this.#patience
    const ms = Math.min(waitMs, Math.max(0, untilMs - performance.now()))
    this.#late = setTimeout(() => this.withdraw("nobody answered in time"), ms).unref()
  }
}

/** A question that nobody could be asked. */
export function unasked(asked: Asked, reason: string): Question {
  const question = new Question(asked, { waitMs: 0, untilMs: 0 })
  question.settle({ kind: "unanswered", reason })
  return question
}
