import { existsSync } from "node:fs"
import { type Journal, JournalTrouble } from "../../compose/run/durable/journal.ts"
import { MemoryJournal } from "../../store/journal/memory-journal.ts"
import { openPostgresJournal } from "../../store/journal/postgres/postgres-journal.ts"
import { openSqliteJournal } from "../../store/journal/sqlite/open.ts"
import { clock } from "../clock.ts"
import type { RunStore } from "../config/config.ts"
import type { Limits } from "../limits.ts"

export type RunJournalLimits = Pick<Limits, "runJournalBytes" | "runLease">

/** The journal of this gateway, which is opened when it is first needed: one without durable compositions has none. */
export class RunJournal {
  readonly #store: RunStore
  readonly #limits: RunJournalLimits
  #journal: Journal | undefined
  #trouble: JournalTrouble | undefined
  #isClosed = false

  constructor(store: RunStore, limits: RunJournalLimits) {
    this.#store = store
    this.#limits = limits
  }

  /** Whether runs may be waiting there to go on. */
  get exists(): boolean {
    const store = this.#store
    if (this.#journal !== undefined || store.kind === "postgres") return true
    return store.kind === "sqlite" && existsSync(store.file)
  }

  /** For how long others may be sure that this gateway drives its runs; undefined where there are no others. */
  get leaseMs(): number | undefined {
    return this.#store.kind === "postgres" ? this.#limits.runLease : undefined
  }

  /** Why durable runs cannot be had now. */
  get trouble(): JournalTrouble | undefined {
    return this.#journal === undefined ? this.#trouble : this.#journal.trouble
  }

  /** Throws a {@link JournalTrouble} when it cannot be opened; the next one who asks tries again. */
  open(): Journal {
    if (this.#journal !== undefined) return this.#journal
    if (this.#isClosed) throw new JournalTrouble("the gateway is shutting down", { kind: "closed" })
    try {
      this.#journal = this.#made()
      this.#trouble = undefined
      return this.#journal
    } catch (error) {
      if (error instanceof JournalTrouble) this.#trouble = error
      throw error
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#journal?.close()
  }

  #made(): Journal {
    const store = this.#store
    switch (store.kind) {
      case "memory":
        return new MemoryJournal()
      case "sqlite":
        return openSqliteJournal(store.file, { bytesMax: this.#limits.runJournalBytes })
      case "postgres":
        return openPostgresJournal(store.url.reveal(), { clock: clock.now })
    }
  }
}
