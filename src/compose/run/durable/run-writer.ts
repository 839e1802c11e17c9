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

/** While the journal cannot be written, it is tried again so often. */
const patienceMs = 1_000

/** Writes what becomes known of one run: in order, one write at a time, and in one what became known together. */
export class RunWriter {
  readonly #options: RunWriterOptions
  /** How its beginning went. Rejects where it could not be written: nobody has the run then. */
  readonly begun: Promise<Creation>
  /** What is to be written next. */
  #events: StoredEvent[] = []
  #change: RunChange | undefined
  #writing: Promise<void> | undefined
  #isLost = false

  constructor(options: RunWriterOptions) {
    this.#options = options
    const { beginning, lease } = options
    if (beginning === undefined) this.begun = Promise.resolve({ isNew: true, lease })
    else {
      this.begun = this.#begin(beginning)
      this.#writing = this.#write(this.begun.catch(() => undefined)) // it is told by `onLost`
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
    this.#events.push(event)
    if (change !== undefined) this.#change = { ...this.#change, ...change }
    this.#writing ??= this.#write(this.#options.clock.turn())
  }

  /** What has not been written by now never is. */
  giveUp(): void {
    this.#isLost = true
  }

  /** Asks the journal for something, as long as it takes; undefined when the run was lost meanwhile. */
  async ask<T>(question: (journal: Journal) => Promise<T>): Promise<T | undefined> {
    await this.begun.catch(() => undefined)
    while (!this.#isLost)
      try {
        return await question(this.#options.journal)
      } catch (error) {
        await this.#endure(error)
      }
    return
  }

  /** With what is known by then. It is not tried again: whoever calls is told that nothing was begun. */
  async #begin({ run, plan, owner }: Beginning): Promise<Creation> {
    const { journal, clock } = this.#options
    await clock.turn()
    try {
      const creation = await journal.create(run, plan, owner, this.#taken())
      if (!creation.isNew) this.#lose(attached)
      return creation
    } catch (error) {
      this.#lose(unwritten)
      throw error
    }
  }

  /** After a turn of the loop: what follows from an outcome at once, the intent of the next call, goes into the same commit. */
  async #write(before: Promise<unknown>): Promise<void> {
    await before
    const { journal, lease } = this.#options
    let writing = this.#taken()
    while (writing.events.length > 0 && !this.#isLost)
      try {
        await journal.append(lease, writing.events, writing.change)
        writing = this.#taken()
      } catch (error) {
        await this.#endure(error).catch((bug) => this.#lose(faulty, bug))
      }
    this.#writing = undefined
  }

  #taken(): Writing {
    const events = this.#events
    const change = this.#change
    this.#events = []
    this.#change = undefined
    return change === undefined ? { events } : { events, change }
  }

  /** The journal is waited for as long as it takes, for what is known must not be forgotten. Rejects with a bug. */
  async #endure(error: unknown): Promise<void> {
    if (error instanceof RunLost) this.#lose(taken)
    else if (!(error instanceof JournalTrouble)) throw error
    else if (error.kind === "closed") this.#lose(closed)
    else await this.#options.clock.sleep(patienceMs, new Cancellation())
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
