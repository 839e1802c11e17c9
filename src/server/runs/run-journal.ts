import { existsSync } from "node:fs"
import { type Journal, JournalTrouble } from "../../compose/run/durable/journal.ts"
import { MemoryJournal } from "../../store/journal/memory-journal.ts"
import { openSqliteJournal } from "../../store/journal/sqlite-journal.ts"
import type { RunStore } from "../config/config.ts"

/** The journal of this gateway, which is opened when it is first needed: one without durable compositions has none. */
export class RunJournal {
  readonly #store: RunStore
  readonly #bytesMax: number
  #journal: Journal | undefined
  #trouble: JournalTrouble | undefined
  #isClosed = false

  constructor(store: RunStore, bytesMax: number) {
    this.#store = store
    this.#bytesMax = bytesMax
  }

  /** Whether runs may be waiting there to go on. */
  get exists(): boolean {
    return (
      this.#journal !== undefined || (this.#store.kind === "sqlite" && existsSync(this.#store.file))
    )
  }

  get isOpen(): boolean {
    return this.#journal !== undefined
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
    return this.#store.kind === "memory"
      ? new MemoryJournal()
      : openSqliteJournal(this.#store.file, { bytesMax: this.#bytesMax })
  }
}
