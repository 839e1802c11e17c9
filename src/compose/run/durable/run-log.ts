import type { Json } from "../../../schema/json.ts"
import { Cancellation } from "../cancellation.ts"
import { effectOf, type Failed, type Result } from "../outcome.ts"
import { isInCompensation } from "../paths.ts"
import type { Reason } from "../stop.ts"
import { isOutcome, type RunEvent, type StoredEvent, type Timed } from "./event.ts"
import { inputDigest } from "./input-digest.ts"
import type { Creation, Journal } from "./journal.ts"
import type { RunChange } from "./record.ts"
import { RunWriter, type RunWriterOptions } from "./run-writer.ts"
import type { RunState } from "./state.ts"

export interface RunLogOptions extends RunWriterOptions {
  /** What the journal has of the run so far. */
  readonly state: RunState
  /** The run was begun by another process, or before an operator stepped in: what is known of it is gone through first. */
  readonly isRecovered: boolean
  /** Of forward work. */
  readonly deadlineMs: number | undefined
  /** Whether nobody else can have the run yet: an owner that lost touch with the journal begins nothing. */
  readonly isHeld: () => boolean
}

/** While nobody can be sure that the run is held, it is looked again so often. */
const patienceMs = 1_000

/**
 * The journal of one run while it is driven: what is noted is known at once, and written in order as soon as it can be.
 * Nothing is sent to a backend before all that was noted is on the disk.
 */
export class RunLog {
  readonly state: RunState
  readonly isRecovered: boolean
  readonly deadlineMs: number | undefined
  readonly #options: RunLogOptions
  readonly #writer: RunWriter
  /** Paths of which this process knows the last outcome from its own calls, or has gone by already. */
  readonly #gone = new Set<string>()
  /** Paths that are announced by what is around them. */
  readonly #covered = new Set<string>()
  /** What has a time of its own and was begun by this process. */
  readonly #begun = new Set<string>()
  #hasProgressed = false

  constructor(options: RunLogOptions) {
    this.#options = options
    this.state = options.state
    this.isRecovered = options.isRecovered
    this.deadlineMs = options.deadlineMs
    this.#writer = new RunWriter(options)
  }

  /** How its beginning went; rejects where it could not be written, and nobody has the run then. */
  get begun(): Promise<Creation> {
    return this.#writer.begun
  }

  async hasBegun(): Promise<boolean> {
    const creation = await this.begun.catch(() => undefined)
    return creation?.isNew === true
  }

