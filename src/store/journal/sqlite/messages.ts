import type {
  Creation,
  Journal,
  Lease,
  Stored,
  TroubleKind,
} from "../../../compose/run/durable/journal.ts"
import type { RunChange } from "../../../compose/run/durable/record.ts"
import type { Value } from "../rows.ts"
import type { SqliteOptions } from "./schema.ts"

/** What the journal is asked in its thread: what every journal is asked, with runs and events in the form in which they are written. */
interface FileJournal extends Omit<Journal, "create" | "append"> {
  /** Without the plan where the file has it; {@link PlanMissing} when it does not. */
  create(run: RunRow, plan: Stored | undefined, events: Entry | undefined): Promise<Creation>
  append(lease: Lease, events: Entry, change?: Change): Promise<void>
}

/** What is written of a run at once: its events, an array of them as JSON. */
export type Entry = string

/** A run as it is written; `values`: of its columns, in their order. */
export interface RunRow {
  readonly id: string
  readonly key: string | undefined
  readonly plan: string
  readonly values: readonly Value[]
}

export interface Change extends Omit<RunChange, "result"> {
  /** As JSON. */
  readonly result: string | undefined
  /** Undefined: as it was. */
  readonly updatedMs: number | undefined
}

/** What goes through the thread. */
export type Method = Exclude<
  {
    [M in keyof FileJournal]: FileJournal[M] extends (...args: never[]) => unknown ? M : never
  }[keyof FileJournal],
  undefined
>

export type Args = { readonly [M in Method]: Parameters<FileJournal[M]> }
export type Results = { readonly [M in Method]: Awaited<ReturnType<FileJournal[M]>> }
/** In the thread nothing waits: the disk is waited for by all that were asked together. */
export type Methods = { readonly [M in Method]: (...args: Args[M]) => Results[M] }

/** Messages are arrays of these. */
export type Ask<M extends Method = Method> = readonly [id: number, method: M, args: Args[M]]

/**
 * Messages are JSON texts of {@link Answers}, so that there is an end to how long they are. In any order; what is undefined
 * comes as null: no method answers with null.
 */
export type Answer =
  | readonly [id: number, value: unknown]
  | readonly [id: number, value: null, refusal: Refusal]

export type Refusal =
  | { readonly is: "trouble"; readonly kind: TroubleKind; readonly message: string }
  /** Another owner has the run. */
  | { readonly is: "lost"; readonly run: string }
  /** A run was to be begun without its plan, and the file does not have the plan. */
  | { readonly is: "planless" }
  | { readonly is: "bug"; readonly message: string; readonly stack: string | undefined }

/** What came together, and how the file stands then. */
export interface Answers {
  readonly answers: readonly Answer[]
  readonly trouble: Pick<Refusal & { readonly is: "trouble" }, "kind" | "message"> | undefined
}

/** What the thread begins with. */
export interface ThreadData {
  readonly file: string
  /** Of the file as it was opened: another one in its place is not written. */
  readonly inode: bigint | undefined
  readonly options: SqliteOptions
}

/** The file does not have the plan of a run, nor was it given. */
export class PlanMissing extends Error {
  override readonly name = "PlanMissing"
}
