import type { Pool } from "pg"
import { JournalTrouble, type Owner } from "../../../compose/run/durable/journal.ts"
import { Connections } from "../../connections.ts"
import { prepareDatabase } from "./prepare.ts"

export interface PostgresOptions {
  /** Connections at the same time. */
  readonly connectionsMax?: number
  /** How long a connection, and each statement, is waited for. */
  readonly patienceMs?: number
  /**
   * The clock of whoever uses the journal, in milliseconds since the epoch. Leases are then kept by the clock of the
   * database, which is the same for all gateways. Without it, times are taken as they are given.
   */
  readonly clock?: () => number
}

/** Connections to one database, opened when first needed, and how far its clock is ahead of ours. */
export class Database {
  readonly #url: string
  readonly #options: PostgresOptions
  readonly #connections = new Connections()
  #pool: Promise<Pool> | undefined
  /** Milliseconds that the database is ahead. */
  #aheadMs: number | undefined

  constructor(url: string, options: PostgresOptions) {
    this.#url = url
    this.#options = options
  }

  /** Rejects with what the driver throws, or a {@link JournalTrouble}; the next call tries again. */
  pool(): Promise<Pool> {
    this.#pool ??= this.#open().catch((error: unknown) => {
      this.#pool = undefined
      throw error
    })
    return this.#pool
  }

  /** The same owner, with its times by the clock of the database. */
  async shifted(owner: Owner): Promise<Owner> {
    if (this.#options.clock === undefined) return owner
    if (this.#aheadMs === undefined) await this.setClock()
    const aheadMs = this.#aheadMs ?? 0
    const { nowMs, leaseUntilMs } = owner
    return {
      ...owner,
      nowMs: nowMs + aheadMs,
      leaseUntilMs: leaseUntilMs === undefined ? undefined : leaseUntilMs + aheadMs,
    }
  }

  /** Looks at the clock of the database. */
  async setClock(): Promise<void> {
    const { clock } = this.#options
    if (clock === undefined) return
    const pool = await this.pool()
    const before = clock()
    const { rows } = await pool.query<{ now: string }>(
      "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now",
    )
    this.#aheadMs = Number(rows[0]?.now) - (before + clock()) / 2
  }

  async close(): Promise<void> {
    const opened = await this.#pool?.catch(() => undefined) // it was never open
    if (opened !== undefined) await this.#connections.end(opened)
  }

  async #open(): Promise<Pool> {
    const { connectionsMax = 8, patienceMs = 5_000 } = this.#options
    const { Pool } = await driver()
    const pool = new Pool({
      connectionString: this.#url,
      max: connectionsMax,
      connectionTimeoutMillis: patienceMs,
      statement_timeout: patienceMs,
      query_timeout: 2 * patienceMs,
      keepAlive: true,
      stream: this.#connections.stream,
      application_name: "postern",
    })
    pool.on("error", () => undefined) // of a connection that nobody uses: the next statement tells
    try {
      await prepareDatabase(pool)
      return pool
    } catch (cause) {
      await this.#connections.end(pool)
      throw cause
    }
  }
}

/** `pg` is an optional dependency: a single gateway needs no database. */
async function driver(): Promise<typeof import("pg")> {
  try {
    return await import("pg")
  } catch (cause) {
    const message =
      "the run journal is on PostgreSQL, and the package pg is not installed; npm install pg"
    throw new JournalTrouble(message, { kind: "other", cause })
  }
}
