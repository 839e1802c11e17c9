import { execFileSync } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setImmediate as nextTurn } from "node:timers/promises"
import type { Worker } from "node:worker_threads"
import { afterAll, describe, expect, test } from "vitest"
import type { StoredEvent } from "../../src/compose/run/durable/event.ts"
import type { Creation, Stored } from "../../src/compose/run/durable/journal.ts"
import { MemoryJournal } from "../../src/store/journal/memory-journal.ts"
import { openSqliteJournal } from "../../src/store/journal/sqlite/open.ts"
import { journalContract, me, newRun } from "./journal-contract.ts"

const folder = mkdtempSync(join(tmpdir(), "journals-"))
afterAll(() => rmSync(folder, { recursive: true }))

journalContract("the memory journal", () => ({
  open: async () => new MemoryJournal(),
  isDurable: false,
}))

journalContract("the SQLite journal", ({ id }) => ({
  open: async () => openSqliteJournal(join(folder, `${id}.db`)),
  isDurable: true,
}))

const plan = { language: 1 }
const large = { text: "x".repeat(300_000) }

describe("the SQLite journal", () => {
  test("belongs to one process at a time", async () => {
    const file = join(folder, "one.db")
    const journal = openSqliteJournal(file)
    const url = new URL("../../src/store/journal/sqlite/open.ts", import.meta.url)
    const program = `import { openSqliteJournal } from ${JSON.stringify(url.href)}
      try { openSqliteJournal(${JSON.stringify(file)}) } catch (error) { console.log(error.kind, error.message) }`
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    })
    expect(said).toContain("busy")
    expect(said).toContain("in use by another process")
    await journal.close()
    await openSqliteJournal(file).close()
  })

  test("says that it is full, changes nothing then, and goes on when there is room", async () => {
    const file = join(folder, "full.db")
    const journal = openSqliteJournal(file, { bytesMax: 256 * 1024 })
    await journal.create(newRun("small"), plan, me)
    const both = await Promise.allSettled([
      journal.create(newRun("neighbour"), plan, me),
      journal.create(newRun("large", { input: large }), plan, me),
    ])
    for (const one of both)
      expect(one).toMatchObject({ status: "rejected", reason: { kind: "full" } })
    expect(journal.trouble).toMatchObject({ kind: "full" })
    expect(journal.trouble?.message).toMatch(/full\.db cannot be used .*make room/)
    expect(await journal.list({ max: 9 })).toMatchObject([{ id: "small" }])
    await journal.check()
    expect(journal.trouble).toBeUndefined()
    await journal.create(newRun("neighbour"), plan, me)
    await journal.close()
  })

  test("says that another process holds it, and goes on when that has ended", async () => {
    const file = join(folder, "busy.db")
    const journal = openSqliteJournal(file, { busyMs: 20 })
    const holder = new DatabaseSync(file)
    holder.exec("BEGIN IMMEDIATE")
    const refused = journal.create(newRun("r1"), plan, me)
    await expect(refused).rejects.toMatchObject({ kind: "busy" })
    holder.exec("ROLLBACK")
    holder.close()
    await journal.create(newRun("r1"), plan, me)
    expect(journal.trouble).toBeUndefined()
    await journal.close()
  })

  test("waits for another process while everything else goes on", async () => {
    const file = join(folder, "patient.db")
    const journal = openSqliteJournal(file, { busyMs: 20_000 })
    await journal.check()
    const holder = new DatabaseSync(file)
    holder.exec("BEGIN IMMEDIATE")
    const begun = journal.create(newRun("r1"), plan, me)
    await nextTurn() // it is on its way
    holder.close() // which nobody here could do if the journal held up the loop
    expect(await begun).toMatchObject({ isNew: true })
    await journal.close()
  })

  test("refuses what it was asked when its thread ends by itself, and goes on with another", async () => {
    const thread = new Promise<Worker>((resolve) => process.once("worker", resolve))
    const journal = openSqliteJournal(join(folder, "thread.db"))
    await journal.create(newRun("r1"), plan, me)
    const asked = [journal.create(newRun("r2"), plan, me), journal.counts()]
    const [ended] = await Promise.all([thread.then((worker) => worker.terminate()), nextTurn()])
    expect(ended).toBe(1)
    for (const one of await Promise.allSettled(asked))
      if (one.status === "rejected") expect(one.reason).toMatchObject({ name: "JournalTrouble" })
    expect(journal.trouble?.message).toMatch(/thread.db has ended/)
    await journal.check()
    expect(journal.trouble).toBeUndefined()
    await journal.append({ id: "r1", epoch: 1 }, [], { status: "parked" })
    expect(await journal.get("r1")).toMatchObject({ status: "parked", owner: me.owner })
    await journal.close()
  })

  test("gives to the next thread what the last one was not asked any more", async () => {
    const thread = new Promise<Worker>((resolve) => process.once("worker", resolve))
    const journal = openSqliteJournal(join(folder, "next-thread.db"))
    await journal.check()
    const worker = await thread
    const begun = Promise.withResolvers<Creation>()
    worker.prependOnceListener("exit", () => begun.resolve(journal.create(newRun("r1"), plan, me)))
    await worker.terminate()
    expect(await begun.promise).toMatchObject({ isNew: true })
    await journal.close()
  })

  test("keeps what stands apart as long as something has it, and no longer", async () => {
    const file = join(folder, "apart.db")
    const journal = openSqliteJournal(file)
    const large = { text: "x".repeat(100_000) }
    const other = { text: "y".repeat(100_000) }
    for (const [id, result] of [
      ["r1", large],
      ["r2", other],
    ] as const) {
      await journal.create(newRun(id, { key: id, input: large }), plan, me)
      const atMs = id === "r1" ? 1_000 : 2_000
      const lease = { id, epoch: 1 }
      const end: StoredEvent = {
        ...{ kind: "turn", step: "", seq: 1, atMs },
        data: { to: "completed", reason: id.repeat(50_000) },
      }
      await journal.append(lease, [end], { status: "completed", result })
    }
    const taker = { run: "r1", step: "", scope: "", untilMs: 3_000, nowMs: 1 }
    await journal.takeOnce("key", taker)
    await journal.settleOnce("key", taker, other)
    const apart = () => {
      using db = new DatabaseSync(file, { readOnly: true })
      return db.prepare("SELECT digest FROM blob").all().length
    }
    const forget = (endedBeforeMs: number) => journal.purge({ endedBeforeMs, buriedBeforeMs: 0 })
    expect(apart()).toBe(5) // the plan, two values, and what was written of each run
    expect(await forget(1_500)).toBe(1)
    expect(apart()).toBe(4)
    expect(await journal.get("r2")).toMatchObject({ input: large, result: other })
    expect(await forget(2_500)).toBe(1)
    expect(apart()).toBe(1) // what was done once has it
    expect(await journal.takeOnce("key", taker)).toMatchObject({ is: "settled", outcome: other })
    expect(await forget(3_500)).toBe(0)
    expect(apart()).toBe(0)
    expect(await journal.create(newRun("r3"), plan, me)).toMatchObject({ isNew: true })
    expect(await journal.plan("sha256:plan")).toEqual(plan) // it was forgotten, and is given again
    await journal.close()
  })

  test("keeps nothing apart of what it did not begin, nor of what was done once and is over", async () => {
    const file = join(folder, "astray.db")
    const journal = openSqliteJournal(file)
    await journal.create(newRun("r1", { key: "k" }), plan, me)
    const late = newRun("r2", { key: "k", input: large, plan: "sha256:newer" })
    expect(await journal.create(late, plan, me)).toMatchObject({ isNew: false })
    const taker = (nowMs: number) => ({
      ...{ run: "r1", step: "", scope: "", untilMs: nowMs + 1, nowMs },
    })
    await journal.takeOnce("key", taker(1))
    await journal.settleOnce("key", { ...taker(1), run: "r3" }, large) // it is not its own
    await journal.settleOnce("key", taker(1), large)
    expect(await journal.takeOnce("key", taker(2))).toEqual({ is: "taken" })
    using db = new DatabaseSync(file, { readOnly: true })
    expect(db.prepare("SELECT digest FROM blob").all()).toEqual([{ digest: "sha256:plan" }])
    await journal.close()
  })

  test("refuses what cannot be written, and goes on", async () => {
    const journal = openSqliteJournal(join(folder, "unwritten.db"))
    const endless: { [name: string]: Stored } = {}
    endless["self"] = endless // as a text that is longer than one may be
    const taker = { run: "r1", step: "", scope: "", untilMs: undefined, nowMs: 1 }
    await journal.takeOnce("key", taker)
    const settled = journal.settleOnce("key", taker, endless)
    const taken = journal.takeOnce("key", taker) // written together with it
    await expect(settled).rejects.toThrow(/circular/)
    expect(await taken).toEqual({ is: "taken" })
    const event: StoredEvent = {
      ...{ kind: "ok", step: "a", seq: 1, atMs: 1 },
      data: { value: endless, effect: "done" },
    }
    await expect(journal.append({ id: "r1", epoch: 1 }, [event])).rejects.toThrow(/circular/)
    await expect(journal.create({ ...newRun("r1"), input: endless }, plan, me)).rejects.toThrow(
      /circular/,
    )
    expect((await journal.create(newRun("r1"), plan, me)).isNew).toBe(true)
    await journal.close()
  })

  test("says that its disk does not answer, begins nothing meanwhile, and goes on when it does", async () => {
    const file = join(folder, "silent.db")
    const journal = openSqliteJournal(file, { busyMs: 600_000, silentMs: 1_000 })
    await expect.poll(() => journal.check(), { timeout: 20_000 }).toBeUndefined() // it has its thread
    await journal.create(newRun("r1"), plan, me)
    const holder = new DatabaseSync(file)
    holder.exec("BEGIN IMMEDIATE") // to the thread it is as a disk that hangs
    const begun = journal.create(newRun("r2"), plan, me)
    begun.catch(() => undefined) // it is looked at below
    const silent = /silent\.db has not answered for 1 s; look at its disk/
    await expect(begun).rejects.toThrow(silent)
    await expect(begun).rejects.toMatchObject({ kind: "unreachable" }) // it may be there later
    await expect(journal.counts()).rejects.toThrow(silent)
    expect(journal.trouble).toMatchObject({ kind: "unreachable" })
    await expect(journal.create(newRun("r3"), plan, me)).rejects.toThrow(silent)
    await expect(journal.check()).rejects.toThrow(silent)
    holder.close()
    await expect.poll(() => journal.trouble, { timeout: 20_000 }).toBeUndefined()
    expect((await journal.list({ max: 9 })).map(({ id }) => id).sort()).toEqual(["r1", "r2"])
    await journal.close()
  })

  test.each([
    ["is cut off", (file: string) => truncateSync(file, 3_000)],
    ["is something else", (file: string) => writeFileSync(file, "no database at all".repeat(300))],
  ])("does not open a file that %s, and leaves it as it is", async (how, damage) => {
    const file = join(folder, `${how.replaceAll(" ", "-")}.db`)
    const journal = openSqliteJournal(file)
    await journal.create(newRun("r1", { input: large }), plan, me)
    await journal.close()
    damage(file)
    const before = readFileSync(file)
    expect(() => openSqliteJournal(file)).toThrow(/cannot be used|is damaged/)
    expect(readFileSync(file)).toEqual(before)
  })

  test("does not open a file of another version or another program", async () => {
    const newer = join(folder, "newer.db")
    const foreign = join(folder, "foreign.db")
    await openSqliteJournal(newer).close()
    const db = new DatabaseSync(newer)
    db.exec("PRAGMA user_version = 9")
    db.close()
    const other = new DatabaseSync(foreign)
    other.exec("CREATE TABLE accounts (id INTEGER)")
    other.close()
    expect(() => openSqliteJournal(newer)).toThrow(/version 9, and this Postern has version 4/)
    expect(() => openSqliteJournal(foreign)).toThrow(/no run journal of Postern/)
  })

  test("survives a write-ahead log that was torn off", async () => {
    const file = join(folder, "torn.db")
    const url = new URL("../../src/store/journal/sqlite/open.ts", import.meta.url)
    const program = `import { openSqliteJournal } from ${JSON.stringify(url.href)}
      const journal = openSqliteJournal(${JSON.stringify(file)})
      const run = ${JSON.stringify(newRun("r"))}
      for (const id of ["r1", "r2"]) await journal.create({ ...run, id }, {}, ${JSON.stringify(me)})
      process.kill(process.pid, "SIGKILL")`
    expect(() =>
      execFileSync(process.execPath, ["--input-type=module", "-e", program], { stdio: "ignore" }),
    ).toThrow()
    truncateSync(`${file}-wal`, readFileSync(`${file}-wal`).length - 100)
    const journal = openSqliteJournal(file)
    expect(await journal.list({ max: 9 })).toMatchObject([{ id: "r1" }])
    await journal.create(newRun("r3"), plan, me)
    await journal.close()
  })

  test("can be read and written by nobody else", async () => {
    const file = join(folder, "mode/mode.db")
    await openSqliteJournal(file).close()
    const modes = execFileSync("stat", ["-c", "%a", file, join(folder, "mode")], {
      encoding: "utf8",
    })
    expect(modes).toBe("600\n700\n")
  })

  test("is not opened in a folder that cannot be written", () => {
    const file = join(folder, "missing\0name", "runs.db")
    expect(() => openSqliteJournal(file)).toThrow()
    const blocked = join(folder, "blocked")
    writeFileSync(blocked, "a file")
    chmodSync(blocked, 0o400)
    expect(() => openSqliteJournal(join(blocked, "runs.db"))).toThrow(/run journal/)
  })
})
