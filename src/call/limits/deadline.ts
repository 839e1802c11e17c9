import { refused } from "../backends.ts"
import type { Answer } from "../call.ts"
import type { Cancellation } from "../cancellation.ts"

/** How long the caller of one call waits. When that is over, the call is cancelled as if the caller had said so. */
export class Deadline {
  readonly ms: number
  readonly #timer: NodeJS.Timeout
  #isOver = false

  constructor(ms: number, cancellation: Cancellation | undefined) {
    this.ms = ms
    this.#timer = setTimeout(() => {
      this.#isOver = true
      cancellation?.cancel()
    }, ms)
  }

  /** The answer of a call. One that was cut short timed out: nobody cancelled it. */
  judged(answer: Answer, tool: string): Answer {
    if (!this.#isOver || answer.kind !== "refusal" || answer.refusal.code !== "cancelled")
      return answer
    const { fate } = answer.refusal
    const reason = `its caller waits ${this.ms} ms and no longer`
    const refusal = { code: "backend_timeout", subject: tool, waitedMs: this.ms, reason } as const
    return refused(fate === undefined ? refusal : { ...refusal, fate })
  }

  /** Nobody waits any more. */
  clear(): void {
    clearTimeout(this.#timer)
  }
}
