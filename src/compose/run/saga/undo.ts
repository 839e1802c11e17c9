import type { Json } from "../../../schema/json.ts"
import type { Node, Step } from "../../plan/plan.ts"
import type { ErrorClass } from "../../plan/policies.ts"
import { writtenTarget } from "../../plan/target.ts"
import { inputDigest } from "../durable/input-digest.ts"
import type { RunLog } from "../durable/run-log.ts"
import { codes, effectOf, type Failed, type Result } from "../outcome.ts"
import { backoff } from "../policies/retry.ts"
import { beginTally } from "../report.ts"
import { attempt } from "../step.ts"
import { Stop } from "../stop.ts"
import { type Computed, computed, fail, pause, type Site, type Work } from "../work.ts"
import type { Undoable } from "./saga-scope.ts"

/** Tries until the step is undone; or why it is not, and will not be without help. */
export async function undo(
  undoable: Undoable,
  { run }: Site,
  log: RunLog,
): Promise<Failed | undefined> {
  const before = log.state.step(undoable.path)?.undo
  if (before?.standing === "undone") return
  if (before?.standing === "stuck" && before.error !== undefined)
    return { ok: false, error: before.error }
  const stop = new Stop(run.halt)
  const failed = await new Compensation(undoable, undoWork(undoable, stop), log).run()
  stop.close()
  return failed
}

class Compensation {
  readonly #undoable: Undoable
  readonly #work: Work
  readonly #log: RunLog
  readonly #input: Computed

  constructor(undoable: Undoable, work: Work, log: RunLog) {
    this.#undoable = undoable
    this.#work = work
    this.#log = log
    this.#input = computed(undoable.undo.input, work)
  }

  /** Undefined when it is undone, or left for later because the run has come to rest. */
  async run(): Promise<Failed | undefined> {
    for (let tries = 1; ; tries++) {
      const result = await this.#attempt()
      if (result === undefined || this.#work.run.halt.reason !== undefined) return
      const delayMs = this.#note(result, tries)
      if (delayMs === undefined) return result
      if ((await pause(delayMs, this.#work)) !== undefined) return
    }
  }

  /** Its failure, if it failed. Whatever is wrong with its answer: a call that is known to have happened has undone it. */
  async #attempt(): Promise<Failed | undefined> {
    const { path: step } = this.#undoable
    const nth = this.#nth + 1
    const input = this.#input.ok ? this.#input.value : undefined
    const data = { input: inputDigest(input ?? null), target: this.#target }
    this.#log.note({ kind: "undo", step, attempt: nth, data })
    this.#work.tally.attempts = nth
    this.#work.run.tell({ kind: "undoing", id: step })
    const result = this.#input.ok ? await this.#call(input) : this.#input
    if (!result.ok && !(this.#isCall && effectOf(result) === "done"))
      return { ...result, error: { ...result.error, step } }
    const value = result.ok ? result.value : undefined
    this.#log.note({ kind: "undone", step, data: value === undefined ? {} : { value } })
    return
  }

  async #call(input: Json | undefined): Promise<Result> {
    if (input === undefined) {
      const message = "there is nothing to undo it with: its input is absent"
      return fail(this.#work, { class: "binding", code: codes.binding, message })
    }
    this.#log.cover(this.#work.path)
    return attempt({ ...this.#work, scope: { ...this.#work.scope, self: input } })
  }

  /** Notes a failure; how long to wait before the next attempt, if there is to be one. */
  #note(failed: Failed, tries: number): number | undefined {
    const delayMs = this.#delayAfter(failed, tries)
    const { error } = failed
    const data = { error, ...(delayMs === undefined && { final: true as const }) }
    const { path: step } = this.#undoable
    this.#log.note({ kind: "undofail", step, attempt: this.#nth, data })
    return delayMs
  }

  #delayAfter({ error, retryAfterMs = 0 }: Failed, tries: number): number | undefined {
    const { path, undo } = this.#undoable
    const { retry } = undo
    if (hopeless.has(error.class) || !retry.on.includes(error.class)) return
    const { attempts = 0, attemptsBefore = 0 } = this.#log.state.step(path)?.undo ?? {}
    if (retry.maxAttempts !== undefined && attempts - attemptsBefore >= retry.maxAttempts) return
    const { limits, ports } = this.#work.run.parts
    const own = backoff(retry, tries, ports.clock.random())
    const delayMs = Math.max(own, Math.min(retryAfterMs, retry.maxBackoffMs))
    const nowMs = ports.clock.now()
    const sinceMs = this.#log.state.step(path)?.undo?.sinceMs ?? nowMs
    return nowMs + delayMs > sinceMs + limits.compensationMs ? undefined : delayMs
  }

  get #nth(): number {
    return this.#log.state.step(this.#undoable.path)?.undo?.attempts ?? 0
  }

  /** Of several calls a failure says only that some have happened. */
  get #isCall(): boolean {
    return isCall(this.#undoable.undo.node)
  }

  get #target(): string {
    const { node } = this.#undoable.undo
    return node.kind === "call" ? writtenTarget(node.target) : node.kind
  }
}

/** What is wrong with the call itself does not become right by waiting. */
const hopeless: ReadonlySet<ErrorClass> = new Set(["denied", "input", "binding", "budget"])

const isCall = ({ kind }: Node): boolean => kind === "call" || kind === "choose"

/** A step of its own, that sees what the step saw and the step's own value. */
function undoWork({ path, undo, work, value }: Undoable, stop: Stop): Work {
  const { frame } = work.scope
  const own = value === undefined ? { status: "failed" as const } : { status: "ok" as const, value }
  const steps = new Map(frame.steps).set(work.step.id, own)
  const step: Step = {
    id: work.step.id,
    after: [],
    input: undo.input,
    node: undo.node,
    policies: undo.timeoutMs === undefined ? {} : { attemptTimeoutMs: undo.timeoutMs },
    effect: undo.effect,
  }
  return {
    run: work.run,
    step,
    // What stands inside a compensation has paths that nothing else can have.
    path: isCall(undo.node) ? `~${path}` : `~${path}~`,
    scope: { ...work.scope, frame: { ...frame, steps } },
    stop,
    deadlineMs: undefined,
    authority: work.authority,
    tally: beginTally(),
    saga: undefined,
  }
}
