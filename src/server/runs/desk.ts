import type { Journal, ListFilter } from "../../compose/run/durable/journal.ts"
import {
  type Done,
  type Operated,
  operate,
  type Refused,
  refusalOf,
  standingOf,
} from "../../compose/run/durable/operate/operate.ts"
import type { OutputSchemaOf } from "../../compose/run/durable/operate/plan-step.ts"
import type { Operation } from "../../compose/run/durable/operate/verbs.ts"
import { summaryOf, viewOf } from "../../compose/run/durable/operate/view.ts"
import type { Clock } from "../../compose/run/ports.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { Schemas } from "../../schema/validator.ts"

export interface DeskOptions {
  /** Undefined where no run was ever kept. Throws a JournalTrouble. */
  readonly journal: () => Journal | undefined
  readonly schemas: Schemas
  readonly outputSchemaOf: OutputSchemaOf
  readonly clock: Clock
  /** A name that nobody has. */
  readonly owner: () => string
  /** What drives runs in this process, if something does. */
  readonly driver: string | undefined
  /** What is done while nobody here drives the run. */
  readonly apart: <T>(id: string, use: () => Promise<T>) => Promise<T>
  /** Writes for good that an operator steps in; false when it cannot: nothing is done then. */
  readonly account: (note: JsonObject) => boolean
  /** An operator has given a run up. */
  readonly onAbandoned: () => void
  /** Drives the run from where it stands now, or leaves that to the next gateway. */
  readonly goOn: (id: string) => Promise<void>
}

export type ListAsked = Omit<ListFilter, "before"> & {
  /** The id of the last run of the page before. */
  readonly after?: string
}

/**
 * Where operators look at durable runs and step in. All of it rejects with a JournalTrouble where the journal fails.
 */
export class RunDesk {
  readonly #options: DeskOptions

  constructor(options: DeskOptions) {
    this.#options = options
  }

  /** The youngest first; or what is wrong with what was asked for. */
  async list({ after, ...filter }: ListAsked): Promise<readonly JsonObject[] | string> {
    const journal = this.#options.journal()
    const last = after === undefined ? undefined : await journal?.get(after)
    if (after !== undefined && last === undefined)
      return `after: there is no run ${after} (any more); begin again with the first page`
    const runs = await journal?.list({ ...filter, ...(last && { before: last }) })
    return (runs ?? []).map(summaryOf)
  }

  async show(id: string): Promise<{ readonly ok: true; readonly run: JsonObject } | Refused> {
    const journal = this.#options.journal()
    if (journal === undefined) return noRun(id)
    const standing = await standingOf(id, journal, this.#options.clock.now())
    if (!standing.ok) return standing
    return { ok: true, run: viewOf(standing, await journal.events(id)) }
  }

  /** Steps in; when this resolves, the run has been continued, or is left to the next gateway. */
  async operate(id: string, operation: Operation): Promise<Operated> {
    const { account, apart, goOn, journal: open, clock, onAbandoned, owner, driver } = this.#options
    const { schemas, outputSchemaOf } = this.#options
    const journal = open()
    if (journal === undefined) return noRun(id)
    const options = {
      ...{ journal, schemas, outputSchemaOf, clock, owner: owner(), resting: driver },
      account: (done: Done, error?: unknown) => account(noteOf(operation, done, error)),
    }
    const standing = await standingOf(id, journal, clock.now())
    const refused = standing.ok ? refusalOf(operation, standing, options) : standing
    if (refused !== undefined) return refused
    const operated = await apart(id, () => operate(id, operation, options))
    if (operated.ok && operated.status === "abandoned") onAbandoned()
    await goOn(id)
    return operated
  }
}

const noRun = (id: string): Refused => ({
  ok: false,
  code: "not_found",
  message: `there is no run ${id}`,
})

/** For the audit: what is done, by whom and why; no value of the run. */
function noteOf(
  { verb, operator, reason, force, output, action }: Operation,
  { record, from, status, step }: Done,
  error: unknown,
): JsonObject {
  const { id, tool } = record
  return {
    ...{ event: verb, run: id, tool, from, to: status, operator, reason },
    ...(step !== undefined && { step }),
    ...(action !== undefined && { action }),
    ...(force && { force }),
    ...(output !== undefined && { output: true }),
    ...(error !== undefined && { failed: error instanceof Error ? error.message : String(error) }),
  }
}
