import { isAnswered, notSent, type StepError } from "../outcome.ts"
import { around, isInCompensation } from "../paths.ts"
import type {
  BeginEvent,
  CancelEvent,
  OpEvent,
  RunEvent,
  StoredEvent,
  Timed,
  TurnEvent,
} from "./event.ts"
import { checkTransition, isTerminal, type RunStatus } from "./status.ts"
import { checkMove, pending, type StepState, type UndoState } from "./step-state.ts"

/** Why a saga went back, and since when. */
interface Back {
  readonly error: StepError | undefined
  readonly reason: string | undefined
  readonly atMs: number
}

/** That a run is not wanted any more. */
export interface Cancelled {
  readonly by: "caller" | "operator"
  readonly words: string
}

/**
 * What the events of a run add up to. One fold, the same while the run lives and when it is recovered: there is nothing
 * else that a run goes by. Throws for events that cannot follow those before: a bug, or a journal that somebody changed.
 */
export class RunState {
  #status: RunStatus = "running"
  #parkedFrom: RunStatus | undefined
  /** What it was parked for. */
  #parkedError: StepError | undefined
  #seq = 0
  #isForcedBack = false
  /** An operator's, who had it go back. */
  #backWords: string | undefined
  #cancelled: Cancelled | undefined
  #waitingSinceMs: number | undefined
  readonly #steps = new Map<string, StepState>()
  /** By what has a time of its own. */
  readonly #until = new Map<string, number>()
  readonly #backs = new Map<string, Back>()
  /** By path, where it was last said how something of it ended. */
  readonly #ends = new Map<string, number>()

  /** Of a run that is read from its journal. */
  static of(events: Iterable<StoredEvent>): RunState {
    const state = new RunState()
    for (const event of events) state.apply(event)
    return state
  }

  get status(): RunStatus {
    return this.#status
  }

  get parkedFrom(): RunStatus | undefined {
    return this.#parkedFrom
  }

  /** The place of the last event. */
  get seq(): number {
    return this.#seq
  }

  /** An operator has it compensated although it is past its pivot. */
  get isForcedBack(): boolean {
    return this.#isForcedBack
  }

  /** By whom it is not wanted any more, and so in words. */
  get cancelled(): Cancelled | undefined {
    return this.#cancelled
  }

  /** Of a run that waits for a person: since when. */
  get waitingSinceMs(): number | undefined {
    return this.#waitingSinceMs
  }

  /** When the time of the graph, or of the step, at this path is over, if it has one of its own and was begun. */
  untilOf(path: string, of: Timed): number | undefined {
    return this.#until.get(timed(of, path))
  }

  /** By path, in the order in which they were first heard of. */
  get steps(): ReadonlyMap<string, Readonly<StepState>> {
    return this.#steps
  }

  step(path: string): Readonly<StepState> | undefined {
    return this.#steps.get(path)
  }

  /** The place of the last event that said how something of this step ended; undefined when none did. */
  endSeq(path: string): number | undefined {
    return this.#ends.get(path)
  }

  /** Why the saga at this path goes back, if it does. */
  backOf(saga: string): Back | undefined {
    return this.#backs.get(saga)
  }

  /** Why the run goes back, for operators, also after it was parked meanwhile. */
  get whyBack(): string | undefined {
    return this.#backWords ?? this.#backs.get("")?.reason
  }

