import pg from "pg"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { StoredEvent } from "../../src/compose/run/durable/event.ts"
import type { Journal } from "../../src/compose/run/durable/journal.ts"
import { openPostgresJournal } from "../../src/store/journal/postgres/postgres-journal.ts"
import { type Postgres, postgresPrograms, startPostgres } from "../support/postgres.ts"
import { journalContract, me, newRun } from "./journal-contract.ts"

const ok = (seq: number): StoredEvent => ({
  ...{ seq, atMs: seq, kind: "ok", step: `s${seq}` },
  data: { value: seq, effect: "done" },
})

describe.skipIf(postgresPrograms === undefined)(
  "on a real PostgreSQL (skipped where there is none: install it, or name its programs in PGBIN)",
  () => {
    let server: Postgres
    beforeAll(async () => {
      server = await startPostgres(postgresPrograms ?? "")
      url = server.database("runs")
    }, 60_000)
    afterAll(() => server.close())

    /** One database for all tests: each begins without tables. */
    let url: string
    let tester = ""
    async function open(test: string): Promise<Journal> {
      if (tester !== test) await inDatabase("DROP SCHEMA IF EXISTS postern CASCADE")
      tester = test
      return openPostgresJournal(url)
    }

    async function inDatabase(...statements: string[]): Promise<void> {
      const client = new pg.Client(url)
      await client.connect()
      for (const statement of statements) await client.query(statement)
      await client.end()
    }

    journalContract("the PostgreSQL journal", ({ id }) => ({
      open: () => open(id),
      isDurable: true,
    }))

    test("gives two gateways that begin with the same key at once one run", async () => {
      const [a, b] = [await open("two"), await open("two")]
      const begin = (journal: typeof a, id: string, key: string) =>
        journal.create(newRun(id, { key }), { language: 1 }, { ...me, owner: id })
      const keys = Array.from({ length: 50 }, (_, index) => `k${index}`)
      const both = await Promise.all(
        keys.map((key) => Promise.all([begin(a, `a${key}`, key), begin(b, `b${key}`, key)])),
      )
      for (const [one, two] of both) expect([one.isNew, two.isNew].sort()).toEqual([false, true])
      await Promise.all([a.close(), b.close()])
    })

    test("has nobody wait for each other who writes to the same runs in another order", async () => {
      const [a, b] = [await open("order"), await open("order")]
      const names = Array.from({ length: 300 }, (_, index) => `${index}`)
      const begin = (journal: typeof a, owner: string) => (key: string) =>
        journal.create(newRun(`${owner}${key}`, { key }), { language: 1 }, { ...me, owner })
      for (let round = 1; round <= 5; round++) {
        const keys = names.map((name) => `${round}-${name}`)
        const begun = await Promise.all([
          ...keys.map(begin(a, "a")),
          ...keys.toReversed().map(begin(b, "b")),
        ])
        expect(begun.filter(({ isNew }) => isNew)).toHaveLength(keys.length)
        const leaseUntilMs = 20_000 + round
        const renewals = ["a", "b", "a", "b"].map((owner) =>
          a.renew({ ...me, owner, leaseUntilMs }),
        )
        await Promise.all([
          ...renewals,
          ...begun.map((one) => one.isNew && b.append(one.lease, [ok(1)])),
        ])
      }
      await Promise.all([a.close(), b.close()])
    })

    test("lets one of two owners write, when a run is taken while the first writes", async () => {
      const [a, b] = [await open("fence"), await open("fence")]
      for (let round = 0; round < 30; round++) {
        const id = `r${round}`
        const begun = await a.create(newRun(id), { language: 1 }, { ...me, owner: "a" })
        if (!begun.isNew) throw new Error("it has no key")
        const [written, lease] = await Promise.allSettled([
          a.append(begun.lease, [ok(1)]),
          b.claim(id, { ...me, owner: "b", counts: true, force: true }),
        ])
        // Whichever came first: what the old owner was told is what there is, and it writes no more.
        const events = await b.events(id)
        expect(events).toEqual(written.status === "fulfilled" ? [ok(1)] : [])
        expect(lease).toMatchObject({ status: "fulfilled", value: { id, epoch: 2 } })
        await expect(a.append(begun.lease, [ok(2)])).rejects.toThrow("another owner")
      }
      await Promise.all([a.close(), b.close()])
    })

    test("lets an owner give a run to whoever asks for it, and nobody else get it meanwhile", async () => {
      const [a, b] = [await open("give"), await open("give")]
      const lease = (owner: string) => ({ owner, nowMs: 1_000, leaseUntilMs: 9_000 })
      for (const id of ["r1", "r2"]) await a.create(newRun(id), { language: 1 }, lease("a"))
      expect(await a.handover?.asked("a")).toEqual([])
      await b.handover?.ask("r1", lease("b"))
      await b.handover?.ask("r1", lease("b"))
      expect(await a.handover?.asked("a")).toEqual(["r1"])
      expect(await b.handover?.asked("b")).toEqual([])
      await a.handover?.give("r2", "a")
      await a.handover?.give("r1", "somebody")
      expect(await a.get("r1")).toMatchObject({ owner: "a" })
      await a.handover?.give("r1", "a")
      expect(await a.get("r1")).toMatchObject({ owner: "b", epoch: 1 })
      expect(await a.handover?.asked("a")).toEqual([])
      expect(await a.claim("r1", { ...lease("a"), counts: false })).toBeUndefined()
      expect(await b.claim("r1", { ...lease("b"), counts: false })).toMatchObject({ epoch: 2 })
      await b.handover?.ask("r2", lease("b"))
      await b.release("b")
      expect(await a.handover?.asked("a")).toEqual([])
      await b.handover?.ask("r2", lease("b"))
      expect(await b.claim("r2", { ...lease("b"), counts: false })).toBeUndefined()
      expect(await a.handover?.asked("a")).toEqual(["r2"])
      await b.claim("r2", { ...lease("b"), counts: false, force: true })
      expect(await b.handover?.asked("b")).toEqual([]) // whoever has it wants it no more
      await Promise.all([a.close(), b.close()])
    })

    test("says that the database is away, changes nothing, and goes on when it is back", {
      timeout: 60_000,
    }, async () => {
      const journal = await open("restart")
      const begun = await journal.create(newRun("r1"), { language: 1 }, me)
      if (!begun.isNew) throw new Error("it has no key")
      await journal.append(begun.lease, [ok(1)])
      await server.kill()
      const refused = await Promise.allSettled([
        journal.append(begun.lease, [ok(2)]),
        journal.create(newRun("r2"), { language: 1 }, me),
        journal.get("r1"),
      ])
      for (const one of refused)
        expect(one).toMatchObject({ status: "rejected", reason: { kind: "unreachable" } })
      expect(journal.trouble?.message).toMatch(/the run journal cannot be used .*look whether/)
      await server.start()
      await journal.check()
      expect(journal.trouble).toBeUndefined()
      await journal.append(begun.lease, [ok(1), ok(2)])
      expect(await journal.events("r1")).toEqual([ok(1), ok(2)])
      await journal.close()
    })

    test("keeps leases by the clock of the database, whatever the clocks of the gateways say", async () => {
      await (await open("clocks")).check()
      const at = (aheadMs: number) => {
        const clock = () => Date.now() + aheadMs
        const journal = openPostgresJournal(url, { clock })
        const as = (owner: string) => ({ owner, nowMs: clock(), leaseUntilMs: clock() + 15_000 })
        return { journal, as, clock }
      }
      const [slow, fast] = [at(-3_600_000), at(3_600_000)]
      await slow.journal.create(newRun("r1"), { language: 1 }, slow.as("slow"))
      await fast.journal.create(newRun("r2"), { language: 1 }, fast.as("fast"))
      expect(await fast.journal.claimable("fast", fast.clock(), 9)).toEqual(["r2"])
      expect(await slow.journal.claimable("slow", slow.clock(), 9)).toEqual(["r1"])
      expect(await fast.journal.claim("r1", { ...fast.as("fast"), counts: true })).toBeUndefined()
      await Promise.all([slow.journal.close(), fast.journal.close()])
    })

    test("knows what was begun though the answer was lost", async () => {
      const journal = await open("again")
      const first = await journal.create(newRun("r1", { key: "k" }), { language: 1 }, me)
      expect(await journal.create(newRun("r1", { key: "k" }), { language: 1 }, me)).toEqual(first)
      await journal.close()
    })

    test("is not used where a crash would lose what was promised", async () => {
      await inDatabase("ALTER ROLE postern SET synchronous_commit = off")
      const asynchronous = await open("asynchronous")
      await expect(asynchronous.get("r1")).rejects.toThrow(/synchronous_commit .* is off/)
      await inDatabase("ALTER ROLE postern RESET synchronous_commit")
      expect(await asynchronous.get("r1")).toBeUndefined()
      await asynchronous.close()
    })

    test("leaves tables of another version alone", async () => {
      const first = await open("version")
      await first.check()
      await first.close()
      await inDatabase("UPDATE postern.meta SET version = 7")
      const second = await open("version")
      await expect(second.check()).rejects.toThrow(/tables of version 7/)
      await second.close()
    })

    test("says that a database is read-only", async () => {
      const primary = await open("standby")
      await primary.check()
      await primary.close()
      await inDatabase("ALTER ROLE postern SET default_transaction_read_only = on")
      const journal = await open("standby")
      const refused = journal.create(newRun("r1"), { language: 1 }, me)
      await expect(refused).rejects.toMatchObject({ kind: "read-only" })
      await journal.close()
      const isWritable = "SET default_transaction_read_only = off"
      await inDatabase(isWritable, "ALTER ROLE postern RESET default_transaction_read_only")
    })
  },
)

test("a database that nobody can reach is said to be, and no password is", async () => {
  const journal = openPostgresJournal("postgres://postern:hunter2@127.0.0.1:1/x", {
    patienceMs: 500,
  })
  const refused = journal.get("r1")
  await expect(refused).rejects.toMatchObject({ name: "JournalTrouble", kind: "unreachable" })
  await expect(refused).rejects.not.toThrow(/hunter2/)
  await journal.close()
})
