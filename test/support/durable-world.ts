import type { Plan } from "../../src/compose/plan/plan.ts"
import { type Drive, DurableRun } from "../../src/compose/run/durable/drive.ts"
import { isOutcome, type StoredEvent } from "../../src/compose/run/durable/event.ts"
import type {
  Creation,
  Journal,
  Lease,
  OnceTaken,
  OnceTaker,
  Owner,
  Stored,
  Writing,
} from "../../src/compose/run/durable/journal.ts"
import {
  type NewRun,
  newRecord,
  type RunChange,
  type RunRecord,
} from "../../src/compose/run/durable/record.ts"
import type { Beginning } from "../../src/compose/run/durable/run-writer.ts"
import { RunState } from "../../src/compose/run/durable/state.ts"
import { isOpen } from "../../src/compose/run/durable/status.ts"
import { defaultRunLimits, type RunLimits } from "../../src/compose/run/limits.ts"
import type { RunOutcome } from "../../src/compose/run/run-plan.ts"
import { digest } from "../../src/schema/canonical.ts"
import type { Json } from "../../src/schema/json.ts"
import { type Tool, World } from "./composition-world.ts"
import { setting } from "./durable-setting.ts"
import { VirtualClock } from "./virtual-clock.ts"

/** A journal of which the process ends at a write: nothing that comes after it is answered. */
class MortalJournal implements Pick<Journal, "create" | "append" | "takeOnce" | "settleOnce"> {
  readonly inner: Journal
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>
  readonly #end: () => void
  readonly #dies: Dies
  readonly #onBegun: (id: string) => void
  #isDead = false

  constructor(
    inner: Journal,
    { dies, onBegun }: { readonly dies: Dies; readonly onBegun: (id: string) => void },
  ) {
    this.inner = inner
    this.#onBegun = onBegun
    this.#dies = dies
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#end = resolve
  }

  create(run: NewRun, plan: Stored, owner: Owner, first?: Writing): Promise<Creation> {
    const { events = [], change } = first ?? {}
    return this.#write(
      async (death) => {
        const written = death === "unannounced" ? withoutAnnouncements(events) : events
        const creation = await this.inner.create(run, plan, owner, { ...first, events: written })
        this.#onBegun(run.id)
        return creation
      },
      events,
      change,
    )
  }

  append(lease: Lease, events: readonly StoredEvent[], change?: RunChange): Promise<void> {
    return this.#write(
      (death) => {
        const written = death === "unannounced" ? withoutAnnouncements(events) : events
        return this.inner.append(lease, written, change)
      },
      events,
      change,
    )
  }

  takeOnce(key: string, taker: OnceTaker): Promise<OnceTaken> {
    return this.#write(() => this.inner.takeOnce(key, taker))
  }

  settleOnce(key: string, taker: OnceTaker, outcome: Json | undefined): Promise<void> {
    return this.#write(() => this.inner.settleOnce(key, taker, outcome))
  }

  async #write<T>(
    write: (death: Death) => Promise<T>,
    events: readonly StoredEvent[] = [],
    change?: RunChange,
  ): Promise<T> {
    if (this.#isDead) return new Promise(() => {})
    const death = this.#dies(events, change)
    if (death === "before") return this.#die()
    const written = await write(death)
    return death === undefined ? written : this.#die()
  }

  #die(): Promise<never> {
    this.#isDead = true
    this.#end()
    return new Promise(() => {})
  }
}

type Dies = (events: readonly StoredEvent[], change?: RunChange) => Death

/** `unannounced`: after it, and what it says of calls that were to be made next is not written. */
export type Death = "before" | "after" | "unannounced" | undefined

/** Up to the last event that does not announce a call. */
const withoutAnnouncements = (events: readonly StoredEvent[]): readonly StoredEvent[] =>
  events.slice(0, events.findLastIndex(({ kind }) => kind !== "intent" && kind !== "undo") + 1)

export interface DurableOptions {
  readonly limits?: Partial<RunLimits>
  readonly journal?: Journal
  /** Of each incarnation: at which write it ends. */
  readonly dies?: Dies
  readonly faultOf?: ConstructorParameters<typeof DurableRun>[2]["faultOf"]
  /** Between the end of one incarnation and the beginning of the next. */
  readonly outageMs?: number
  /** Folds what the journal has of a run, as a broken engine would. */
  readonly stateOf?: (events: readonly StoredEvent[]) => RunState
}

/** Tools that answer as they are told, and durable runs that call them, in virtual time. */
export class DurableWorld extends World {
  readonly journal: Journal
  readonly #options: DurableOptions
  /** What was called and is in no journal yet, by the id of the run. */
  readonly #calls = new Map<string, Beginning>()
  /** The run that is driven now. */
  driven: DurableRun | undefined
  incarnations = 0

  constructor(tools: Readonly<Record<string, Tool>>, options: DurableOptions = {}) {
    const journal = options.journal ?? setting.open()
    const asked = new Set<Promise<unknown>>()
    const outside = () => (asked.size === 0 ? undefined : Promise.allSettled([...asked]))
    super(tools, undefined, new VirtualClock(outside))
    this.#options = options
    this.journal = watched(journal, asked)
  }

