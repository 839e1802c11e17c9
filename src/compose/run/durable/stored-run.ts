import type { Plan } from "../../plan/plan.ts"
import type { Journal } from "./journal.ts"
import type { RunRecord } from "./record.ts"
import { RunState } from "./state.ts"

/** All that the journal has of a run. */
export interface StoredRun {
  readonly plan: Plan
  readonly record: RunRecord
  readonly state: RunState
}

/** Of a run that is there. Rejects with a JournalTrouble; where it has been lost, or is of another version, for a bug. */
export async function storedRun(id: string, journal: Journal): Promise<StoredRun> {
  const record = await journal.get(id)
  if (record === undefined) throw new Error(`the run journal has lost run ${id}`)
  const plan = await planOf(record, journal)
  if (plan === undefined) throw new Error(`the plan of run ${id} is not understood`)
  return { plan, record, state: RunState.of(await journal.events(id)) }
}

/** What the run is pinned to; undefined where another version of Postern has written it. */
export async function planOf(
  { plan: digest }: Pick<RunRecord, "plan">,
  journal: Journal,
): Promise<Plan | undefined> {
  const plan = (await journal.plan(digest)) as Partial<Plan> | undefined
  return plan?.language === 1 ? (plan as Plan) : undefined // as it was written, pinned by its digest
}
