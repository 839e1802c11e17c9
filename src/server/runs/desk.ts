import type { Journal, ListFilter } from "../../compose/run/durable/journal.ts"
import {
  type Operated,
  operate,
  type Refused,
  refusalOf,
  standingOf,
} from "../../compose/run/durable/operate/operate.ts"
import type { Operation } from "../../compose/run/durable/operate/verbs.ts"
import { summaryOf, viewOf } from "../../compose/run/durable/operate/view.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { Schemas } from "../../schema/validator.ts"

export interface DeskOptions {
  /** Undefined where no run was ever kept. Throws a JournalTrouble. */
  readonly journal: () => Journal | undefined
  readonly schemas: Schemas
  readonly now: () => number
  /** A name that nobody has. */
  readonly owner: () => string
  /** What is done while nobody here drives the run. */
  readonly apart: <T>(id: string, use: () => Promise<T>) => Promise<T>
  /** An operator has stepped in: told before anything goes on. */
  readonly onOperated: (note: JsonObject) => void
  /** Drives the run from where it stands now, or leaves that to the next gateway. */
  readonly goOn: (id: string) => Promise<void>
}

export type ListAsked = Omit<ListFilter, "before"> & {
  /** The id of the last run of the page before. */
  readonly after?: string
}

/** Where operators look at durable runs and step in. All of it rejects with a JournalTrouble where there is one. */
export class RunDesk {
  readonly #options: DeskOptions

  constructor(options: DeskOptions) {
    this.#options = options
  }

  /** The youngest first. */
  async list({ after, ...filter }: ListAsked): Promise<readonly JsonObject[]> {
    const journal = this.#options.journal()
    if (journal === undefined) return []
    const last = after === undefined ? undefined : await journal.get(after)
    const runs = await journal.list({ ...filter, ...(last && { before: last }) })
    return runs.map(summaryOf)
  }

  async show(id: string): Promise<{ readonly ok: true; readonly run: JsonObject } | Refused> {
    const journal = this.#options.journal()
    if (journal === undefined) return noRun(id)
    const standing = await standingOf(id, journal, this.#options.now())
    if (!standing.ok) return standing
    return { ok: true, run: viewOf(standing, await journal.events(id)) }
  }

  /** Steps in; the run has gone on, or is left to the next gateway, when this resolves. */
  async operate(id: string, operation: Operation): Promise<Operated> {
    const { apart, goOn, journal: open, now, onOperated, owner, schemas } = this.#options
    const journal = open()
    if (journal === undefined) return noRun(id)
    const options = { journal, schemas, now, owner: owner() }
    const standing = await standingOf(id, journal, now())
    const refused = standing.ok ? refusalOf(operation, standing, schemas) : standing
    if (refused !== undefined) return refused
    const operated = await apart(id, () => operate(id, operation, options))
    if (operated.ok) onOperated(noteOf(operation, operated))
    await goOn(id)
    return operated
  }
}

const noRun = (id: string): Refused => ({
  ok: false,
  code: "not_found",
  message: `there is no run ${id}`,
})

/** For the audit: what was done, by whom and why; no value of the run. */
function noteOf(
  { verb, operator, reason, force, output, action }: Operation,
  { record, from, status, step }: Operated & { ok: true },
): JsonObject {
  const { id, tool } = record
  return {
    ...{ event: verb, run: id, tool, from, to: status, operator, reason },
    ...(step !== undefined && { step }),
    ...(action !== undefined && { action }),
    ...(force && { force }),
    ...(output !== undefined && { output: true }),
  }
}
