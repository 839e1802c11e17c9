import { callInside } from "../../call/call.ts"
import type { DurableRuns } from "../../call/composition/durable/durable-runs.ts"
import { recoveredOrigin } from "../../call/composition/durable/recovered.ts"
import type { Gateway } from "../../call/gateway.ts"
import type { Plan } from "../../compose/plan/plan.ts"
import {
  isJournalTrouble,
  type JournalCounts,
  type JournalTrouble,
} from "../../compose/run/durable/journal.ts"
import type { RunRecord } from "../../compose/run/durable/record.ts"
import type { Logger } from "../log.ts"
import type { RunJournal } from "./run-journal.ts"

export interface KeeperOptions {
  readonly journal: RunJournal
  readonly runs: DurableRuns
  readonly log: Logger
  readonly now: () => number
  /** What is under way in a run that another process asks for has so long to end. */
  readonly graceMs: number
  readonly retentionMs: number
  readonly tombstoneMs: number
}

const tickMs = 1_000
/** Or as often as ended runs are to be forgotten, if that is sooner. */
const purgeEveryMs = 60 * 60_000
/** Taken over at a time. */
const batchMax = 256
/** No process has this name: what it could claim, anybody can. */
const anybody = ""
/**
 * So often all open runs are looked through, and after trouble at once: this process may have one and not know it, where the
 * database fell silent while it was written down.
 */
const sweepEveryMs = 30_000
/** Of the runs that wait here so many are looked at a second, whether others have taken them. */
const lookedAtMax = 500

/**
 * Looks after the journal: continues runs that nobody drives, retries those in trouble, forgets those that have ended.
 */
export class RunKeeper {
  readonly #options: KeeperOptions
  #gateway: Gateway | undefined
  #timer: NodeJS.Timeout | undefined
  #renewing: NodeJS.Timeout | undefined
  #purgedMs = Number.NEGATIVE_INFINITY
  /** When it was seen last that all that is open is looked after. */
  #sweptMs = Number.NEGATIVE_INFINITY
  #counts: JournalCounts = { byStatus: {}, oldestOpenMs: undefined }
  #told: JournalTrouble | undefined
  /** Runs that others ask for, while they come to rest. */
  readonly #leaving = new Set<string>()
  #work: Promise<void> = Promise.resolve()

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  /** As of a moment ago. */
  get counts(): JournalCounts {
    return this.#counts
  }

  /** Goes on with all that is open, without waiting for any of it to end. */
  start(gateway: Gateway): void {
    if (this.#gateway !== undefined) return
    this.#gateway = gateway
    this.#tick()
    this.#timer = setInterval(() => this.#tick(), tickMs).unref()
    const { leaseMs } = this.#options.journal
    if (leaseMs === undefined) return
    // Several times before it ends, and beside the other work: leases must not end while a thousand runs are taken over.
    this.#renewing = setInterval(() => this.#renew(), leaseMs / 3).unref()
  }

  #renew(): void {
    this.#options.runs.renew().catch((error: unknown) => this.#failed(error))
  }

