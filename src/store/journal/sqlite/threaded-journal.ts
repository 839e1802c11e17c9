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
const togetherMax = 8

/**
 * A SQLite journal that lives in a thread of its own: nothing here waits for the disk. What is asked in one turn of the loop
 * goes there together, and is done in that order. A thread that ends by itself is trouble of the journal, and the next one who
 * asks starts another.
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
    if (this.#plans.has(run.plan))
      try {
        return await this.#ask("create", run, null, owner, first)
      } catch (error) {
        if (!(error instanceof PlanMissing)) throw error
      }
    const created = await this.#ask("create", run, plan, owner, first)
    if (this.#plans.size >= plansMax) this.#plans.clear()
    this.#plans.add(run.plan)
    return created
  }

  append(lease: Lease, events: readonly StoredEvent[], change?: RunChange) {
    return this.#ask("append", lease, events, change)
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
      await this.#thread?.terminate()
      this.#lock.release()
    }
  }

  #ask<M extends Method>(method: M, ...args: Args[M]): Promise<Results[M]> {
    if (this.#closed !== undefined) return Promise.reject(closed())
    const { promise, resolve, reject } = Promise.withResolvers<Results[M]>()
    const id = ++this.#lastId
    // It was written as JSON by the method that answers.
    this.#waiting.set(id, { resolve: (value) => resolve(value as Results[M]), reject })
    this.#asks.push([id, method, args])
    if (this.#asks.length === 1) setImmediate(() => this.#send())
    return promise
  }

  #send(): void {
    const asks = this.#asks.map(withoutLastUndefined)
    this.#asks = []
    this.#thread ??= this.#started()
    this.#thread.ref()
    this.#thread.postMessage(JSON.stringify(asks))
  }

  #heard(text: string): void {
    const { answers, trouble } = JSON.parse(text) as Answers // as the thread writes them
    this.#trouble = trouble && troubleOf(trouble)
    this.#settle(answers, 0)
  }

  /** A few in a turn: while the thread writes what follows from them, the next are gone on with here. */
  #settle(answers: readonly Answer[], from: number): void {
    const end = Math.min(from + togetherMax, answers.length)
    for (let index = from; index < end; index++) {
      const [id, value, refusal] = answers[index] as Answer
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (refusal === undefined) waiting?.resolve(value ?? undefined)
      else waiting?.reject(errorOf(refusal))
    }
    if (this.#waiting.size === 0) this.#thread?.unref()
    if (end < answers.length) setImmediate(() => this.#settle(answers, end))
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
    this.#trouble = new JournalTrouble(message, { kind: "other", cause: why })
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(this.#trouble)
  }
}

/** In JSON it would be null. */
const withoutLastUndefined = ([id, method, args]: Ask) =>
  [id, method, args.at(-1) === undefined ? args.slice(0, -1) : args] as const

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