  /** A call. The run is there as soon as its first incarnation has written it, with what that knew by then. */
  begin(plan: Plan, input: Json = {}, id = "run"): void {
    const timeoutMs = plan.root.timeoutMs
    const nowMs = this.clock.now()
    const run = {
      ...{ id, tool: plan.tool.name, plan: plan.digest, registry: "sha256:r", principal: {} },
      ...{ input, inputDigest: digest(input), createdMs: nowMs },
      ...(timeoutMs !== undefined && { deadlineMs: nowMs + timeoutMs }),
    }
    const stored = JSON.parse(JSON.stringify(plan))
    this.#calls.set(id, { run, plan: stored, owner: this.#owner() })
  }

  /** What was called is in the journal, and nothing else. */
  async written(id = "run"): Promise<void> {
    const call = this.#calls.get(id)
    if (call !== undefined) await this.journal.create(call.run, call.plan, call.owner)
    this.#calls.delete(id)
  }

  /** Drives the run until it ends, in as many incarnations as it takes. */
  async settle(id = "run", incarnationsMax = 200): Promise<Drive | Pick<RunRecord, "status">> {
    for (let count = 0; count < incarnationsMax; count++) {
      const drive = await this.drive(id, count > 0)
      if (drive !== undefined) return drive
      const status = this.#calls.has(id) ? "running" : (await this.record(id)).status
      if (!isOpen(status)) return { status } // it died with its last word
      await this.clock.pass(this.#options.outageMs ?? 0)
    }
    throw new Error(`no end after ${incarnationsMax} incarnations`)
  }

  /** One incarnation; undefined when it died. */
  drive(id = "run", counts = true): Promise<Drive | undefined> {
    return this.clock.until(this.begun(id, counts))
  }

  /** One run from beginning to end; time passes only when somebody waits for something. */
  async play(plan: Plan, input: Json, id: string, callerScope?: string): Promise<RunOutcome> {
    this.begin(plan, input, id)
    const drive = await this.begun(id, false, callerScope)
    if (drive === undefined || !("outcome" in drive)) throw new Error(`run ${id} has no end`)
    return drive.outcome
  }

  /** The same as {@link drive}, while others go on, too. */
  async begun(id: string, counts: boolean, callerScope = "agent"): Promise<Drive | undefined> {
    this.incarnations++
    const { record, plan, ...begun } = await this.#begun(id, counts)
    const { dies = setting.isReplaying ? this.#replay() : () => undefined } = this.#options
    const onBegun = () => this.#calls.delete(id)
    const journal = new MortalJournal(this.journal, { dies, onBegun })
    const { limits, faultOf, stateOf = RunState.of } = this.#options
    const state = stateOf(begun.isRecovered ? await this.journal.events(id) : [])
    const run = new DurableRun(
      plan,
      { clock: this.clock, invoke: this.invoke },
      {
        journal: journal as unknown as Journal,
        lease: { id, epoch: record.epoch },
        ...{ record, state, ...begun },
        ...{ callerScope, policies: this.state, schemas: this.schemas },
        limits: { ...defaultRunLimits, ...limits },
        ...(faultOf && { faultOf }),
        resultOf: (outcome, status) => ({ status, ok: outcome.ok }),
      },
    )
    this.driven = run
    return Promise.race([run.drive(), journal.ended.then(() => undefined)])
  }

  /** What an incarnation begins with: the call, as long as the journal does not know of it. */
  async #begun(id: string, counts: boolean) {
    const call = this.#calls.get(id)
    const record =
      call === undefined ? await this.#claim(id, counts) : newRecord(call.run, call.owner)
    const plan = call === undefined ? await this.journal.plan(record.plan) : call.plan
    return {
      ...{ record, plan: plan as unknown as Plan, isRecovered: call === undefined },
      ...(call && { beginning: call }),
    }
  }

  /** What is in memory is thrown away whenever the journal has heard how something ended, and nothing is under way. */
  #replay() {
    const before = this.seen.length
    return (events: readonly StoredEvent[], change?: RunChange): Death => {
      const isQuiet = this.seen.slice(before).every(({ endMs }) => endMs !== undefined)
      const isGoingOn = change?.status === undefined || isOpen(change.status)
      return isQuiet && isGoingOn && events.some(isOutcome) ? "unannounced" : undefined
    }
  }

  /** What the journal has of the run, step by step, without when. */
  async story(id = "run"): Promise<readonly string[]> {
    const events = await this.journal.events(id)
    return events.map(({ kind, step, ...event }) => {
      const to = event.data !== undefined && "to" in event.data ? event.data.to : step
      return `${kind} ${to}`
    })
  }

  async record(id = "run"): Promise<RunRecord> {
    const record = await this.journal.get(id)
    if (record === undefined) throw new Error(`no run ${id}`)
    return record
  }

  async #claim(id: string, counts: boolean): Promise<RunRecord> {
    const lease = await this.journal.claim(id, { ...this.#owner(), counts })
    if (lease === undefined) throw new Error(`run ${id} cannot be had`)
    return this.record(id)
  }

  #owner(): Owner {
    return { owner: "me", leaseUntilMs: undefined, nowMs: this.clock.now() }
  }
}

/** The same journal, and what it was asked and has not answered. */
function watched(journal: Journal, asked: Set<Promise<unknown>>): Journal {
  const watch = <T>(answer: T): T => {
    if (!(answer instanceof Promise)) return answer
    asked.add(answer)
    const answered = () => asked.delete(answer)
    answer.then(answered, answered)
    return answer
  }
  return new Proxy(journal, {
    get(_, name) {
      const value: unknown = Reflect.get(journal, name)
      return typeof value === "function"
        ? (...args: unknown[]) => watch(value.apply(journal, args))
        : value
    },
  })
}