  /** Resolves when nothing that it began is under way any more. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    clearInterval(this.#renewing)
    await this.#work
  }

  #tick(): void {
    this.#work = this.#work.then(() => this.#look()).catch((error: unknown) => this.#failed(error))
  }

  async #look(): Promise<void> {
    const { journal } = this.#options
    if (journal.trouble !== undefined) await journal.open().check()
    if (journal.trouble === undefined && this.#told !== undefined) {
      this.#told = undefined
      this.#options.log.info({ event: "run_journal_recovered" })
    }
    await this.#handOver()
    await this.#recover()
    await this.#purge()
    this.#counts = await journal.open().counts()
  }

  #failed(error: unknown): void {
    const { log } = this.#options
    this.#sweptMs = Number.NEGATIVE_INFINITY
    if (!isJournalTrouble(error)) log.error({ event: "run_keeper_bug", error })
    else if (this.#told?.kind !== error.kind) {
      this.#told = error
      log.error({ event: "run_journal_unavailable", kind: error.kind, reason: error.message })
    }
  }

  /** Lets operators at other gateways have it, without waiting for calls in flight to end. */
  async #handOver(): Promise<void> {
    const { journal, runs, graceMs } = this.#options
    const { handover } = journal.open()
    if (handover === undefined) return
    const { owner } = runs.ownership()
    for (const id of await handover.asked(owner)) {
      if (this.#leaving.has(id)) continue
      this.#leaving.add(id)
      runs
        .resting(id, graceMs, () => handover.give(id, owner))
        .catch((error: unknown) => this.#failed(error))
        .finally(() => this.#leaving.delete(id))
    }
  }

  async #recover(): Promise<void> {
    const { journal, runs, now } = this.#options
    const gateway = this.#gateway
    if (gateway === undefined) return
    await this.#letGo()
    const { due } = runs
    for (let next = 0; next < due.length; next += batchMax)
      await this.#takeOver(due.slice(next, next + batchMax), gateway)
    const isSweep = now() >= this.#sweptMs + sweepEveryMs
    if (journal.leaseMs === undefined && !isSweep) return
    for (;;) {
      const [owner, max] = isSweep
        ? [runs.ownership().owner, runs.open + batchMax]
        : [anybody, batchMax]
      const found = await journal.open().claimable(owner, now(), max)
      const ids = found.filter((id) => !runs.isLookedAfter(id))
      if (ids.length === 0 && isSweep) this.#sweptMs = now()
      if (!(await this.#takeOver(ids, gateway))) return
    }
  }

  /** Whether there was any that can be had, and there is room for more. */
  async #takeOver(ids: readonly string[], gateway: Gateway): Promise<boolean> {
    if (ids.length === 0 || !this.#options.runs.hasRoom) return false
    const taken = await Promise.all(ids.map((id) => this.#resume(id, gateway)))
    return taken.includes(true)
  }

  /** Of the runs that wait here others may have taken some. */
  async #letGo(): Promise<void> {
    const { journal, runs } = this.#options
    if (journal.leaseMs === undefined) return
    const waiting = runs.someWaiting(lookedAtMax)
    if (waiting.length === 0) return
    for (const id of await journal.open().moved(waiting)) runs.waitsNoMore(id)
  }

  /** Goes on at once with a run that an operator has stepped in: that is no recovery. */
  async goOn(id: string): Promise<void> {
    this.#sweptMs = Number.NEGATIVE_INFINITY // it is nobody's until it has been taken
    if (this.#gateway === undefined) return
    try {
      await this.#resume(id, this.#gateway, { counts: false })
    } catch (error) {
      this.#failed(error) // what the operator wanted is done
    }
  }

  /** Whether it is looked after from now on. One that cannot be read does not keep the others from going on. */
  async #resume(id: string, gateway: Gateway, { counts = true } = {}): Promise<boolean> {
    try {
      const { runs } = this.#options
      const origin = (record: RunRecord, plan: Plan) =>
        recoveredOrigin(record, plan, gateway, callInside)
      await runs.resume(id, origin, { counts })
      return runs.isLookedAfter(id)
    } catch (error) {
      if (isJournalTrouble(error)) throw error
      this.#options.log.error({ event: "run_not_recovered", run: id, error })
      return false
    }
  }

  async #purge(): Promise<void> {
    const { journal, now, retentionMs, tombstoneMs } = this.#options
    const nowMs = now()
    if (nowMs - this.#purgedMs < Math.min(purgeEveryMs, retentionMs, tombstoneMs)) return
    const retention = { endedBeforeMs: nowMs - retentionMs, buriedBeforeMs: nowMs - tombstoneMs }
    const purged = await journal.open().purge(retention)
    if (purged === 0) this.#purgedMs = nowMs
  }
}