  note(event: RunEvent, change?: RunChange): void {
    if (this.#writer.isLost) return
    const stored = { ...event, seq: this.state.seq + 1, atMs: this.#options.clock.now() }
    this.state.apply(stored)
    this.#writer.add(stored, this.#withProgress(stored, change))
  }

  /** Waits until all that was noted is on the disk and the run is held; false when it was lost meanwhile. */
  async durable(): Promise<boolean> {
    const { isHeld, clock } = this.#options
    while (!this.#writer.isLost) {
      const { written } = this.#writer
      if (written !== undefined) await written
      else if (isHeld()) return true
      else await clock.sleep(patienceMs, new Cancellation())
    }
    return false
  }

  /** What has not been written by now never is: the process is about to end. */
  giveUp(): void {
    this.#writer.giveUp()
  }

  /** Asks the journal for something, as long as it takes; undefined when the run was lost meanwhile. */
  ask<T>(question: (journal: Journal) => Promise<T>): Promise<T | undefined> {
    return this.#writer.ask(question)
  }

  /**
   * What is known already of the call at this path, each failure once: whoever asks again wants it to be made again. A
   * compensation is begun again to have made what failed in it. Undefined: nothing, it is to be made.
   */
  recall(path: string): Result | undefined {
    const known = this.state.step(path)
    if (known === undefined) return
    if (known.standing === "done")
      return { ok: true, value: known.value, effect: known.effect, raw: undefined }
    if (this.#gone.has(path)) return
    this.#gone.add(path)
    if (known.again !== undefined) return
    if (known.standing === "started") this.note(this.#cutOff(path, known.attempts))
    if (isInCompensation(path)) return
    if (known.standing !== "failed" && known.standing !== "unknown") return
    const { error, retryAfterMs } = known.problem ?? {}
    if (error === undefined) return
    return { ok: false, error, ...(retryAfterMs !== undefined && { retryAfterMs }) }
  }

  /** Attempts at the call before this process, of which the last is told by `recall`. */
  attemptsBefore(path: string): number {
    const known = this.state.step(path)
    if (this.#gone.has(path) || known === undefined || known.again !== undefined) return 0
    if (isInCompensation(path)) return 0
    return Math.max(0, known.attempts - 1)
  }

  /** Why a call may not be begun: the saga around it goes back. What nobody knows of may be sent again to find out. */
  refusalOf(path: string): Reason | undefined {
    if (!this.state.isBack(path) || this.state.step(path)?.standing === "unknown") return
    return goingBack
  }

  /** When what begins now has no time left: a process before this one may have begun it already. */
  endOf(path: string, timeoutMs: number, of: Timed): number {
    const what = `${of} ${path}`
    const known = this.#begun.has(what) ? undefined : this.state.untilOf(path, of)
    this.#begun.add(what)
    if (known !== undefined) return known
    const untilMs = this.#options.clock.now() + timeoutMs
    const data = { untilMs, ...(of === "step" && { of }) }
    if (this.#isForward(path)) this.note({ kind: "begin", step: path, data })
    return untilMs
  }

  /** What goes back, finds out what nobody knows, or belongs to either, has the whole of its time each time. */
  #isForward(path: string): boolean {
    const { state } = this
    if (isInCompensation(path) || path.includes("?") || this.isCovered(path)) return false
    return !state.isBack(path) && state.step(path)?.standing !== "unknown"
  }

  cover(path: string): void {
    this.#covered.add(path)
  }

  isCovered(path: string): boolean {
    return this.#covered.has(path)
  }

  /** Announces a call with an effect. */
  intend(path: string, input: Json, target: string): void {
    this.#gone.add(path)
    const attempt = (this.state.step(path)?.attempts ?? 0) + 1
    const data = { input: inputDigest(input), target }
    this.note({ kind: "intent", step: path, attempt, data })
  }

  /** How a call, or a step that made none, has ended. */
  end(path: string, result: Result): void {
    this.#gone.add(path)
    if (result.ok) {
      const { value, effect } = result
      const data = { effect, ...(value !== undefined && { value }) }
      this.note({ kind: "ok", step: path, data })
      return
    }
    const attempt = this.state.step(path)?.attempts ?? 0
    const { error, retryAfterMs } = result
    const data = { error, ...(retryAfterMs !== undefined && { retryAfterMs }) }
    const isOpen = this.state.step(path)?.standing === "started"
    const kind = isOpen && effectOf(result) === "unknown" ? "unknown" : "fail"
    this.note({ kind, step: path, attempt, data })
  }

  skip(step: string, why: "condition" | "detached"): void {
    if (this.state.step(step) === undefined) this.note({ kind: "skip", step, data: { why } })
  }

  /** A call that the process before this one announced, and did not live to see the end of. */
  #cutOff(step: string, attempt: number): RunEvent {
    const at = new Date(this.#options.clock.now()).toISOString()
    const message = "the gateway ended before it was answered"
    const how = { class: "transport", code: "CONNECTION_LOST", message, step } as const
    const error: Failed["error"] = { ...how, attempts: attempt, at, effect: "unknown" }
    return { kind: "unknown", step, attempt, data: { error } }
  }

  #withProgress(event: StoredEvent, change: RunChange | undefined): RunChange | undefined {
    if (!this.isRecovered || this.#hasProgressed || !isOutcome(event)) return change
    this.#hasProgressed = true
    return { ...change, recoveries: 0 }
  }
}

const goingBack: Reason = { class: "cancelled", message: "not begun: the saga is being undone" }
