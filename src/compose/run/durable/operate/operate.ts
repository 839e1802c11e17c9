import type { Fault } from "../../../../schema/fault.ts"
import type { JsonObject } from "../../../../schema/json.ts"
import type { Schemas } from "../../../../schema/validator.ts"
import { codes } from "../../outcome.ts"
import type { Clock } from "../../ports.ts"
import { resultOf } from "../../result/composition-result.ts"
import { answering, contentFaults, openQuestions } from "../answering.ts"
import type { OpEvent, PersonsAnswer, RunEvent, StoredEvent } from "../event.ts"
import { isJournalTrouble, type Journal, type Lease, RunLost } from "../journal.ts"
import type { RunChange, RunRecord } from "../record.ts"
import { RunState, wordsOf } from "../state.ts"
import type { RunStatus } from "../status.ts"
import { planOf } from "../stored-run.ts"
import { inPeace } from "./in-peace.ts"
import { type OutputSchemaOf, schemaAt } from "./plan-step.ts"
import { questionFor } from "./questions.ts"
import { stepsOf } from "./steps-of.ts"
import { type Operation, type Standing, whyNot } from "./verbs.ts"

/** What the words of an operator are held to. */
export interface Measures {
  readonly schemas: Schemas
  readonly outputSchemaOf: OutputSchemaOf
}

export interface OperateOptions extends Measures {
  readonly journal: Journal
  readonly clock: Clock
  /** Of nobody else: what it holds is given up again as a whole. */
  readonly owner: string
  /** What drives runs in this process: it has let this one come to rest. */
  readonly resting: string | undefined
  /** Notes what is about to be done, or with an error that it was not; false: it cannot be noted, and is not done. */
  readonly account: (done: Done, error?: unknown) => boolean
}

export type Operated = Done | Refused

export interface Done {
  readonly ok: true
  readonly record: RunRecord
  readonly from: RunStatus
  readonly status: RunStatus
  /** Of which step it was. */
  readonly step?: string
}

export interface Refused {
  readonly ok: false
  /** `conflict`: somebody else stepped in at the same time. */
  readonly code:
    | "not_found"
    | "not_now"
    | "not_readable"
    | "misfit"
    | "conflict"
    | "audit_unavailable"
  readonly message: string
}

/** Nobody is believed to hold a run for longer than this, should the process end in the middle. */
const leaseMs = 15_000

/** A run as the journal has it; or why it cannot be read. Rejects with a JournalTrouble. */
export async function standingOf(
  id: string,
  journal: Journal,
  nowMs: number,
): Promise<({ readonly ok: true } & Standing) | Refused> {
  const record = await journal.get(id)
  if (record === undefined) return refused("not_found", `there is no run ${id}`)
  const plan = await planOf(record, journal)
  if (plan === undefined)
    return refused("not_readable", `the plan of run ${id} is of another version of Postern`)
  const state = RunState.of(await journal.events(id))
  return { ok: true, nowMs, record, state, plan }
}

/** Why it cannot be had, as far as the run as it stands now says. */
export function refusalOf(
  operation: Operation,
  standing: Standing,
  measures: Measures,
): Refused | undefined {
  const reason = whyNot(operation, standing)
  if (reason !== undefined) return refused("not_now", reason)
  const faults = misfit(operation, standing, measures)
  if (faults === undefined) return
  const what = operation.verb === "answer" ? "content" : "output"
  const words = operation[what] === undefined ? missing[what] : `the ${what} does not fit`
  return refused("misfit", `${words}: ${faults.map(({ line }) => line).join("; ")}`)
}

const missing = {
  content: "accept needs content, as it is asked for",
  output: "skip-step needs an output here, what the step would have given",
}

/**
 * Steps in: takes the run under the next epoch, so that whoever drives it loses it first, notes what the operator wants, and
 * gives it up for the next to go on. Rejects with a JournalTrouble; nothing was done then, as far as anybody can tell.
 */
export async function operate(
  id: string,
  operation: Operation,
  options: OperateOptions,
): Promise<Operated> {
  const { journal, owner, clock, resting } = options
  const claimer = () => {
    const nowMs = clock.now()
    return { owner, nowMs, leaseUntilMs: nowMs + leaseMs, counts: false }
  }
  const given = await inPeace(id, { journal, clock, claimer, resting })
  const lease = given ?? (await journal.claim(id, { ...claimer(), force: true }))
  if (lease === undefined) return refused("conflict", `run ${id} has ended meanwhile`)
  try {
    return await underLease(lease, operation, options)
  } catch (error) {
    if (!(error instanceof RunLost)) throw error
    return refused("conflict", `somebody else stepped in at the same time; look at run ${id} again`)
  } finally {
    await released(owner, journal)
  }
}

/** Where that fails what was done is done all the same, and the lease ends by itself. */
async function released(owner: string, journal: Journal): Promise<void> {
  try {
    await journal.release(owner)
  } catch (error) {
    if (!isJournalTrouble(error)) throw error
  }
}

