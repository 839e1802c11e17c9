import type { Plan } from "../../../compose/plan/plan.ts"
import { Cancellation } from "../../../compose/run/cancellation.ts"
import { openQuestions } from "../../../compose/run/durable/answering.ts"
import { type Drive, DurableRun, type Revoked } from "../../../compose/run/durable/drive.ts"
import type { PersonsAnswer } from "../../../compose/run/durable/event.ts"
import { inputDigest } from "../../../compose/run/durable/input-digest.ts"
import type {
  Claim,
  Journal,
  JournalTrouble,
  Lease,
  Owner,
  Seen,
} from "../../../compose/run/durable/journal.ts"
import { type NewRun, newRecord, type RunRecord } from "../../../compose/run/durable/record.ts"
import type { Beginning } from "../../../compose/run/durable/run-writer.ts"
import { RunState } from "../../../compose/run/durable/state.ts"
import { isOpen } from "../../../compose/run/durable/status.ts"
import { type StoredRun, storedRun } from "../../../compose/run/durable/stored-run.ts"
import type { RunLimits } from "../../../compose/run/limits.ts"
import type { Clock } from "../../../compose/run/ports.ts"
import type { PolicyState } from "../../../compose/run/state/policy-state.ts"
import type { Reason } from "../../../compose/run/stop.ts"
import type { Catalog, CatalogTool } from "../../../registry/catalog.ts"
import type { Json } from "../../../schema/json.ts"
import type { InsideLine, Way } from "../../call.ts"
import type { Caller } from "../../caller.ts"
import type { Full } from "../../shares.ts"
import { createInvoke } from "../invoke.ts"
import type { Teller } from "../teller.ts"
import { answered } from "./answer.ts"
import { Audience } from "./audience.ts"
import { IdleRuns, type Whose } from "./idle-runs.ts"
import { Leases, type LeasesOptions } from "./leases.ts"
import { OpenRuns } from "./open-runs.ts"
import { withdrawnFrom } from "./principal.ts"
import { durableResult, faultOf } from "./results.ts"
import { type Follower, type Look, RunWatch } from "./run-watch.ts"
import { rested, Turns } from "./turns.ts"

export interface DurableRunsOptions extends LeasesOptions {
  /** Opened when it is first needed. Throws a {@link JournalTrouble}. */
  readonly journal: () => Journal
  /** Whether there can be runs at all: where there never was one, no journal is opened to look. */
  readonly isKept: () => boolean
  readonly policies: PolicyState
  readonly limits: RunLimits
  /** Runs that this process drives at a time. */
  readonly openMax: number
  /** Of one caller, with those that wait for a person. */
  readonly openPerCallerMax: number
  readonly onEnded: (run: RunRecord, drive: Drive) => void
  readonly onRecovered: (run: RunRecord) => void
  /** A bug ended a drive; the run stays in the journal, and is tried again. */
  readonly onBug: (id: string, error: unknown) => void
}

/** One that is driven here. */
export interface LiveRun {
  /** As it was when this process took it. */
  readonly record: RunRecord
  readonly status: () => RunState["status"]
  readonly ended: Promise<Drive>
  readonly audience: Audience
  readonly cancel: (reason: Reason) => void
  /** The same, and written down: whoever began it no longer wants it. */
  readonly revoke: (who: string) => Promise<Revoked>
}

type Driven = LiveRun & { readonly run: DurableRun }

/** What a run needs of the call that began it, or of what replaces that call when the run is recovered. */
export interface Origin {
  readonly way: Way
  readonly caller: Caller
  readonly inside: InsideLine
  readonly tool: CatalogTool | undefined
  /** Hears how it goes from the beginning. */
  readonly teller?: Teller
  /** Hears what became of the drive. */
  readonly onRest?: ((status: Drive["status"]) => void) | undefined
}

/** The durable runs of one gateway: those that it drives, and the way to the others. */
export class DurableRuns {
  readonly #options: DurableRunsOptions
  readonly #live = new Map<string, Driven>()
  readonly #open: OpenRuns
  readonly #idle = new IdleRuns()
  /** Runs that are being read, claimed and begun again: one at a time for each run. */
  readonly #turns = new Turns()
  readonly #watch: RunWatch
  readonly #leases: Leases
  /** In use now. */
  #catalog: Catalog | undefined
  #isClosing = false

  constructor(options: DurableRunsOptions) {
    this.#options = options
    this.#open = new OpenRuns(options)
    this.#leases = new Leases(options)
    const { journal, clock, leaseMs } = options
    this.#watch = new RunWatch({ journal, clock, isShared: leaseMs !== undefined })
  }

  get journal(): Journal {
    return this.#options.journal()
  }

  /** The run with this id, whoever's it is. Rejects with a {@link JournalTrouble}. */
  async find(id: string): Promise<RunRecord | undefined> {
    return this.#options.isKept() ? this.journal.get(id) : undefined
  }

  get clock(): Clock {
    return this.#options.clock
  }

  /** How many are driven here. */
  get size(): number {
    return this.#live.size
  }

