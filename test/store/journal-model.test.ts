import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, expect, test } from "vitest"
import { openSqliteJournal } from "../../src/store/journal/sqlite/open.ts"
import { likeMemory } from "./journal-model.ts"

const folder = mkdtempSync(join(tmpdir(), "journal-model-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** What stands apart and nothing refers to, and the other way round. */
const astray = `
  WITH used AS (
    SELECT plan AS digest FROM run
    UNION SELECT substr(input, 2) FROM run WHERE input LIKE '@%'
    UNION SELECT substr(result, 2) FROM run WHERE result LIKE '@%'
    UNION SELECT substr(events, 2) FROM entry WHERE events LIKE '@%'
    UNION SELECT substr(outcome, 2) FROM once WHERE outcome LIKE '@%')
  SELECT digest, 'lost' AS how FROM used WHERE digest NOT IN (SELECT digest FROM blob)
  UNION ALL SELECT digest, 'kept for nobody' FROM blob WHERE digest NOT IN (SELECT digest FROM used)`

test("the SQLite journal answers as the one in memory does, and keeps apart what is used and nothing else", async () => {
  const file = join(folder, "runs.db")
  const journal = openSqliteJournal(file, { synchronous: "NORMAL" })
  using db = new DatabaseSync(file)
  await likeMemory(journal, {
    before: () =>
      db.exec(["run", "entry", "blob", "tomb", "once"].map((t) => `DELETE FROM ${t}`).join(";")),
    after: () => expect(db.prepare(astray).all()).toEqual([]),
    runs: 25,
  })
  await journal.close()
})
