import type { Levels } from "../../call/gateway.ts"
import type { ServerRules } from "../../call/server-rules.ts"
import type { BackendPool } from "../../mcp/backend/pool.ts"
import type { Catalog } from "../../registry/catalog.ts"
import { written } from "../../registry/model.ts"
import { formatProblem } from "../../registry/print-problems.ts"
import type { Problem } from "../../registry/problem.ts"
import { fileSource } from "../../store/file-source.ts"
import type { Audit } from "../audit/audit.ts"
import type { Config } from "../config/config.ts"
import { lockLimitsOf } from "../limit-sets.ts"
import type { Logger } from "../log.ts"
import { randomId } from "../random-id.ts"
import { StartError } from "../start-error.ts"
import { Budget } from "./budget.ts"
import { driftRecord } from "./drift-record.ts"
import { LockFile, type LockState } from "./lock-file.ts"
import { Looks } from "./looks.ts"
import { type Judged, Pins, type StandingChange } from "./pins.ts"

export interface PinningParts {
  readonly config: Config
  readonly log: Logger
  readonly audit: Audit
  readonly look: BackendPool["look"]
  /** Other tools are withheld than before: callers may see others. */
  readonly withheldChanged: () => void
  readonly count: (change: StandingChange) => void
}

/** All that belongs to pins at run time: the lock and its file, what servers are found to say, and who is told. */
export class Pinning {
  readonly pins: Pins
  readonly #parts: PinningParts
  readonly #lockFile: LockFile
  readonly #looks: Looks
  readonly #budget: Budget
  #isStarted = false

  constructor(parts: PinningParts) {
    const { config, log, look, withheldChanged } = parts
    const { limits, registry } = config
    this.#parts = parts
    this.#budget = new Budget(limits.driftRecords, Date.now)
    this.#looks = new Looks({ look, everyMs: limits.lookEvery, atOnceMax: limits.looks })
    this.pins = new Pins({
      levels: registry.levels,
      pinning: { volatileMeta: registry.volatileMeta },
      sliceMs: limits.registrySlice,
      changed: (change) => this.#changed(change),
      withheldChanged,
      bug: (error) => log.error({ event: "pins_bug", error }),
    })
    this.#lockFile = new LockFile({
      source: fileSource(registry.lock, { bytesMax: limits.lockBytes }),
      limits: lockLimitsOf(limits),
      sliceMs: limits.registrySlice,
      now: Date.now,
      onLock: (lock) => {
        void this.pins.use(lock)
        this.#looks.use(this.pins.servers)
        const servers = lock.servers.length
        if (servers > 0) log.info({ event: "lock_loaded", file: registry.lock, servers })
      },
      onRefused: (problems) => this.#refused(problems),
    })
  }

  /** Rejects with a StartError where there is a lock that cannot be used. */
  async start(): Promise<void> {
    const { problems, loadedAtMs } = await this.#lockFile.start()
    this.#isStarted = true
    const { levels, lock } = this.#parts.config.registry
    if (loadedAtMs === undefined && levels.definitionDrift === "deny")
      this.#parts.log.warn({ event: "lock_missing", file: lock }) // denied is what differs from a pin, and there is none
    if (problems.length > 0)
      throw new StartError(`the lock ${lock} cannot be used`, {
        lines: problems.map(formatProblem),
      })
  }

  accept(catalog: Catalog, rules: ServerRules): void {
    void this.pins.accept(catalog, rules)
    this.#looks.use(this.pins.servers)
  }

  /** Servers are looked at from here on. */
  open(): void {
    this.#looks.open()
  }

  get levels(): Levels {
    return this.pins.levels
  }

  get lock(): LockState {
    return this.#lockFile.state
  }

  get judged(): readonly Judged[] {
    return [...this.pins.judged]
  }

  /** Changes that were counted and not recorded. */
  get unrecorded(): number {
    return this.#budget.refused
  }

  #refused(problems: readonly Problem[]): void {
    if (!this.#isStarted) return // these are the words of the StartError
    const { log } = this.#parts
    log.error({ event: "lock_refused", problems: problems.slice(0, 20).map(formatProblem) })
  }

  #changed(change: StandingChange): void {
    const { audit, count, log } = this.#parts
    const { server, tool, after } = change
    count(change)
    if (!this.#budget.allows(written(server))) return
    audit.write(driftRecord(change, { id: randomId(), timeMs: Date.now() }))
    const { drift, state } = after
    const fields = { server: written(server), tool, state, kinds: drift?.kinds, fit: drift?.fit }
    if (drift === undefined) log.info({ event: "definition_settled", ...fields })
    else log.warn({ event: "definition_drift", ...fields })
  }

  async close(): Promise<void> {
    this.#looks.close()
    this.pins.close()
    await this.#lockFile.close()
  }
}
