import type { AuditRecord } from "../../call/audit.ts"
import { Chain, type Head } from "./chain.ts"
import { noHash } from "./line.ts"
import { noteRecord } from "./records.ts"

export interface AuditOptions {
  /** When records are forced to disk: every 100 ms or 256 records, each before `write` returns, or never. */
  readonly sync: "batch" | "each" | "none"
  /** What `write` answers while records cannot be written: false, or true and counts the loss. */
  readonly onFailure: "deny" | "degrade"
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly id: () => string
  /** Once when writing begins to fail, and once when it works again (undefined). */
  readonly onTrouble: (error: Error | undefined) => void
  /** Every 60 s or 1,000 records: an anchor to keep elsewhere, such as in the log. */
  readonly onCheckpoint: (head: Head) => void
}

/** The record of every decision. */
export interface Audit {
  /**
   * Writes a record and returns when it is in the file (the page cache: killing the process loses nothing). False when
   * it could not be written and calls must be refused.
   */
  write(record: AuditRecord): boolean
  /**
   * The same, for records of which many are waited for at once: those of one turn of the event loop are written at its
   * end, in one go. Resolves when the record is in the file, false when it could not be written. Never rejects.
   */
  commit(record: AuditRecord): Promise<boolean>
  head(): Head
  state(): AuditState
  /** What could not be written lately, oldest first. */
  unwritten(): readonly AuditRecord[]
  /** Forces the rest to disk. Nothing may be written afterwards. */
  close(): void
}

export interface AuditState {
  readonly records: number
  /** Records that could not be written since the process began. */
  readonly lost: number
  /** Records that are written and not yet forced to disk. */
  readonly unsynced: number
  /** Why records cannot be written, if so. */
  readonly trouble: string | undefined
}

const batchMs = 100
const batchRecords = 256
const checkpointMs = 60_000
const checkpointRecords = 1_000
const retryMs = 1_000
const unwrittenMax = 1_000
const openBeginsNamed = 32

/**
 * Opens the audit file, cuts off half a line that a crash left, and records that and the calls that were in flight then.
 * Without a file nothing is recorded. Throws an Error with the reason when the file cannot be used.
 */
export function openAudit(file: string | undefined, options: AuditOptions): Audit {
  if (file === undefined) return nowhere
  try {
    return new FileAudit(new Chain(file), options)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`audit.file: ${file} cannot be used: ${reason}`, { cause })
  }
}

const kept = Promise.resolve(true)

const nowhere: Audit = {
  write: () => true,
  commit: () => kept,
  head: () => ({ seq: 0, hash: noHash }),
  state: () => ({ records: 0, lost: 0, unsynced: 0, trouble: undefined }),
  unwritten: () => [],
  close: () => undefined,
}

class FileAudit implements Audit {
  readonly #chain: Chain
  readonly #options: AuditOptions
  #trouble: Error | undefined
  /** The disk failed to sync: until it does, what is written may be lost in a power failure. */
  #syncTrouble: Error | undefined
  #unwritten: AuditRecord[] = []
  /** Records that wait for the end of this turn, and who waits with them. */
  #staged: AuditRecord[] = []
  #turn: Promise<boolean> | undefined
  /** False when something of this turn was lost and may not be. */
  #isTurnThere = true
  #records = 0
  #lost = 0
  /** Of those, how many no `recovered` record tells of. */
  #lostUntold = 0
  #unsynced = 0
  #syncing: Promise<void> | undefined
  #syncTimer: NodeJS.Timeout | undefined
  readonly #checkpointTimer: NodeJS.Timeout
  #retryTimer: NodeJS.Timeout | undefined
  #checkpointed: number
  #isClosed = false

