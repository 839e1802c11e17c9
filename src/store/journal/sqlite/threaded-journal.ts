import { extname } from "node:path"
import { Worker } from "node:worker_threads"
import type { StoredEvent } from "../../../compose/run/durable/event.ts"
import {
  type Claim,
  type Creation,
  type Journal,
  JournalTrouble,
  type Lease,
  type ListFilter,
  type OnceTaker,
  type Owner,
  type Retention,
  RunLost,
  type Seen,
  type Stored,
  type Writing,
} from "../../../compose/run/durable/journal.ts"
import type { NewRun, RunChange } from "../../../compose/run/durable/record.ts"
import type { FileLock } from "../../file-lock.ts"
import { begunRecord } from "../records.ts"
import { runValues } from "../rows.ts"
import {
  type Answer,
  type Answers,
  type Args,
  type Ask,
  type Method,
  PlanMissing,
  type Refusal,
  type Results,
  type ThreadData,
} from "./messages.ts"

/** In the build, this stands in a folder of its own below the thread. */
const isBuilt = extname(import.meta.url) === ".js"
const thread = new URL(isBuilt ? "../journal-thread.js" : "./thread.ts", import.meta.url)

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

/** Of plans that the file has, the digests of so many are remembered. */
const plansMax = 1_000
/** So many answers are gone on with in a turn. */
const togetherMax = 12
const defaultSilentMs = 5_000

/**
 * A SQLite journal that lives in a thread of its own: nothing here waits for the disk. What is asked at once
 * goes there together, and is done in that order. A thread that ends by itself is trouble of the journal, and the next one who
 * asks starts another. So is one that says nothing for as long as `silentMs`, which a disk that hangs can make of it: nothing
 * more is asked of it until it is heard again.
 */
export class ThreadedJournal implements Journal {
  readonly #data: ThreadData
  readonly #lock: FileLock
  readonly #waiting = new Map<number, Waiting>()
  readonly #plans = new Set<string>()
  #thread: Worker | undefined
  #asks: Ask[] = []
  #lastId = 0
  #trouble: JournalTrouble | undefined
  /** Runs out when nothing is heard. */
  #patience: NodeJS.Timeout | undefined
  #silence: JournalTrouble | undefined
  #closed: Promise<void> | undefined

  constructor(data: ThreadData, lock: FileLock) {
    this.#data = data
    this.#lock = lock
  }

  get trouble(): JournalTrouble | undefined {
    return this.#trouble
  }

