import type { ServerResponse } from "node:http"
import { writeFail } from "../answer.ts"
import type { FaceEvent } from "../context.ts"
import { httpFail } from "../errors.ts"
import { refusalKey } from "../refusal-words.ts"
import { ShedRule } from "./shed-rule.ts"

/**
 * Turns requests away while there are more than can be worked on, so that those that are let in are answered in time.
 * Before anything is read of them: what is turned away must cost a fraction of what is done.
 */
export class Overload {
  readonly #rule: ShedRule
  readonly #log: (event: FaceEvent) => void
  readonly #timer: NodeJS.Timeout
  #dueMs = performance.now() + everyMs
  #seen = performance.eventLoopUtilization()
  #shed = 0

  constructor(loopDelayMs: number, log: (event: FaceEvent) => void) {
    this.#rule = new ShedRule(loopDelayMs)
    this.#log = log
    this.#timer = setInterval(() => this.#look(), everyMs).unref()
  }

  /** Requests that were turned away. */
  get shed(): number {
    return this.#shed
  }

  /** Which part of them is, now. */
  get share(): number {
    return this.#rule.share
  }

  /**
   * Whether this request is turned away, which is then answered a little later: a client that comes back at once, whatever
   * `Retry-After` says, would otherwise be all that there is time for.
   */
  turnsAway(outgoing: ServerResponse): boolean {
    if (!this.#rule.turnsAway()) return false
    this.#shed++
    const answer = setTimeout(() => writeFail(outgoing, busy()), heldMs)
    outgoing.once("close", () => clearTimeout(answer))
    return true
  }

  #look(): void {
    const nowMs = performance.now()
    const lateMs = Math.max(0, nowMs - this.#dueMs)
    const { utilization } = performance.eventLoopUtilization(this.#seen)
    this.#seen = performance.eventLoopUtilization()
    this.#dueMs = nowMs + everyMs
    const before = this.#rule.share
    this.#rule.note({ lateMs, busy: utilization })
    const after = this.#rule.share
    if (before === 0 && after > 0)
      this.#log({ event: "overload_began", loopDelayMs: Math.round(lateMs) })
    if (before > 0 && after === 0) this.#log({ event: "overload_ended", shed: this.#shed })
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

const everyMs = 50
const heldMs = 500

/** Not all of them come back in the same second. */
function busy() {
  const seconds = 1 + Math.floor(Math.random() * 4)
  const data = { [refusalKey]: { code: "overloaded", retryAfterMs: seconds * 1_000 } }
  return { ...httpFail(503, "busy", { "retry-after": String(seconds) }), data }
}