  /** Whether a saga that the path is in goes back; what belongs to compensations is in none. */
  isBack(path: string): boolean {
    if (this.#backs.size === 0 || isInCompensation(path)) return false
    for (const saga of this.#backs.keys()) if (saga === "" || isInside(path, saga)) return true
    return false
  }

  apply(event: StoredEvent): void {
    if (event.seq !== this.#seq + 1)
      throw new Error(`event ${event.seq} of a run comes after event ${this.#seq}`)
    if (isTerminal(this.#status)) throw new Error(`${event.kind} in a run that is ${this.#status}`)
    if (event.kind === "turn") this.#turn(event, event.atMs)
    else if (event.kind === "op") this.#operate(event, event)
    else if (event.kind === "begin")
      this.#until.set(timed(event.data.of ?? "graph", event.step), event.data.untilMs)
    else if (event.kind === "cancel") this.#cancelled = byCaller
    else this.#advance(event, event)
    this.#seq = event.seq
  }

  #turn({ step, data }: TurnEvent & { step: string }, atMs: number): void {
    const { to, error, reason } = data
    if (step === "") {
      checkTransition(this.#status, to, this.#parkedFrom)
      this.#parkedFrom = to === "parked" ? this.#status : undefined
      this.#parkedError = to === "parked" ? error : undefined
      if (to === "running") this.#prolong(atMs)
      this.#waitingSinceMs = to === "waiting" ? atMs : undefined
      this.#status = to
    } else if (to !== "compensating" || this.#backs.has(step))
      throw new Error(`the saga at ${step} cannot become ${to}`)
    if (to === "compensating" && !this.#backs.has(step))
      this.#backs.set(step, { error, reason, atMs })
  }

  /** After an answer all has as much time as before the question; after an operator, all of it. */
  #prolong(nowMs: number): void {
    const { waitingSinceMs } = this
    if (waitingSinceMs === undefined) this.#until.clear()
    else for (const [what, ms] of this.#until) this.#until.set(what, ms + nowMs - waitingSinceMs)
  }

  #advance(event: Exclude<RunEvent, OfTheRun>, { seq, atMs }: StoredEvent): void {
    const state = this.#steps.get(event.step) ?? pending()
    checkMove(event, state)
    if (event.kind === "intent" && state.standing !== "unknown" && this.isBack(event.step))
      throw new Error(`${event.step} begins, and what it is in goes back`)
    this.#steps.set(event.step, state)
    fold(state, event, { seq, atMs })
    if (state.endSeq === seq) this.#ended(event.step, seq)
  }

  #ended(step: string, seq: number): void {
    for (let path: string | undefined = step; path !== undefined; path = around(path))
      this.#ends.set(path, seq)
  }

  #operate({ step, data }: OpEvent & { step: string }, { seq, atMs }: StoredEvent): void {
    switch (data.verb) {
      case "resume":
        if (this.#parkedError !== undefined) this.#again(this.#parkedError.step, data.verb)
        for (const path of this.#steps.keys()) this.#undoAgain(path, atMs)
        return
      case "retry-step":
        if (!this.#undoAgain(step, atMs)) this.#again(step, data.verb)
        return
      case "skip-step":
        this.#force(step, data, seq)
        return
      case "compensate":
        this.#isForcedBack = data.force === true
        this.#backWords = wordsOf(data)
        // An operator who goes back takes what nobody knows for done.
        for (const state of this.#steps.values())
          if (state.standing === "unknown") state.settled ??= { as: "done", by: "assumption" }
        return
      case "cancel":
        this.#cancelled = byOperator
        return
      case "abandon":
    }
  }

  /** The step is called once more, with the same key. What nobody knows stays unknown until that is answered. */
  #again(path: string, verb: "resume" | "retry-step"): void {
    const state = this.#steps.get(path)
    if (state === undefined || (state.standing !== "failed" && state.standing !== "unknown")) return
    const isUnknown = state.standing === "unknown"
    if (!isUnknown) state.standing = "pending"
    state.unknowns = isUnknown ? 1 : 0
    state.settled = undefined
    state.again = verb
  }

  #undoAgain(path: string, atMs: number): boolean {
    const undo = this.#steps.get(path)?.undo
    if (undo === undefined || undo.standing === "undone") return false
    undo.standing = "undoing"
    undo.attemptsBefore = undo.attempts
    undo.sinceMs = atMs
    return true
  }

  #force(path: string, { output }: OpEvent["data"], seq: number): void {
    const state = this.#steps.get(path) ?? pending()
    this.#steps.set(path, state)
    if (state.undo !== undefined && state.undo.standing !== "undone") {
      state.undo.standing = "undone"
      return
    }
    state.standing = "done"
    state.isForced = true
    state.again = undefined
    state.value = output
    state.effect = "done"
    state.endSeq = seq
    this.#ended(path, seq)
  }
}

const timed = (of: Timed, path: string): string => `${of} ${path}`

/** What is about no step of it. */
type OfTheRun = BeginEvent | TurnEvent | CancelEvent | OpEvent

/** What an operator said, for others. */
export const wordsOf = ({ operator, reason }: Pick<OpEvent["data"], "operator" | "reason">) =>
  `${operator}: ${reason}`

export const byCaller: Cancelled = { by: "caller", words: "cancelled by the caller" }
/** The reason is none of the caller's business. */
const byOperator: Cancelled = { by: "operator", words: "an operator has cancelled it" }

const isInside = (path: string, around: string): boolean => {
  if (!path.startsWith(around)) return false
  const next = path[around.length]
  return next === "/" || next === "["
}

interface Place {
  readonly seq: number
  readonly atMs: number
}

function fold(state: StepState, event: Exclude<RunEvent, OfTheRun>, { seq, atMs }: Place): void {
  switch (event.kind) {
    case "intent":
      state.standing = "started"
      state.settled = undefined
      state.again = undefined
      state.attempts = event.attempt
      return
    case "ok":
      state.standing = "done"
      state.value = event.data.value
      state.effect = event.data.effect
      state.endSeq = seq
      return
    case "fail":
      state.attempts = Math.max(state.attempts, event.attempt)
      foldFailure(state, event, seq)
      return
    case "unknown":
      state.standing = "unknown"
      state.problem = event.data
      state.endSeq = seq
      state.unknowns++
      return
    case "settle":
      state.settled = event.data
      if (event.data.as === "done") state.endSeq = seq
      else state.unknowns = 0
      return
    case "skip":
      state.standing = "skipped"
      state.skipped = event.data.why
      return
    case "ask":
      state.standing = "waiting"
      state.asked = event.data
      return
    case "answer":
      state.standing = event.data.action === "accept" ? "done" : "failed"
      state.answered = event.data
      if (event.data.content !== undefined) state.value = event.data.content
      state.endSeq = seq
      return
    default:
      foldUndo(state, event, atMs)
  }
}

/** What nobody knew stays unknown until the backend itself has said what became of it. */
function foldFailure(state: StepState, { data }: RunEvent & { kind: "fail" }, seq: number): void {
  const { error } = data
  if (state.unknowns > 0 && !isAnswered({ ok: false, error })) {
    state.standing = "unknown"
    return
  }
  state.standing = error.code === notSent ? "pending" : "failed"
  state.problem = data
  state.unknowns = 0
  state.endSeq = seq
}

const begunUndo = (sinceMs: number): UndoState => ({
  standing: "undoing",
  attempts: 0,
  attemptsBefore: 0,
  error: undefined,
  sinceMs,
})

function foldUndo(
  state: StepState,
  event: RunEvent & { kind: "undo" | "undone" | "undofail" },
  atMs: number,
): void {
  const undo = state.undo ?? begunUndo(atMs)
  state.undo = undo
  if (event.kind === "undo") undo.attempts = event.attempt
  else if (event.kind === "undone") undo.standing = "undone"
  else {
    undo.error = event.data.error
    if (event.data.final) undo.standing = "stuck"
  }
}
