import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { openSqliteJournal } from "../../src/store/journal/sqlite/open.ts"
import { me, newRun } from "../store/journal-contract.ts"
import { blocks } from "./pages.ts"

const page = "docs/how-to/back-up-the-state.md"

test(`${page} copies a journal that is in use, and puts the copy in the place of a later one`, async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-backup-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const type = (mark: string) => {
    const script = blocks(page).find(({ marks }) => marks.includes(mark))?.text
    const PATH = `${dirname(process.execPath)}${delimiter}${process.env["PATH"]}`
    execFileSync("sh", ["-e", "-c", String(script)], { cwd: folder, env: { PATH } })
  }
  mkdirSync(join(folder, "var"))
  const file = join(folder, "var/runs.db")
  const journal = openSqliteJournal(file)
  await journal.create(newRun("before"), { language: 1 }, me)
  type("backup")
  expect(statSync(join(folder, "runs-backup.db")).mode & 0o077).toBe(0)
  await journal.create(newRun("after"), { language: 1 }, me)
  await journal.close()
  writeFileSync(`${file}-wal`, "what a gateway that was killed has left")

  type("restore")
  const restored = openSqliteJournal(file)
  expect((await restored.list({ max: 10 })).map(({ id }) => id)).toEqual(["before"])
  await restored.close()
})