  /** The plan goes there with the first run that follows it: it is the largest part of what there is to say of one. */
  async create(run: NewRun, plan: Stored, owner: Owner, first?: Writing): Promise<Creation> {
    const { id, key } = run
    const row = { id, key, plan: run.plan, values: runValues(begunRecord(run, owner, first)) }
    const events = first && JSON.stringify(first.events)
    if (this.#plans.has(run.plan))
      try {
        return await this.#ask("create", row, undefined, events)
      } catch (error) {
        if (!(error instanceof PlanMissing)) throw error
      }
    const created = await this.#ask("create", row, plan, events)
    if (this.#plans.size >= plansMax) this.#plans.clear()
    this.#plans.add(run.plan)
    return created
  }

  async append(lease: Lease, events: readonly StoredEvent[], change?: RunChange) {
    return this.#ask("append", lease, JSON.stringify(events), change && changeOf(change, events))
  }

  claim(id: string, owner: Owner & Claim) {
    return this.#ask("claim", id, owner)
  }

  renew(owner: Owner) {
    return this.#ask("renew", owner)
  }

  release(owner: string) {
    return this.#ask("release", owner)
  }

  get(id: string) {
    return this.#ask("get", id)
  }

  find(key: string) {
    return this.#ask("find", key)
  }

  events(id: string) {
    return this.#ask("events", id)
  }

  plan(digest: string) {
    return this.#ask("plan", digest)
  }

  claimable(owner: string, nowMs: number, max: number) {
    return this.#ask("claimable", owner, nowMs, max)
  }

  list(filter: ListFilter) {
    return this.#ask("list", filter)
  }

  moved(seen: readonly Seen[]) {
    return this.#ask("moved", seen)
  }

  counts() {
    return this.#ask("counts")
  }

  takeOnce(key: string, taker: OnceTaker) {
    return this.#ask("takeOnce", key, taker)
  }

  settleOnce(key: string, taker: OnceTaker, outcome: Stored | undefined) {
    return this.#ask("settleOnce", key, taker, outcome)
  }

  purge(retention: Retention) {
    return this.#ask("purge", retention)
  }

  check() {
    return this.#ask("check")
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    try {
      const isUsed = this.#thread !== undefined || this.#asks.length > 0
      if (isUsed) await this.#ask("close")
    } finally {
      this.#thread?.unref()
      if (this.#silence === undefined) await this.#letGo()
    }
  }

  /** Which a thread that waits for its disk does not do. */
  async #letGo(): Promise<void> {
    await this.#thread?.terminate()
    this.#lock.release()
  }

  #ask<M extends Method>(method: M, ...args: Args[M]): Promise<Results[M]> {
    if (this.#closed !== undefined) return Promise.reject(closed())
    if (this.#silence !== undefined) return Promise.reject(this.#silence)
    const { promise, resolve, reject } = Promise.withResolvers<Results[M]>()
    const id = ++this.#lastId
    // What comes was written as JSON by the method that answers.
    this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject })
    this.#asks.push([id, method, args])
    if (this.#asks.length === 1) queueMicrotask(() => this.#send())
    return promise
  }

  #send(): void {
    const asks = this.#asks.splice(0)
    try {
      this.#thread ??= this.#started()
      this.#thread.ref()
      this.#thread.postMessage(asks)
      this.#patience ??= this.#patient()
    } catch (cause) {
      const sent = asks.map(([id]) => id)
      const message = `the run journal ${this.#data.file} cannot be asked (${cause})`
      this.#refuse(sent, new JournalTrouble(message, { kind: "other", cause }))
    }
  }

  #heard(text: string): void {
    const { answers, trouble } = JSON.parse(text) as Answers // as the thread writes them
    const settlings = answers.map((answer) => this.#settling(answer))
    this.#waits(this.#waiting.size > 0)
    this.#trouble = trouble && troubleOf(trouble)
    this.#settle(settlings, 0)
  }

  /** What is to be done with an answer; nothing where nobody waits for it any more. */
  #settling([id, value, refusal]: Answer): () => void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return () => {
      if (refusal === undefined) waiting?.resolve(value ?? undefined)
      else waiting?.reject(errorOf(refusal))
    }
  }

  /** A few in a turn: while the thread writes what follows from them, the next are gone on with here. */
  #settle(settlings: readonly (() => void)[], from: number): void {
    for (const settle of settlings.slice(from, from + togetherMax)) settle()
    const next = from + togetherMax
    // What follows from these is asked for in the turn between.
    if (next < settlings.length)
      setImmediate(() => setImmediate(() => this.#settle(settlings, next)))
  }

  /** The thread was heard, or has ended. An idle one keeps no process from ending. */
  #waits(isWaiting: boolean): void {
    clearTimeout(this.#patience)
    this.#patience = isWaiting ? this.#patient() : undefined
    if (!isWaiting) this.#thread?.unref()
    if (this.#silence === undefined) return
    this.#silence = undefined
    process.off("exit", endAnyway)
  }

  #patient(): NodeJS.Timeout {
    const ms = this.#data.options.silentMs ?? defaultSilentMs
    const patience = setTimeout(() => {
      // What came while this process itself was held up is heard first.
      setImmediate(() => this.#patience === patience && this.#fallSilent(ms))
    }, ms)
    return patience.unref()
  }

  /** What was asked may be done later all the same. */
  #fallSilent(ms: number): void {
    const message = `the run journal ${this.#data.file} has not answered for ${ms / 1_000} s; look at its disk`
    this.#silence = new JournalTrouble(message, { kind: "unreachable" })
    this.#trouble = this.#silence
    process.on("exit", endAnyway)
    this.#refuse(this.#waiting.keys(), this.#silence)
  }

  #refuse(ids: Iterable<number>, trouble: JournalTrouble): void {
    for (const id of ids) {
      this.#waiting.get(id)?.reject(trouble)
      this.#waiting.delete(id)
    }
  }

  #started(): Worker {
    const worker = new Worker(thread, {
      ...{ workerData: this.#data, name: "run journal" },
      execArgv: [], // those of this process may say what only a program can be told
    })
    worker.on("message", (text: string) => this.#heard(text))
    worker.on("error", (error) => this.#ended(worker, error))
    worker.on("exit", (code) => this.#ended(worker, `code ${code}`))
    worker.unref() // an idle journal keeps no process from ending
    return worker
  }

  #ended(worker: Worker, why: unknown): void {
    if (this.#thread !== worker) return
    this.#thread = undefined
    const message = `the thread of the run journal ${this.#data.file} has ended (${why})`
    this.#trouble = new JournalTrouble(message, { kind: "unreachable", cause: why })
    const unsent = new Set(this.#asks.map(([id]) => id)) // the next one is asked these
    this.#waits(false)
    const sent = this.#waiting.keys().filter((id) => !unsent.has(id))
    this.#refuse(sent, this.#trouble)
  }
}

/** Node waits for its threads when it ends, and a disk that hangs would keep it for ever. */
const endAnyway = (): void => {
  process.kill(process.pid, "SIGKILL")
}

const changeOf = ({ result, ...rest }: RunChange, events: readonly StoredEvent[]) => ({
  ...rest,
  result: result && JSON.stringify(result),
  updatedMs: events.at(-1)?.atMs,
})

const closed = () => new JournalTrouble("the run journal is closed", { kind: "closed" })

const troubleOf = ({ kind, message }: Pick<JournalTrouble, "kind" | "message">) =>
  new JournalTrouble(message, { kind })

function errorOf(refusal: Refusal): Error {
  switch (refusal.is) {
    case "trouble":
      return troubleOf(refusal)
    case "lost":
      return new RunLost(refusal.run)
    case "planless":
      return new PlanMissing()
    case "bug":
      return Object.assign(new Error(refusal.message), { stack: refusal.stack })
  }
}
