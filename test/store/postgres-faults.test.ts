import pg from "pg"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import type { StoredEvent } from "../../src/compose/run/durable/event.ts"
import type { Journal, Lease } from "../../src/compose/run/durable/journal.ts"
import { openPostgresJournal } from "../../src/store/journal/postgres/postgres-journal.ts"
import { type Postgres, postgresPrograms, startPostgres } from "../support/postgres.ts"
import { proxied } from "../support/postgres-proxy.ts"
import { me, newRun } from "./journal-contract.ts"

const plan = { language: 1 }
const ok = (seq: number): StoredEvent => ({
  ...{ seq, atMs: seq, kind: "ok", step: `s${seq}` },
  data: { value: seq, effect: "done" },
})

describe.skipIf(postgresPrograms === undefined)(
  "the run journal on a real PostgreSQL in trouble (skipped where there is none)",
  () => {
    let server: Postgres
    let url: string
    beforeAll(async () => {
      server = await startPostgres(postgresPrograms ?? "")
      url = server.database("runs")
    }, 60_000)
    afterAll(() => server.close())
    beforeEach(() => inDatabase("DROP SCHEMA IF EXISTS postern CASCADE"))

    async function inDatabase(...statements: string[]): Promise<void> {
      const client = new pg.Client(url)
      await client.connect()
      for (const statement of statements) await client.query(statement)
      await client.end()
    }

    async function begun(journal: Journal, id = "r1"): Promise<Lease> {
      const created = await journal.create(newRun(id), plan, me)
      if (!created.isNew) throw new Error("it has no key")
      return created.lease
    }

    const urlAs = (user: string, password = ""): string => {
      const other = new URL(url)
      other.username = user
      other.password = password
      return other.href
    }

    test("says that its role may not make tables, and goes on when it may", async () => {
      await inDatabase("CREATE ROLE guest LOGIN", "REVOKE CREATE ON DATABASE runs FROM PUBLIC")
      const journal = openPostgresJournal(urlAs("guest"))
      await expect(begun(journal)).rejects.toMatchObject({ kind: "forbidden" })
      expect(journal.trouble?.message).toMatch(/permission denied .*the right to create a schema/)
      await inDatabase("GRANT CREATE ON DATABASE runs TO guest")
      expect(await begun(journal)).toEqual({ id: "r1", epoch: 1 })
      expect(journal.trouble).toBeUndefined()
      await journal.close()
      await inDatabase("DROP OWNED BY guest CASCADE", "DROP ROLE guest")
    })

    test("says that its password is wrong, and not which", async () => {
      const hba = "'host all guarded 127.0.0.1/32 scram-sha-256'"
      await inDatabase(
        "CREATE ROLE guarded LOGIN PASSWORD 'right'",
        "GRANT CREATE ON DATABASE runs TO guarded",
        `COPY (SELECT ${hba}) TO PROGRAM 'cat - pg_hba.conf > hba && mv hba pg_hba.conf'`,
        "SELECT pg_reload_conf()",
      )
      const wrong = openPostgresJournal(urlAs("guarded", "hunter2"))
      const refused = begun(wrong)
      await expect(refused).rejects.toMatchObject({ kind: "unreachable" })
      await expect(refused).rejects.toThrow(/password authentication failed .*who may connect/)
      await expect(refused).rejects.not.toThrow(/hunter2/)
      const right = openPostgresJournal(urlAs("guarded", "right"))
      expect(await begun(right)).toMatchObject({ epoch: 1 })
      await Promise.all([wrong.close(), right.close()])
      await inDatabase("DROP OWNED BY guarded CASCADE", "DROP ROLE guarded")
    })

    test("waits its turn where the database takes no more connections", async () => {
      await inDatabase("CREATE ROLE many LOGIN", "GRANT CREATE ON DATABASE runs TO many")
      await inDatabase("ALTER ROLE many CONNECTION LIMIT 1")
      const [holder, journal] = [new pg.Client(urlAs("many")), openPostgresJournal(urlAs("many"))]
      await holder.connect()
      await expect(begun(journal)).rejects.toMatchObject({ kind: "busy" })
      expect(journal.trouble?.message).toMatch(/too many connections/)
      await holder.end()
      await inDatabase("ALTER ROLE many CONNECTION LIMIT -1")
      expect(await begun(journal)).toMatchObject({ epoch: 1 })
      await journal.close()
      await inDatabase("DROP OWNED BY many CASCADE", "DROP ROLE many")
    })

    test("says that its tables were taken away, and is of use again when they are back", async () => {
      const journal = openPostgresJournal(url)
      const lease = await begun(journal)
      await inDatabase("ALTER SCHEMA postern RENAME TO elsewhere")
      await expect(journal.append(lease, [ok(1)])).rejects.toMatchObject({ kind: "missing" })
      expect(journal.trouble?.message).toMatch(/does not exist.*restore them/)
      await inDatabase("ALTER SCHEMA elsewhere RENAME TO postern")
      await journal.append(lease, [ok(1)])
      expect(journal.trouble).toBeUndefined()
      await journal.close()
    })

    /** Does something with the connection of the journal that waits for a lock, as soon as one does. */
    async function whenHeldUp(act: "pg_terminate_backend(pid)" | "pid"): Promise<void> {
      const client = new pg.Client(url)
      await client.connect()
      const look = `SELECT ${act} FROM pg_stat_activity
        WHERE application_name = 'postern' AND wait_event_type = 'Lock'`
      while ((await client.query(look)).rowCount === 0);
      await client.end()
    }

    test("writes each event once, though connections are cut while it writes", async () => {
      const journal = openPostgresJournal(url)
      const lease = await begun(journal)
      const holder = new pg.Client(url)
      await holder.connect()
      for (let seq = 1; seq <= 9; seq += 3) {
        await holder.query("BEGIN; LOCK TABLE postern.event IN ACCESS EXCLUSIVE MODE")
        const events = [ok(seq), ok(seq + 1), ok(seq + 2)]
        const refused = journal.append(lease, events.slice(0, 2))
        await Promise.all([
          expect(refused).rejects.toMatchObject({ name: "JournalTrouble", kind: "unreachable" }),
          whenHeldUp("pg_terminate_backend(pid)"),
        ])
        await holder.query("ROLLBACK")
        await journal.append(lease, events.slice(0, 2))
        await journal.append(lease, events)
      }
      expect(await journal.events("r1")).toEqual(Array.from({ length: 9 }, (_, at) => ok(at + 1)))
      await Promise.all([journal.close(), holder.end()])
    })

    test("survives that its first connection is cut while the tables are made", async () => {
      const holder = new pg.Client(url)
      await holder.connect()
      await holder.query("SELECT pg_advisory_lock($1)", [0x70_6f_52_4a])
      await using proxy = await proxied(server.port)
      const journal = openPostgresJournal(proxy.url(url))
      await Promise.all([
        expect(begun(journal)).rejects.toMatchObject({ kind: "unreachable" }),
        whenHeldUp("pid").then(() => proxy.cut()),
      ])
      await holder.end()
      expect(await begun(journal)).toMatchObject({ epoch: 1 })
      await journal.close()
    })

    test("says that a network that lets nothing through is slow, and goes on behind it", async () => {
      await using proxy = await proxied(server.port)
      const journal = openPostgresJournal(proxy.url(url), { patienceMs: 250 })
      const lease = await begun(journal)
      proxy.stall()
      const late = journal.append(lease, [ok(1)])
      await expect(late).rejects.toMatchObject({ kind: "unreachable" })
      expect(journal.trouble).toMatchObject({ kind: "unreachable" })
      proxy.flow()
      await journal.append(lease, [ok(1), ok(2)])
      expect(await journal.events("r1")).toEqual([ok(1), ok(2)])
      await journal.close()
    })

    test("gives up a statement that a lock holds, says so, and writes it later", async () => {
      const journal = openPostgresJournal(url, { patienceMs: 1_000 })
      const lease = await begun(journal)
      const holder = new pg.Client(url)
      await holder.connect()
      await holder.query("BEGIN; LOCK TABLE postern.event IN ACCESS EXCLUSIVE MODE")
      await expect(journal.append(lease, [ok(1)])).rejects.toMatchObject({ kind: "busy" })
      await holder.end()
      await journal.append(lease, [ok(1)])
      expect(await journal.events("r1")).toEqual([ok(1)])
      await journal.close()
    })

    /** The clock of the database, an hour off from now on: one that stands before the real one where names are looked up. */
    const databaseClock = (hours: number) =>
      inDatabase(
        "CREATE SCHEMA IF NOT EXISTS shim",
        `CREATE OR REPLACE FUNCTION shim.clock_timestamp() RETURNS timestamptz LANGUAGE sql
           AS $$ SELECT pg_catalog.clock_timestamp() + interval '${hours} hours' $$`,
        "ALTER ROLE postern SET search_path = shim, pg_catalog, public",
      )

    test.each([1, -1])(
      "keeps one owner to a run when the clock of the database jumps by %i hours",
      async (hours) => {
        const clock = Date.now
        const as = (owner: string) => ({ owner, nowMs: clock(), leaseUntilMs: clock() + 15_000 })
        const [a, b] = [openPostgresJournal(url, { clock }), openPostgresJournal(url, { clock })]
        await a.create(newRun("r1"), plan, as("a"))
        expect(await b.claimable("b", clock(), 9)).toEqual([])
        await databaseClock(hours)
        // Each connection has looked up the old clock: they are new after this.
        await inDatabase(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'postern'`)
        for (const one of [a, b]) await useful(one)
        await b.renew(as("b"))
        // Until its owner has looked at the clock again, its lease seems to be over: who has it then is what epochs are for.
        expect(await b.claimable("b", clock(), 9)).toEqual(hours > 0 ? ["r1"] : [])
        await a.renew(as("a"))
        expect(await b.claimable("b", clock(), 9)).toEqual([])
        expect(await b.claim("r1", { ...as("b"), counts: true })).toBeUndefined()
        await a.append({ id: "r1", epoch: 1 }, [ok(1)])
        // Its owner is gone: its lease ends on the new scale.
        const later = { ...as("b"), nowMs: clock() + 16_000 }
        expect(await b.claim("r1", { ...later, counts: true })).toEqual({ id: "r1", epoch: 2 })
        await expect(a.append({ id: "r1", epoch: 1 }, [ok(2)])).rejects.toThrow("another owner")
        await Promise.all([a.close(), b.close()])
        await inDatabase("ALTER ROLE postern RESET search_path", "DROP SCHEMA shim CASCADE")
      },
    )
  },
)

/** Tries until its connections are new. */
async function useful(journal: Journal): Promise<void> {
  for (let tries = 0; tries < 20; tries++)
    try {
      await journal.check()
      return
    } catch {
      // its connection was cut
    }
  throw new Error(`it is of no use: ${journal.trouble?.message}`)
}
