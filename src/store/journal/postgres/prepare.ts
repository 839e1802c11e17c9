import type { Pool, PoolClient } from "pg"
import { JournalTrouble } from "../../../compose/run/durable/journal.ts"
import { schemaVersion, tables } from "./tables.ts"

/** Any number, the same for all gateways: one at a time makes the tables. */
const lock = 0x70_6f_52_4a

/** Makes the tables where they are not there yet, and refuses a database that is of no use. */
export async function prepareDatabase(pool: Pool): Promise<void> {
  const client = await pool.connect()
  const ignore = () => undefined // a connection that is cut: the statement tells, too
  client.on("error", ignore)
  try {
    await prepare(client)
  } finally {
    client.off("error", ignore)
    client.release()
  }
}

async function prepare(client: PoolClient): Promise<void> {
  await client.query("SELECT pg_advisory_lock($1)", [lock])
  try {
    const { rows } = await client.query<{ there: string | null }>(
      "SELECT to_regclass('postern.meta')::text AS there",
    )
    if (rows[0]?.there === null) await client.query(tables)
  } finally {
    await client.query("SELECT pg_advisory_unlock($1)", [lock])
  }
  await checkVersion(client)
  await checkDurability(client)
}

async function checkVersion(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ version: number }>("SELECT version FROM postern.meta")
  const version = rows[0]?.version
  if (version === schemaVersion) return
  const message = `the run journal has tables of version ${version}, and this program knows version ${schemaVersion}; run the version of Postern that made them`
  throw new JournalTrouble(message, { kind: "other" })
}

/** What is promised is there after a crash: with this off, it may not be. */
async function checkDurability(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ synchronous_commit: string }>("SHOW synchronous_commit")
  if (rows[0]?.synchronous_commit !== "off") return
  const message =
    "synchronous_commit of the database is off, so a crash loses what was committed; switch it on for the role that Postern connects as"
  throw new JournalTrouble(message, { kind: "other" })
}
