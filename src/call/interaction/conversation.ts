import type { Capabilities } from "./capabilities.ts"
import { covers, neededFor } from "./capabilities.ts"
import type { InteractionLimits } from "./limits.ts"
import type { PageDone, Peer } from "./peer.ts"
import { type Asked, Question, unasked } from "./question.ts"
import { signed } from "./signed.ts"

/** Who asks: the name and version of a server, and in a composition the step that called it. */
export interface Asker {
  readonly server: string
  readonly step?: string | undefined
}

/** The questions to one caller while one request is under way: only those it can be asked, and within limits. */
export class Conversation implements Peer {
  readonly capabilities: Capabilities
  /** Of what was asked, in order: for the audit. */
  readonly methods: string[] = []
  pageDone: PageDone | undefined
  readonly #asker: Asker
  readonly #limits: InteractionLimits
  readonly #put: (question: Question) => void
  readonly #untilMs: number

  constructor(
    capabilities: Capabilities,
    asker: Asker,
    limits: InteractionLimits,
    put: (question: Question) => void,
  ) {
    this.capabilities = capabilities
    this.#asker = asker
    this.#limits = limits
    this.#put = put
    this.#untilMs = performance.now() + limits.totalMs
  }

  ask(asked: Asked): Question {
    const refused = this.#refusal(asked)
    if (refused !== undefined) return unasked(asked, refused)
    this.methods.push(asked.method)
    const patience = { waitMs: this.#limits.questionMs, untilMs: this.#untilMs }
    const { server, step } = this.#asker
    const key = asked.key ?? `q${this.methods.length}`
    const question = new Question(
      {
        ...asked,
        params: signed(asked.params, server),
        key: step === undefined ? key : `${step}/${key}`,
      },
      patience,
    )
    this.#put(question)
    return question
  }

  #refusal({ method, params }: Asked): string | undefined {
    const needed = neededFor(method, params)
    if (needed === undefined) return `${method} is nothing that a caller can be asked`
    if (!covers(this.capabilities, needed)) return "the caller cannot be asked this"
    const { questionsMax } = this.#limits
    if (this.methods.length >= questionsMax)
      return `more than ${questionsMax} questions in one request`
    return performance.now() < this.#untilMs ? undefined : "the request has taken too long to ask"
  }
}
