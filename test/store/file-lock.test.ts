import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { lockFile } from "../../src/store/file-lock.ts"

test("a lock is held by one, named to the other, and free after its release", () => {
  const folder = mkdtempSync(join(tmpdir(), "lock-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, "audit.jsonl")
  const lock = lockFile(file)
  expect(() => lockFile(file)).toThrow(
    `${file} is in use by another process (it holds ${file}.lock)`,
  )
  lock.release()
  lockFile(file).release()
})
