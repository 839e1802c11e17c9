import { execFileSync, spawnSync } from "node:child_process"
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { type Journal, JournalTrouble } from "../../src/compose/run/durable/journal.ts"
import { openSqliteJournal } from "../../src/store/journal/sqlite/open.ts"
import { me, newRun } from "./journal-contract.ts"

const folder = mkdtempSync(join(tmpdir(), "journal-faults-"))
chmodSync(folder, 0o755) // others are tried, too
afterAll(() => rmSync(folder, { recursive: true }))

const plan = { language: 1 }
const source = new URL("../../src/store/journal/sqlite/open.ts", import.meta.url).href

async function filled(name: string, runs = 40): Promise<string> {
  const file = join(folder, `${name}.db`)
  const journal = openSqliteJournal(file)
  await Promise.all(ids(runs).map((id) => journal.create(newRun(id, { key: id }), plan, me)))
  await journal.close()
  return file
}

const ids = (count: number) => Array.from({ length: count }, (_, index) => `r${index + 100}`)

async function idsIn(journal: Journal): Promise<string[]> {
  const runs = await journal.list({ max: 1_000 })
  return runs.map(({ id }) => id).sort()
}

/** A process of its own that uses a journal. */
const program = (file: string, body: string) => `
  import { execFileSync } from "node:child_process"
  import { openSqliteJournal } from ${JSON.stringify(source)}
  const run = ${JSON.stringify(newRun("r"))}
  const begin = (journal, id) => journal.create({ ...run, id }, {}, ${JSON.stringify(me)})
  const file = ${JSON.stringify(file)}
  ${body}`

