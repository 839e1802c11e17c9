import type { Pool } from "pg"
import type { Measure } from "../../compose/run/state/pace.ts"
import { Connections } from "../connections.ts"

/** One thing that is counted. */
interface Count {
  readonly key: string
  readonly measure: Measure
}

/**
 * Counts of rate limits in a PostgreSQL that several gateways share: one row each, changed by one statement, by the clock of
 * the database. If it crashes, the counts of the last second may be lost: no call waits for its disk.
 */
export class PostgresRates {
  readonly #url: string
  readonly #patienceMs: number
  readonly #connections = new Connections()
  #pool: Promise<Pool> | undefined
  #isClosed = false

  /** `patienceMs`: how long a connection, and each statement, is waited for. */
  constructor(url: string, patienceMs: number) {
    this.#url = url
    this.#patienceMs = patienceMs
  }

  /** So that the first call finds the driver loaded, and a connection. What needs it opens it again when this rejects. */
  async open(): Promise<void> {
    await this.#open()
  }

  /** Adds one and resolves with 0, or adds none and resolves with the milliseconds until there may be a place. */
  async take({ key, measure }: Count): Promise<number> {
    const { take, wait, numbers } = statements(measure)
    const pool = await this.#open()
    const { rowCount } = await pool.query({ ...take, values: [key, ...numbers] })
    if (rowCount === 1) return 0
    const { rows } = await pool.query<{ wait: number }>({ ...wait, values: [key, ...numbers] })
    return Math.max(1, rows[0]?.wait ?? 1)
  }

  /** Takes back one that was added. */
  async giveBack({ key, measure }: Count): Promise<void> {
    const { giveBack, numbers } = statements(measure)
    const pool = await this.#open()
    await pool.query({ ...giveBack, values: [key, ...numbers] })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const pool = await this.#pool?.catch(() => undefined) // it was never open
    if (pool !== undefined) await this.#connections.end(pool)
  }

  /** Rejects with what the driver throws; the next call tries again. */
  #open(): Promise<Pool> {
    if (this.#isClosed) return Promise.reject(new Error("the gateway is shutting down"))
    this.#pool ??= this.#connect().catch((error: unknown) => {
      this.#pool = undefined
      throw error
    })
    return this.#pool
  }

  async #connect(): Promise<Pool> {
    const { Pool } = await driver()
    const pool = new Pool({
      connectionString: this.#url,
      max: connectionsMax,
      connectionTimeoutMillis: this.#patienceMs,
      query_timeout: this.#patienceMs,
      keepAlive: true,
      stream: this.#connections.stream,
      application_name: "postern rates",
      options: "-c synchronous_commit=off",
    })
    pool.on("error", () => undefined) // of a connection that nobody uses: the next statement tells
    try {
      await pool.query(table)
      return pool
    } catch (cause) {
      await this.#connections.end(pool)
      throw cause
    }
  }
}

const connectionsMax = 8

/** `pg` is an optional dependency: a single gateway needs no database. */
async function driver(): Promise<typeof import("pg")> {
  try {
    return await import("pg")
  } catch (cause) {
    throw new Error(
      "state.rates is on PostgreSQL, and the package pg is not installed; npm install pg",
      {
        cause,
      },
    )
  }
}

/** One gateway at a time makes it: "if not exists" of two at once can fail. The lock ends with the statements. */
const table = `
BEGIN;
SELECT pg_advisory_xact_lock(1886351473);
CREATE SCHEMA IF NOT EXISTS postern;
CREATE TABLE IF NOT EXISTS postern.rates (
  key text PRIMARY KEY,
  mark double precision NOT NULL,
  used double precision NOT NULL
);
COMMIT`

const now = "extract(epoch FROM statement_timestamp()) * 1000"

/**
 * Tokens that drip in evenly, as the time at which the bucket would be full again: each token taken puts it off by what one
 * takes to drip in. $2: that, $3: what all of them take.
 */
const bucket = {
  take: {
    name: "postern_bucket_take",
    text: `INSERT INTO postern.rates AS kept (key, mark, used) VALUES ($1, ${now} + $2, $3)
ON CONFLICT (key) DO UPDATE SET mark = greatest(kept.mark, ${now}) + $2, used = $3
WHERE greatest(kept.mark, ${now}) + $2 - ${now} <= $3 + 1e-3`,
  },
  wait: {
    name: "postern_bucket_wait",
    text: `SELECT mark + $2::float8 - $3::float8 - ${now} AS wait FROM postern.rates WHERE key = $1`,
  },
  giveBack: {
    name: "postern_bucket_give_back",
    text: "UPDATE postern.rates SET mark = mark - $2::float8 WHERE key = $1 AND $3::float8 > 0",
  },
} as const

/** So many in each window that time is cut into. $2: how long one is, $3: how many. */
const window = `floor(${now} / $2::float8) * $2::float8`
const windows = {
  take: {
    name: "postern_window_take",
    text: `INSERT INTO postern.rates AS kept (key, mark, used) VALUES ($1, ${window}, 1)
ON CONFLICT (key) DO UPDATE SET mark = greatest(kept.mark, excluded.mark),
  used = CASE WHEN kept.mark < excluded.mark THEN 1 ELSE kept.used + 1 END
WHERE kept.mark < excluded.mark OR kept.used < $3::float8`,
  },
  wait: {
    name: "postern_window_wait",
    text: `SELECT mark + $2::float8 - ${now} AS wait FROM postern.rates WHERE key = $1 AND $3::float8 > 0`,
  },
  giveBack: {
    name: "postern_window_give_back",
    text: `UPDATE postern.rates SET used = used - 1 WHERE key = $1 AND mark = ${window} AND used <= $3::float8`,
  },
} as const

function statements({ strategy, rate, windowMs, burst = rate }: Measure) {
  const intervalMs = windowMs / rate
  switch (strategy) {
    case "token_bucket":
      return { ...bucket, numbers: [intervalMs, intervalMs * burst] }
    case "fixed_window":
      return { ...windows, numbers: [windowMs, rate] }
    case "sliding_window":
    case "leaky_bucket":
      throw new TypeError(`rate limits do not count by ${strategy}`)
  }
}