/** It may have gone on until it was taken. */
async function underLease(
  lease: Lease,
  operation: Operation,
  options: OperateOptions,
): Promise<Operated> {
  const { journal, clock, account } = options
  const was = await standingOf(lease.id, journal, clock.now())
  if (!was.ok) return was
  const illegal = refusalOf(operation, was, options)
  if (illegal !== undefined) return illegal
  const from = was.state.status
  const { verb } = operation
  const { events, change } =
    verb === "answer" ? answered(operation, was) : written({ ...operation, verb }, was)
  const { status } = was.state
  const step = events[0]?.step
  const done: Done = { ok: true, record: was.record, from, status, ...(step && { step }) }
  if (!account(done)) return refused("audit_unavailable", unaccountable)
  try {
    await journal.append(lease, events, change)
  } catch (error) {
    account(done, error)
    throw error
  }
  return done
}

const unaccountable =
  "the audit cannot be written now, and what nobody can account for is not done; try again when it can"

interface Written {
  readonly events: readonly StoredEvent[]
  readonly change: RunChange
}

/** What the verb comes to; the state has it already. */
function written(
  operation: Operation & Pick<OpEvent["data"], "verb">,
  standing: Standing,
): Written {
  const { verb, step = "", ...data } = operation
  const { state, record, nowMs } = standing
  const { parkedFrom } = state
  const result = verb === "abandon" ? abandonedResult(standing) : undefined
  const events: StoredEvent[] = []
  const note = (event: RunEvent) => {
    const stored: StoredEvent = { ...event, seq: state.seq + 1, atMs: nowMs }
    state.apply(stored)
    events.push(stored)
  }
  // Callers may be told why a run turned; what operators say is for operators.
  const turn = (to: RunStatus) => note({ kind: "turn", step: "", data: { to } })
  note({ kind: "op", step, data: { verb, ...data } })
  let change: RunChange = { recoveries: 0 }
  if (state.status === "waiting") {
    const unasked: PersonsAnswer = { action: "cancel", who: operation.operator }
    const answers = openQuestions(state).map(({ path }) => [path, unasked] as const)
    const answered = answering(new Map(answers), { state, record, nowMs })
    events.push(...answered.events)
    change = answered.change
  }
  if (verb === "cancel") return { events, change }
  const to = targets[verb] ?? parkedFrom ?? "running"
  turn(to)
  const isBegunAgain = targets[verb] === undefined
  const reason = isBegunAgain ? (state.whyBack ?? null) : wordsOf(operation)
  const time = isBegunAgain && to === "running" ? freshTime(standing) : {}
  return { events, change: { ...change, ...time, status: to, reason, ...(result && { result }) } }
}

const targets: { readonly [verb in Operation["verb"]]?: RunStatus } = {
  compensate: "compensating",
  abandon: "abandoned",
}

/** An answer says itself who gave it, and why. */
function answered(operation: Operation, standing: Standing): Written {
  const question = questionFor(operation.step, standing)
  if (typeof question === "string") throw new Error(`answered, although ${question}`)
  const { operator: who, reason, action = "decline", content } = operation
  const answer: PersonsAnswer = { action, who, reason, ...(content && { content }) }
  return answering(new Map([[question.path, answer]]), standing)
}

/** What was parked over night would have no time left. */
function freshTime({ record, plan, nowMs }: Standing): Pick<RunChange, "deadlineMs"> {
  const { timeoutMs } = plan.root
  return record.deadlineMs === undefined || timeoutMs === undefined
    ? {}
    : { deadlineMs: nowMs + timeoutMs }
}

/** What the callers of a run get that was given up. */
function abandonedResult({ record, state, plan, nowMs }: Standing): JsonObject {
  const steps = stepsOf(state)
  const isUndone = steps.every(({ effect }) => effect === "none")
  const error = {
    class: "cancelled",
    code: codes.cancelled,
    message: "an operator has given it up",
    ...{ step: "", attempts: 0, at: new Date(nowMs).toISOString() },
    effect: isUndone ? "none" : "done",
  } as const
  const mark = { runId: record.id, status: "abandoned", isStructured: false } as const
  return resultOf(plan, { ok: false, error, steps, notes: [] }, mark)
}

function misfit(
  operation: Operation,
  standing: Standing,
  { schemas, outputSchemaOf }: Measures,
): readonly Fault[] | undefined {
  const { verb, step = "", output, action = "decline", content } = operation
  const { plan, state } = standing
  const question = verb === "answer" ? questionFor(operation.step, standing) : ""
  if (typeof question !== "string")
    return contentFaults(question, { action, ...(content && { content }) }, schemas)
  if (verb !== "skip-step") return
  if (output !== undefined && state.step(step)?.undo !== undefined)
    return [fault("a compensation has no output")]
  const schema = schemaAt(plan.root, step, outputSchemaOf)
  if (schema === undefined || state.step(step)?.undo !== undefined) return
  return schemas.validator(schema).faults(output ?? null)
}

const fault = (line: string): Fault => ({ at: "", keyword: "output", expected: "nothing", line })

const refused = (code: Refused["code"], message: string): Refused => ({ ok: false, code, message })