  constructor(chain: Chain, options: AuditOptions) {
    this.#chain = chain
    this.#options = options
    this.#checkpointed = chain.head().seq
    this.#checkpointTimer = setInterval(() => this.#checkpoint(), checkpointMs)
    this.#checkpointTimer.unref()
    const { droppedBytes, openBegins } = chain.tail
    if (droppedBytes > 0 || openBegins.length > 0)
      this.#attempt(
        this.#note("recovered", {
          droppedBytes,
          openBeginCount: openBegins.length,
          openBegins: openBegins.slice(0, openBeginsNamed),
        }),
      )
  }

  write(record: AuditRecord): boolean {
    return this.#isOpen() && this.#stage(record) ? this.#flush() : this.#lose(record)
  }

  commit(record: AuditRecord): Promise<boolean> {
    if (!this.#isOpen() || !this.#stage(record)) return Promise.resolve(this.#lose(record))
    this.#turn ??= this.#endOfTurn()
    return this.#turn
  }

  /** Resolves when the turn is over: what was written in it is all there, or counts as lost for all who wait. */
  #endOfTurn(): Promise<boolean> {
    this.#isTurnThere = true // whatever was lost before anybody waited
    return new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined
        const isLastThere = this.#flush()
        resolve(this.#isTurnThere && isLastThere)
      })
    })
  }

  /** Whether records may be written, and those that are missing have been reported. */
  #isOpen(): boolean {
    const isKept = this.#syncTrouble === undefined || this.#options.onFailure === "degrade"
    if (!isKept || this.#isClosed) return false
    if (this.#chain.isFull) this.#flush()
    return this.#tellLoss()
  }

  #stage(record: AuditRecord): boolean {
    try {
      this.#chain.stage(record)
    } catch (error) {
      this.#failed(error)
      return false
    }
    this.#staged.push(record)
    return true
  }

  /** Writes what is staged. Whoever waits for the turn that is under way shares the outcome. */
  #flush(): boolean {
    if (this.#staged.length === 0) return true
    try {
      this.#chain.flush()
      if (this.#options.sync === "each") this.#chain.syncNow()
    } catch (error) {
      return this.#dropped(error)
    }
    this.#written(this.#staged.length)
    this.#staged = []
    if (this.#chain.head().seq - this.#checkpointed >= checkpointRecords) this.#checkpoint()
    return true
  }

  /** What was staged is not in the file. */
  #dropped(error: unknown): boolean {
    const lost = this.#staged
    this.#staged = []
    this.#failed(error)
    let isServed = true
    for (const record of lost) isServed = this.#lose(record)
    this.#isTurnThere &&= isServed
    return isServed
  }

  #lose(record: AuditRecord): boolean {
    this.#lost++
    this.#lostUntold++
    this.#unwritten.push(record)
    if (this.#unwritten.length > unwrittenMax) this.#unwritten.shift()
    return this.#options.onFailure === "degrade"
  }

  head(): Head {
    return this.#chain.head()
  }

  state(): AuditState {
    return {
      records: this.#records,
      lost: this.#lost,
      unsynced: this.#unsynced,
      trouble: (this.#trouble ?? this.#syncTrouble)?.message,
    }
  }

  unwritten(): readonly AuditRecord[] {
    return [...this.#unwritten]
  }

  close(): void {
    if (this.#isClosed) return
    this.#flush()
    this.#isClosed = true
    clearInterval(this.#checkpointTimer)
    clearTimeout(this.#syncTimer)
    clearTimeout(this.#retryTimer)
    try {
      if (this.#options.sync !== "none") this.#chain.syncNow()
    } finally {
      this.#chain.close()
    }
  }

  /** Writes a record of the audit's own at once; false, and says so once, when that fails. */
  #attempt(record: AuditRecord): boolean {
    this.#flush() // what others wait for stands or falls by itself
    try {
      this.#chain.stage(record)
      this.#chain.flush()
      if (this.#options.sync === "each") this.#chain.syncNow()
    } catch (error) {
      this.#failed(error)
      return false
    }
    this.#written(1)
    return true
  }

  #written(count: number): void {
    this.#records += count
    if (this.#trouble !== undefined) this.#recovered()
    if (this.#options.sync === "batch") this.#soon(count)
  }

  #failed(error: unknown): void {
    const isFirst = this.#trouble === undefined
    this.#trouble = error instanceof Error ? error : new Error(String(error))
    if (isFirst) this.#options.onTrouble(this.#trouble)
    if (!this.#isClosed) this.#retryTimer ??= setTimeout(() => this.#retry(), retryMs).unref()
  }

  /** While readiness is red nobody sends calls, so it has to be found out without them that writing works again. */
  #retry(): void {
    this.#retryTimer = undefined
    if (this.#trouble === undefined) return
    if (this.#lostUntold > 0) this.#tellLoss()
    else this.#attempt(this.#note("recovered", { lost: 0 }))
  }

  #recovered(): void {
    this.#trouble = undefined
    if (this.#syncTrouble === undefined) this.#options.onTrouble(undefined)
  }

  /** After a failure the first record says how many are not there. */
  #tellLoss(): boolean {
    if (this.#lostUntold === 0) return true
    this.#flush() // what is lost with it is told, too
    if (!this.#attempt(this.#note("recovered", { lost: this.#lostUntold }))) return false
    this.#lostUntold = 0
    return true
  }

  #checkpoint(): void {
    this.#flush() // a checkpoint tells of the line right before it
    const head = this.#chain.head()
    if (head.seq === this.#checkpointed || this.#trouble !== undefined) return
    if (!this.#attempt(this.#note("checkpoint", { ...head }))) return
    this.#checkpointed = this.#chain.head().seq
    this.#options.onCheckpoint(this.#chain.head())
  }

  #note(kind: "checkpoint" | "recovered", note: Parameters<typeof noteRecord>[1]): AuditRecord {
    return noteRecord(kind, note, { id: this.#options.id(), timeMs: this.#options.now() })
  }

  #soon(count: number): void {
    this.#unsynced += count
    if (this.#unsynced >= batchRecords) this.#sync()
    else this.#syncLater()
  }

  #syncLater(): void {
    if (this.#isClosed) return
    this.#syncTimer ??= setTimeout(() => this.#sync(), batchMs).unref()
  }

  #sync(): void {
    if (this.#syncing !== undefined || this.#isClosed) return
    clearTimeout(this.#syncTimer)
    this.#syncTimer = undefined
    const count = this.#unsynced
    const settled = (error: Error | undefined) => {
      this.#syncing = undefined
      if (this.#isClosed) return
      if (error === undefined) this.#unsynced -= count
      this.#syncEnded(error)
      if (this.#unsynced > 0) this.#syncLater()
    }
    this.#syncing = this.#chain.sync().then(() => settled(undefined), settled)
  }

  #syncEnded(error: Error | undefined): void {
    const before = this.#syncTrouble
    this.#syncTrouble = error
    if (this.#trouble !== undefined) return
    if (error !== undefined && before === undefined) this.#options.onTrouble(error)
    if (error === undefined && before !== undefined) this.#options.onTrouble(undefined)
  }
}
