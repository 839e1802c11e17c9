import {
  answering,
  contentFaults,
  type OpenQuestion,
  openQuestions,
} from "../../../compose/run/durable/answering.ts"
import type { PersonsAnswer } from "../../../compose/run/durable/event.ts"
import { RunLost } from "../../../compose/run/durable/journal.ts"
import { RunState } from "../../../compose/run/durable/state.ts"
import { isOpen } from "../../../compose/run/durable/status.ts"
import type { Fault } from "../../../schema/fault.ts"
import type { Schemas } from "../../../schema/validator.ts"
import type { DurableRuns, LiveRun, OriginOf, Taken } from "./durable-runs.ts"

/** What somebody answers to a question of a run. */
export interface ToAnswer {
  readonly id: string
  /** Of the step that asks. */
  readonly path: string
  readonly answer: PersonsAnswer
  readonly schemas: Schemas
}

/** What came of an answer. */
export type AnswerTaken =
  | { readonly is: "taken"; readonly live: LiveRun }
  /** Such a run there is not. */
  | { readonly is: "unknown" }
  /** Nobody is asked that now: it was answered, or its time is up. */
  | { readonly is: "over" }
  /** It is not what was asked for; the run waits on. */
  | { readonly is: "misfit"; readonly faults: readonly Fault[] }

/** What a run asks now; undefined where there is no such run. Rejects with a {@link JournalTrouble}. */
export async function questionsOf(
  { journal, clock }: DurableRuns,
  id: string,
): Promise<readonly OpenQuestion[] | undefined> {
  const record = await journal.get(id)
  if (record?.status !== "waiting") return record && []
  const nowMs = clock.now()
  const open = openQuestions(RunState.of(await journal.events(id)))
  return open.filter(({ untilMs }) => untilMs > nowMs)
}

/**
 * A person has answered what the step at this path asks, and the run goes on with it, here. Only the first answer in
 * the journal counts. Rejects with a {@link JournalTrouble}: then nothing is known to have been answered.
 */
export const answer = (
  runs: DurableRuns,
  given: ToAnswer,
  originOf: OriginOf,
): Promise<AnswerTaken> => runs.inTurn(given.id, () => answerNow(runs, given, originOf))

async function answerNow(
  runs: DurableRuns,
  { id, path, answer: said, schemas }: ToAnswer,
  originOf: OriginOf,
): Promise<AnswerTaken> {
  const questions = await questionsOf(runs, id)
  if (questions === undefined) return { is: "unknown" }
  const question = questions.find((one) => one.path === path)
  if (question === undefined || runs.isClosing) return { is: "over" }
  const faults = contentFaults(question, said, schemas)
  if (faults !== undefined) return { is: "misfit", faults }
  await runs.live(id)?.ended // it has asked, so it is about to come to rest
  // Whoever has it leaves it alone as long as it waits.
  const taken = await runs.take(id, { counts: false, force: true })
  if (taken === undefined || runs.live(id) !== undefined) return { is: "over" }
  const { state } = taken
  if (!openQuestions(state).some((one) => one.path === path)) {
    // Another process was first, and has lost it now.
    if (isOpen(state.status) && state.status !== "waiting")
      runs.goOn(taken, originOf, { counts: false })
    return { is: "over" }
  }
  try {
    const live = await answered(runs, taken, new Map([[path, said]]), originOf)
    return { is: "taken", live }
  } catch (error) {
    if (error instanceof RunLost) return { is: "over" }
    throw error
  }
}

/** Writes what was answered, by path, and drives the run from there. */
export async function answered(
  runs: DurableRuns,
  taken: Taken,
  answers: ReadonlyMap<string, PersonsAnswer>,
  originOf: OriginOf,
): Promise<LiveRun> {
  const { state, record, lease } = taken
  const { events, change } = answering(answers, { state, record, nowMs: runs.clock.now() })
  await runs.journal.append(lease, events, change)
  const now = { ...record, ...(await runs.journal.get(record.id)) }
  return runs.goOn({ ...taken, record: now }, originOf, { counts: false })
}
