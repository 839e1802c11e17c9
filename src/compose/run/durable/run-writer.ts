import { Cancellation } from "../cancellation.ts"
import type { Clock } from "../ports.ts"
import type { Reason } from "../stop.ts"
import type { StoredEvent } from "./event.ts"
import {
  type Creation,
  type Journal,
  JournalTrouble,
  type Lease,
  type Owner,
  RunLost,
  type Stored,
  type Writing,
} from "./journal.ts"
import type { NewRun, RunChange } from "./record.ts"

/** What a run is begun with that no journal has yet. */
export interface Beginning {
  readonly run: NewRun
  readonly plan: Stored
  readonly owner: Owner
}

export interface RunWriterOptions {
  readonly journal: Journal
  readonly lease: Lease
  readonly clock: Clock
  /** Undefined: the journal has the run. */
  readonly beginning?: Beginning | undefined
  /** Nothing of it can be written any more; `bug` is what the journal threw that is no trouble. */
  readonly onLost: (reason: Reason, bug?: unknown) => void
}

interface Entry {
  readonly event: StoredEvent
  readonly change: RunChange | undefined
}

/** While the journal cannot be written, it is tried again so often. */
const patienceMs = 1_000

/** Writes what becomes known of one run: in order, one write at a time, and in one what became known together. */
export class RunWriter {
  readonly #options: RunWriterOptions
  /** How its beginning went. Rejects where it could not be written: nobody has the run then. */
  readonly begun: Promise<Creation>
  #pending: Entry[] = []
  #writing: Promise<void> | undefined
  #isLost = false

  constructor(options: RunWriterOptions) {
    this.#options = options
    const { beginning, lease } = options
    if (beginning === undefined) this.begun = Promise.resolve({ isNew: true, lease })
    else {
      const begun = Promise.withResolvers<Creation>()
      this.begun = begun.promise
      this.begun.catch(() => undefined) // it is told by `onLost`, too
      this.#writing = this.#write(() => this.#begin(beginning, begun))
    }
  }

  get isLost(): boolean {
    return this.#isLost
  }

  /** What is under way; undefined when all is on the disk. */
  get written(): Promise<void> | undefined {
    return this.#writing
  }

  add(event: StoredEvent, change: RunChange | undefined): void {
    this.#pending.push({ event, change })
    this.#writing ??= this.#write()
  }

  /** What has not been written by now never is. */
  giveUp(): void {
    this.#isLost = true
  }

  /** Asks the journal for something, as long as it takes; undefined when the run was lost meanwhile. */
  async ask<T>(question: (journal: Journal) => Promise<T>): Promise<T | undefined> {
    await this.begun.catch(() => undefined)
    return this.#patiently(question)
  }

  async #write(first?: () => Promise<void>): Promise<void> {
    // What follows from an outcome at once goes into the same commit: the intent of the next call.
    await this.#options.clock.turn()
    try {
      await first?.()
      while (this.#pending.length > 0 && !this.#isLost) {
        const { events, change } = this.#taken()
        await this.#patiently((journal) => journal.append(this.#options.lease, events, change))
      }
    } catch (bug) {
      this.#lose(faulty, bug)
    }
    this.#writing = undefined
  }

  /** With what is known by then. It is not tried again: whoever calls is told that nothing was begun. */
  async #begin(
    { run, plan, owner }: Beginning,
    { resolve, reject }: PromiseWithResolvers<Creation>,
  ): Promise<void> {
    try {
      const creation = await this.#options.journal.create(run, plan, owner, this.#taken())
      if (!creation.isNew) this.#lose(attached)
      resolve(creation)
    } catch (error) {
      this.#lose(unwritten)
      reject(error)
    }
  }

  #taken(): Writing {
    const entries = this.#pending
    this.#pending = []
    const events = entries.map(({ event }) => event)
    const changes = entries.flatMap(({ change }) => change ?? [])
    return changes.length === 0 ? { events } : { events, change: Object.assign({}, ...changes) }
  }

  /** The journal is waited for as long as it takes, for what is known must not be forgotten. */
  async #patiently<T>(use: (journal: Journal) => Promise<T>): Promise<T | undefined> {
    const { journal, clock } = this.#options
    while (!this.#isLost)
      try {
        return await use(journal)
      } catch (error) {
        if (error instanceof RunLost) this.#lose(taken)
        else if (!(error instanceof JournalTrouble)) throw error
        else if (error.kind === "closed") this.#lose(closed)
        else await clock.sleep(patienceMs, new Cancellation())
      }
    return
  }

  #lose(reason: Reason, bug?: unknown): void {
    this.#isLost = true
    this.#options.onLost(reason, bug)
  }
}

const taken: Reason = { class: "cancelled", message: "another process drives this run now" }
const closed: Reason = { class: "cancelled", message: "the gateway is shutting down" }
const faulty: Reason = { class: "cancelled", message: "given up because of a fault of the gateway" }
const attached: Reason = { class: "cancelled", message: "another run was begun with this key" }
const unwritten: Reason = { class: "cancelled", message: "the run journal cannot be written" }
