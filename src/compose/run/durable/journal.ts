import type { Json } from "../../../schema/json.ts"
import type { StoredEvent } from "./event.ts"
import type { NewRun, RunChange, RunRecord, Tombstone } from "./record.ts"
import type { RunStatus } from "./status.ts"

/** What a journal is given to keep. */
export type Stored = Json

/**
 * Where durable runs are remembered. Whatever a promise of it has resolved for is there after a crash, whole or not at
 * all. `test/store/journal-contract.ts` says the rest, and every implementation passes it.
 *
 * All of it rejects with {@link JournalTrouble} while the journal cannot be used: nothing was changed then, as far as
 * anybody can tell, and the same may be asked again (events have their places, so that they cannot be written twice).
 */
export interface Journal {
  /**
   * Begins a run under epoch 1, together with what is known of it by then; or says which run has its key already, and then
   * nothing is written.
   */
  create(run: NewRun, plan: Stored, owner: Owner, first?: Writing): Promise<Creation>
  /**
   * Writes events and the change in one. Events stand where their `seq` says; those that stand there already are left
   * as they are. Rejects with {@link RunLost}, and writes nothing, when the epoch of the run is another one.
   */
  append(run: Lease, events: readonly StoredEvent[], change?: RunChange): Promise<void>
  /**
   * Takes a run over, under the next epoch: one that has no owner, whose lease is over, or that is the owner's own.
   * `counts`: as a recovery. `force`: also from a living owner, which loses it. Undefined when it cannot be had.
   */
  claim(id: string, owner: Owner & Claim): Promise<Lease | undefined>
  /** Prolongs the leases of all that the owner has. */
  renew(owner: Owner): Promise<void>
  /** Gives up all that the owner has, or asks for: others may claim it at once. */
  release(owner: string): Promise<void>

  get(id: string): Promise<RunRecord | undefined>
  /** By what a second call attaches by. */
  find(key: string): Promise<RunRecord | Tombstone | undefined>
  /** From the first, in the order of `seq`. */
  events(id: string): Promise<readonly StoredEvent[]>
  /** The plan with this digest, as it was given. */
  plan(digest: string): Promise<Stored | undefined>
  /** Open runs that `claim` would give to this owner, the oldest first. */
  claimable(owner: string, nowMs: number, max: number): Promise<readonly string[]>
  /** The youngest first. */
  list(filter: ListFilter): Promise<readonly RunRecord[]>
  /** Those of them that stand otherwise than they were seen. */
  moved(seen: readonly Seen[]): Promise<readonly string[]>
  counts(): Promise<JournalCounts>

  /**
   * What must happen once, whoever asks: takes the key for this run and path, or says whose it is. Taking it again for
   * the same run and path is taking it.
   */
  takeOnce(key: string, taker: OnceTaker): Promise<OnceTaken>
  /** Keeps the outcome under the key until then; undefined outcome: it was not done, and the key is free again. */
  settleOnce(key: string, taker: OnceTaker, outcome: Stored | undefined): Promise<void>

  /** Forgets runs that ended before `endedBeforeMs` but for their keys, and those before `buriedBeforeMs` altogether. */
  purge(retention: Retention): Promise<number>
  /** Undefined where one process has the journal for itself. */
  readonly handover?: Handover
  /** What was written of runs after these places, in order, without its data. Undefined where there are no others to follow. */
  headersAfter?(places: readonly EventPlace[]): Promise<readonly EventHeader[]>
  /** Why it cannot be used now; undefined when it can, as far as it knows. */
  readonly trouble: JournalTrouble | undefined
  /** Tries whether it can be used again. */
  check(): Promise<void>
  close(): Promise<void>
}

/** How a run goes from one living process to another, with the outcome of what was under way. */
export interface Handover {
  /** Asks whoever drives the run to give it to this owner. */
  ask(id: string, to: Owner): Promise<void>
  /** Runs of this owner that others ask for. */
  asked(owner: string): Promise<readonly string[]>
  /** The owner gives the run to whoever asks for it, if somebody does. */
  give(id: string, owner: string): Promise<void>
}

/** Events, and what they change. */
export interface Writing {
  readonly events: readonly StoredEvent[]
  readonly change?: RunChange
}

/** Who drives runs, and until when others may be sure of it. */
export interface Owner {
  readonly owner: string
  /** Undefined: until it gives them up. */
  readonly leaseUntilMs: number | undefined
  readonly nowMs: number
}

export interface Claim {
  readonly counts: boolean
  readonly force?: true
}

/** The right to write to a run. */
export interface Lease {
  readonly id: string
  readonly epoch: number
}

/** How somebody has seen a run stand: what becomes of it later, but for the progress of its steps, changes one of these. */
export type Seen = Pick<RunRecord, "id" | "epoch" | "status">

/** After the event with this `seq`; 0: from the first. */
export interface EventPlace {
  readonly run: string
  readonly seq: number
}

export type EventHeader = EventPlace & Pick<StoredEvent, "step" | "kind">

export type Creation =
  | { readonly isNew: true; readonly lease: Lease }
  | { readonly isNew: false; readonly run: RunRecord | Tombstone }

export interface ListFilter {
  readonly status?: readonly RunStatus[]
  readonly tool?: string
  /** Begun before, or then with a smaller id: the last of the page before. */
  readonly before?: { readonly createdMs: number; readonly id: string }
  readonly max: number
}

/** Of runs that have no end yet: of the others there may be millions. */
export interface JournalCounts {
  readonly byStatus: { readonly [status in RunStatus]?: number }
  /** When the oldest began that has no end yet. */
  readonly oldestOpenMs: number | undefined
}

export interface Retention {
  readonly endedBeforeMs: number
  readonly buriedBeforeMs: number
}

export interface OnceTaker {
  readonly run: string
  readonly step: string
  /** Whose outcome it is: nobody else is given it. */
  readonly scope: string
  /** When the key is free again; undefined: never. */
  readonly untilMs: number | undefined
  readonly nowMs: number
}

export type OnceTaken =
  | { readonly is: "taken" }
  /** Another one is at it. */
  | { readonly is: "underway"; readonly run: string }
  | { readonly is: "settled"; readonly scope: string; readonly outcome: Stored }

/** Somebody else drives the run now: whoever gets this stops at once, sends nothing and answers nothing from it. */
export class RunLost extends Error {
  override readonly name = "RunLost"
  readonly run: string

  constructor(run: string) {
    super(`run ${run} belongs to another owner now`)
    this.run = run
  }
}

/** What keeps a journal from being used. */
export type TroubleKind =
  | "full"
  | "busy"
  | "io"
  | "corrupt"
  | "read-only"
  | "forbidden"
  | "missing"
  | "unreachable"
  | "closed"
  | "other"

export class JournalTrouble extends Error {
  override readonly name = "JournalTrouble"
  readonly kind: TroubleKind

  constructor(message: string, options: ErrorOptions & { readonly kind: TroubleKind }) {
    super(message, options)
    this.kind = options.kind
  }
}

/** Whether the journal is to blame. */
export const isJournalTrouble = (error: unknown): error is JournalTrouble =>
  error instanceof JournalTrouble