  /** Those with the ones that it has, and that wait. */
  get open(): number {
    return this.#open.size
  }

  get isClosing(): boolean {
    return this.#isClosing
  }

  get hasRoom(): boolean {
    return this.#live.size < this.#options.openMax && !this.#isClosing
  }

  /** What keeps another run of this caller from being begun: those that wait for a person count, too. */
  full(principal: string): Full | undefined {
    return this.#isClosing ? "all" : this.#open.full(principal)
  }

  /** Some of those that wait for a person, as this process left them; the next time others. */
  someWaiting(max: number): readonly Seen[] {
    return this.#idle.some(max)
  }

  /** Runs of this process that somebody has to go on with. */
  get due(): readonly string[] {
    return this.#idle.due(this.clock.now())
  }

  /** Whether there is nothing to do about an open run: it is driven here, or waits for a person who still has time. */
  isLookedAfter(id: string): boolean {
    return this.#live.has(id) || this.#idle.isWaiting(id, this.clock.now())
  }

  live(id: string): LiveRun | undefined {
    return this.#live.get(id)
  }

  /** For those who wait for a run that is not driven here, or waits for a person. To be closed. */
  look(id: string, follower?: Follower): Look {
    return this.#watch.look(id, follower)
  }

  /** Begins a run, or says which one has its key. Rejects with a {@link JournalTrouble}: nothing was called then. */
  async begin(
    run: Omit<NewRun, "inputDigest" | "createdMs" | "deadlineMs">,
    plan: Plan,
    origin: Origin,
  ) {
    const createdMs = this.clock.now()
    const owner = this.ownership()
    const { timeoutMs } = plan.root
    const whole: NewRun = {
      ...run,
      inputDigest: inputDigest(run.input),
      createdMs,
      ...(timeoutMs !== undefined && { deadlineMs: createdMs + timeoutMs }),
    }
    const record = newRecord(whole, owner)
    const live = this.#drive(
      {
        ...{ plan, record, state: new RunState(), isRecovered: false, takenMs: owner.nowMs },
        // Plans are plain JSON by their types.
        beginning: { run: whole, plan: plan as unknown as Json, owner },
      },
      { id: run.id, epoch: record.epoch },
      origin,
    )
    const created = await live.run.begun
    if (created.isNew) return { isNew: created.isNew, live }
    if (origin.teller !== undefined) live.audience.remove(origin.teller)
    return created
  }

  /**
   * Takes a run over and drives it from where it stands. `counts`: as a recovery. Undefined where it cannot be claimed,
   * is driven here already, has ended, or waits for a person who still has time.
   */
  resume(id: string, originOf: OriginOf, { counts = true } = {}): Promise<LiveRun | undefined> {
    return this.inTurn(id, () => this.#resume(id, originOf, counts))
  }

  async #resume(id: string, originOf: OriginOf, counts: boolean): Promise<LiveRun | undefined> {
    if (this.#live.has(id) || this.#isClosing) return
    const taken = await this.take(id, { counts })
    if (taken === undefined || this.#live.has(id)) return
    const { state } = taken
    if (!isOpen(state.status)) return void this.waitsNoMore(id) // an operator is to go on with it, or nobody
    if (state.status !== "waiting" || state.cancelled !== undefined)
      return this.goOn(taken, originOf, { counts })
    // Nobody is asked any more for whom it may not go forward.
    if (this.#isWithdrawn(taken.record)) return answered(this, taken, new Map(), originOf)
    const nowMs = this.clock.now()
    const late = openQuestions(state).filter(({ untilMs }) => untilMs <= nowMs)
    if (late.length === 0) return void this.#wait(taken.record, state)
    const timeout: PersonsAnswer = { action: "timeout", who: "" }
    return answered(this, taken, new Map(late.map(({ path }) => [path, timeout])), originOf)
  }

  /** Of one run one thing after the other. */
  inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    return this.#turns.take(id, work)
  }

  /** The right to drive it, and what the journal has of it; undefined where it cannot be claimed. */
  async take(id: string, claim: Claim): Promise<Taken | undefined> {
    const owner = this.ownership()
    const lease = await this.journal.claim(id, { ...owner, ...claim })
    if (lease === undefined) return void this.waitsNoMore(id)
    this.#idle.leave(id) // until it is driven, or waits
    const run = await storedRun(id, this.journal)
    return { ...run, isRecovered: true, takenMs: owner.nowMs, lease }
  }

  /** Drives what was taken. */
  goOn(taken: Taken, originOf: OriginOf, { counts }: { readonly counts: boolean }): LiveRun {
    const { record, plan } = taken
    const origin = originOf(record, plan)
    if (counts) this.#options.onRecovered(record)
    return this.#drive(taken, taken.lease, origin)
  }

  #wait(record: RunRecord, state: RunState): void {
    const { id, epoch, tool, principal } = record
    const untilMs = Math.min(...openQuestions(state).map((question) => question.untilMs))
    this.#idle.wait({ id, epoch, status: state.status }, { tool, principal }, untilMs)
    this.#open.add(record)
  }

  /** One that waited was taken by somebody else, or is about to be driven. */
  waitsNoMore(id: string): void {
    this.#idle.forget(id)
    if (!this.#live.has(id)) this.#open.delete(id)
  }

  /** What was withdrawn from does not go forward any more, nor wait for anybody. */
  accept(catalog: Catalog): void {
    this.#catalog = catalog
    for (const live of this.#live.values()) this.#withdraw(live, catalog)
    this.#idle.leaveAll((whose) => this.#isWithdrawn(whose))
  }

  #isWithdrawn(whose: Whose): boolean {
    return this.#catalog !== undefined && withdrawnFrom(whose, this.#catalog) !== undefined
  }

  #withdraw({ record, cancel }: Pick<LiveRun, "record" | "cancel">, catalog: Catalog): void {
    const reason = withdrawnFrom(record, catalog)
    if (reason !== undefined) cancel({ class: "cancelled", message: reason })
  }

  /** Brings a run that is driven here to rest while `use` steps in: calls in flight have this long to end. */
  resting<T>(id: string, graceMs: number, use: () => Promise<T>): Promise<T> {
    return this.inTurn(id, async () => {
      const live = this.#live.get(id)
      if (live !== undefined) await rested(live, graceMs, this.clock)
      this.waitsNoMore(id)
      try {
        return await use()
      } finally {
        this.#watch.moved(id)
      }
    })
  }

  /** Begins nothing any more; calls in flight have this long to end. Then all runs are left to whoever comes next. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    const reason: Reason = { class: "cancelled", message: "the gateway is shutting down" }
    for (const { run } of this.#live.values()) run.rest(reason)
    const patience = new Cancellation()
    const all = Promise.allSettled([...this.#live.values()].map(({ ended }) => ended))
    this.#watch.allMoved()
    await Promise.race([all, this.clock.sleep(graceMs, patience)])
    patience.cancel()
    for (const { run } of this.#live.values()) run.leave(reason)
    await all
  }

  /** Whoever drives a run here from now on. */
  ownership(): Owner {
    return this.#leases.ownership()
  }

  /** Prolongs the leases of all that is driven here. Rejects with a {@link JournalTrouble}. */
  renew(): Promise<void> {
    return this.#leases.renew()
  }

  #drive(
    { plan, record, state, isRecovered, takenMs, beginning }: Begun,
    lease: Lease,
    { way, caller, inside, tool, teller, onRest }: Origin,
  ): Driven {
    const { clock, policies, limits } = this.#options
    const { gateway } = way
    const audience = new Audience(plan)
    if (teller !== undefined) audience.add(teller)
    const invoke = createInvoke({ way, caller, runId: record.id, teller: audience, inside })
    const run = new DurableRun(
      plan,
      { clock, invoke },
      {
        ...{ journal: this.journal, lease, record, state, isRecovered, policies, limits },
        ...(beginning && { beginning }),
        isHeld: () => this.#leases.isHeld(takenMs),
        callerScope: caller.principal,
        schemas: gateway.schemas,
        onStep: (event) => audience.step(event),
        ...(tool && { faultOf: faultOf(tool, gateway) }),
        resultOf: durableResult(plan, record.id, tool),
      },
    )
    const cancel = (reason: Reason) => run.cancel(reason)
    if (isRecovered) this.#withdraw({ record, cancel }, way.catalog)
    const ended = this.#ended(record, run, onRest)
    const revoke = (who: string) => run.revoke(who)
    const status = () => run.state.status
    const live = { record, run, status, ended, audience, cancel, revoke }
    this.#idle.forget(record.id)
    this.#live.set(record.id, live)
    this.#open.add(record)
    this.#watch.moved(record.id)
    return live
  }

  async #ended(record: RunRecord, run: DurableRun, onRest: Origin["onRest"]): Promise<Drive> {
    let drive: Drive = { status: "left" }
    try {
      drive = await run.drive()
    } catch (error) {
      this.#options.onBug(record.id, error)
    } finally {
      // It may have been answered, and have gone on, the moment that it came to rest.
      if (this.#live.get(record.id)?.run === run) {
        this.#live.delete(record.id)
        // Cancelled just as it asked: that is for the keeper to go on with.
        const isAsking = drive.status === "waiting" && run.state.cancelled === undefined
        if (isAsking) this.#wait(record, run.state)
        else this.#open.delete(record.id)
      }
    }
    onRest?.(drive.status)
    this.#watch.moved(record.id)
    if (!(await run.hasBegun())) return drive
    const isOver = drive.status !== "left" && drive.status !== "waiting"
    if (!isOver && !this.#live.has(record.id)) this.#idle.leaveNew(record.id)
    this.#options.onEnded(record, drive)
    return drive
  }
}

export type OriginOf = (record: RunRecord, plan: Plan) => Origin

/** A run that this process may drive, and what the journal has of it. */
export interface Taken extends Begun {
  readonly lease: Lease
}

interface Begun extends StoredRun {
  readonly isRecovered: boolean
  /** When this process took it, by its clock. */
  readonly takenMs: number
  /** Of one that the journal does not have yet. */
  readonly beginning?: Beginning
}
