import type { ServerResponse } from "node:http"
import { writeFail } from "../answer.ts"
import type { FaceEvent } from "../context.ts"
import { httpFail } from "../errors.ts"
import { refusalKey } from "../refusal-words.ts"
import { ShedRule } from "./shed-rule.ts"
import { TurnBudget } from "./turn-budget.ts"

/**
 * Turns requests away while there are more than can be worked on, so that those that are let in are answered in time: a
 * share of them before anything is read, while the event loop keeps being late; and those at the end of a turn that is
 * late already. Turning one away must cost a fraction of working on it.
 */
export class Overload {
  readonly #rule: ShedRule
  readonly #turn: TurnBudget
  readonly #log: (event: FaceEvent) => void
  readonly #timer: NodeJS.Timeout
  #dueMs = performance.now() + everyMs
  #seen = performance.eventLoopUtilization()
  #shed = 0
  /** Since the last look: requests that were let in by the share, and those of them that came too late in their turn. */
  #read = 0
  #tooLate = 0
  /** Which part of them it was in the last second or so. */
  #tooLatePart = 0

  constructor(loopDelayMs: number, log: (event: FaceEvent) => void) {
    this.#rule = new ShedRule(loopDelayMs)
    this.#turn = new TurnBudget(loopDelayMs)
    this.#log = log
    this.#timer = setInterval(() => this.#look(), everyMs).unref()
  }

  /** Requests that were turned away. */
  get shed(): number {
    return this.#shed
  }

  /** Which part of them is, now. */
  get share(): number {
    return Math.max(this.#rule.share, this.#tooLatePart)
  }

  /** Whether this request is turned away unread. */
  turnsAway(outgoing: ServerResponse): boolean {
    if (!this.#rule.turnsAway()) return false
    this.#turnAway(outgoing)
    return true
  }

  /**
   * Whether this request, of which only the bytes have been read, is turned away because the work for others in the
   * same turn took too long. Otherwise all of a crowd that comes at once would be let in before the loop is seen to be
   * late.
   */
  isTooLate(outgoing: ServerResponse): boolean {
    this.#read++
    if (performance.now() < this.#dueMs || !this.#turn.isSpent(threadMs())) return false
    this.#tooLate++
    this.#turnAway(outgoing)
    return true
  }

  /**
   * The answer comes a little later: a client that comes back at once, whatever `Retry-After` says, would otherwise be all
   * that there is time for.
   */
  #turnAway(outgoing: ServerResponse): void {
    this.#shed++
    const answer = setTimeout(() => writeFail(outgoing, busy()), heldMs)
    outgoing.once("close", () => clearTimeout(answer))
  }

  #look(): void {
    const nowMs = performance.now()
    const lateMs = Math.max(0, nowMs - this.#dueMs)
    const { utilization } = performance.eventLoopUtilization(this.#seen)
    this.#seen = performance.eventLoopUtilization()
    this.#dueMs = nowMs + everyMs
    this.#turn.begin()
    const before = this.share
    this.#rule.note({ lateMs, busy: utilization })
    this.#noteTooLate()
    const after = this.share
    if (before === 0 && after > 0)
      this.#log({ event: "overload_began", loopDelayMs: Math.round(lateMs) })
    if (before > 0 && after === 0) this.#log({ event: "overload_ended", shed: this.#shed })
  }

  #noteTooLate(): void {
    const part = this.#tooLate === 0 ? 0 : this.#tooLate / this.#read
    const mean = this.#tooLatePart + (part - this.#tooLatePart) / 10
    this.#tooLatePart = mean < 0.001 ? 0 : mean
    this.#read = 0
    this.#tooLate = 0
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

/** The processor time that this thread has used. */
function threadMs(): number {
  const { system, user } = process.threadCpuUsage()
  return (system + user) / 1_000
}

const everyMs = 50
const heldMs = 1_000

/** Not all of them come back in the same second. */
function busy() {
  const seconds = 1 + Math.floor(Math.random() * 4)
  const data = { [refusalKey]: { code: "overloaded", retryAfterMs: seconds * 1_000 } }
  return { ...httpFail(503, "busy", { "retry-after": String(seconds) }), data }
}