describe("a SQLite journal", () => {
  test("whose file cannot grow any more has what it said it has, and goes on when there is room", async () => {
    const file = join(folder, "limit.db")
    const body = `
      const journal = openSqliteJournal(file)
      const written = []
      let trouble
      while (trouble === undefined) {
        const id = "r" + (written.length + 100)
        try {
          await begin(journal, id)
          written.push(id)
        } catch (error) {
          trouble = error
        }
      }
      const still = await journal.check().then(() => "usable", (error) => error.kind)
      execFileSync("prlimit", ["--pid", String(process.pid), "--fsize=unlimited"])
      await journal.check()
      const after = journal.trouble === undefined
      await begin(journal, "last")
      await journal.close()
      console.log(JSON.stringify({ written, kind: trouble.kind, message: trouble.message, still, after }))`
    // A limit of the kernel on the size of files: what a full disk is to a process, without a disk.
    const said = execFileSync(
      "bash",
      [
        "-c",
        `ulimit -S -f 300; exec "$0" --input-type=module -e "$1"`,
        process.execPath,
        program(file, body),
      ],
      { encoding: "utf8" },
    )
    const { written, kind, message, still, after } = JSON.parse(said)
    expect({ kind, still, after }).toEqual({ kind: "io", still: "io", after: true })
    expect(message).toMatch(/limit\.db cannot be used .*look at its disk/)
    expect(written.length).toBeGreaterThan(1)
    const journal = openSqliteJournal(file)
    expect(await idsIn(journal)).toEqual(["last", ...written].sort())
    await journal.close()
  })

  test("whose disk hangs keeps no process from ending, and no promise from being settled", async () => {
    const file = await filled("hanging", 1)
    const body = `
      import { DatabaseSync } from "node:sqlite"
      const journal = openSqliteJournal(file, { busyMs: 600_000, silentMs: 200 })
      for (let isReady = false; !isReady; await new Promise(setImmediate)) // it has its thread then
        isReady = await journal.check().then(() => true, () => false)
      globalThis.holder = new DatabaseSync(file)
      holder.exec("BEGIN IMMEDIATE") // to the thread it is as a disk that hangs
      const begun = begin(journal, "r2").catch((error) => error.kind)
      const closed = journal.close().catch((error) => error.message)
      console.log(await closed, await begun)`
    const args = ["--input-type=module", "-e", program(file, body)]
    const patience = { encoding: "utf8", timeout: 60_000 } as const
    const { signal, stdout } = spawnSync(process.execPath, args, patience)
    expect(stdout).toMatch(/hanging\.db has not answered .*; look at its disk unreachable$/m)
    expect(signal).toBe("SIGKILL") // Node would wait for the thread
  })

  test("that was moved away while it was open is not written, and goes on when it is put back", async () => {
    const file = await filled("moved", 1)
    const journal = openSqliteJournal(file)
    renameSync(file, `${file}.away`)
    const refused = journal.create(newRun("lost"), plan, me)
    await expect(refused).rejects.toMatchObject({ name: "JournalTrouble", kind: "io" })
    await expect(refused).rejects.toThrow(/was moved, deleted or replaced/)
    expect(journal.trouble).toMatchObject({ kind: "io" })
    writeFileSync(file, "another file")
    await expect(journal.check()).rejects.toThrow(/was moved, deleted or replaced/)
    rmSync(file)
    renameSync(`${file}.away`, file)
    await journal.check()
    await journal.create(newRun("kept"), plan, me)
    expect(journal.trouble).toBeUndefined()
    expect(await idsIn(journal)).toEqual(["kept", "r100"])
    await journal.close()
  })

  test.each([
    ["a file", 0o444, 0o755],
    ["a file that cannot even be read", 0o000, 0o755],
    ["a folder", 0o644, 0o555],
    ["a folder that is closed", 0o644, 0o000],
  ])(
    "is not opened where %s cannot be written, and says so",
    async (name, fileMode, folderMode) => {
      const place = join(folder, name.replaceAll(" ", "-"))
      mkdirSync(place)
      const file = join(place, "runs.db")
      copyFileSync(await filled(`model-${fileMode}-${folderMode}`, 1), file)
      // Root may do everything: who may not is tried by somebody else.
      const isRoot = process.getuid?.() === 0
      const nobody = 65_534
      if (isRoot) for (const owned of [file, place]) chownSync(owned, nobody, nobody)
      chmodSync(file, fileMode)
      chmodSync(place, folderMode)
      // It becomes somebody else when it has read the code, which may lie where only root may look.
      const become = isRoot ? `process.setgid(${nobody}); process.setuid(${nobody});` : ""
      const body = `${become} try { openSqliteJournal(file); console.log("opened") } catch (error) { console.log(error.name, error.kind, error.message) }`
      const { stdout } = spawnSync(
        process.execPath,
        ["--input-type=module", "-e", program(file, body)],
        { encoding: "utf8" },
      )
      chmodSync(place, 0o755)
      expect(stdout).toMatch(
        /^JournalTrouble (?:read-only|io) the run journal .*(?:permissions|writable)/,
      )
      expect(stdout).toContain(place)
    },
  )

  test("with bytes flipped anywhere is opened or refused with words, and never ends what opens it", async () => {
    const bytes = readFileSync(await filled("flipped"))
    const told = new Set<string>()
    for (let at = 0; at < bytes.length; at += 509) {
      const file = join(folder, `flipped-${at}.db`)
      const damaged = Buffer.from(bytes)
      for (let next = at; next < Math.min(at + 8, damaged.length); next++)
        damaged[next] = 255 - (damaged[next] ?? 0)
      writeFileSync(file, damaged)
      told.add(await wordsOf(file))
    }
    // What has no structure, as the text of an argument, may well have changed.
    expect([...told].sort()).toEqual(["corrupt", "opened"])
  })

  test.each([100, 200, 700, 2_000, 5_000, 9_000])(
    "that was cut off after %i bytes is refused",
    async (length) => {
      const bytes = readFileSync(await filled(`whole-${length}`))
      const file = join(folder, `cut-${length}.db`)
      writeFileSync(file, bytes.subarray(0, length))
      expect(["corrupt", "other"]).toContain(await wordsOf(file))
      expect(readFileSync(file)).toEqual(bytes.subarray(0, length))
    },
  )

  test("with a write-ahead log that is damaged in its middle has what was written before that", async () => {
    const file = join(folder, "log.db")
    const body = `
      const journal = openSqliteJournal(file)
      for (let id = 100; id < 120; id++) await begin(journal, "r" + id)
      process.kill(process.pid, "SIGKILL")`
    spawnSync(process.execPath, ["--input-type=module", "-e", program(file, body)])
    const log = readFileSync(`${file}-wal`)
    log.fill(0xff, log.length >> 1, (log.length >> 1) + 64)
    writeFileSync(`${file}-wal`, log)
    const journal = openSqliteJournal(file)
    const left = await idsIn(journal)
    expect(left.length).toBeLessThan(20)
    expect(left).toEqual(ids(left.length))
    await journal.create(newRun("next"), plan, me)
    await journal.close()
  })
})

/** What kind of trouble it is, or that it was opened, and can be used. */
async function wordsOf(file: string): Promise<string> {
  try {
    const journal = openSqliteJournal(file)
    await journal.close()
    return "opened"
  } catch (error) {
    if (!(error instanceof JournalTrouble)) throw error
    expect(error.message).toContain(file)
    return error.kind
  }
}
