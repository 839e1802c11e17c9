import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { openSqliteJournal } from "../../../../../src/store/journal/sqlite/open.ts"
import { setting } from "../../../../support/durable-setting.ts"

/*
 * What durable runs promise, kept in SQLite, and folded again from it after every outcome.
 */

const folder = mkdtempSync(join(tmpdir(), "kept-runs-"))
afterAll(() => rmSync(folder, { recursive: true }))

let files = 0
setting.open = () => openSqliteJournal(join(folder, `${++files}.db`), { synchronous: "NORMAL" })
setting.isReplaying = true
await import("../sagas.test.ts")
await import("../going-back.test.ts")
await import("../approvals.test.ts")
