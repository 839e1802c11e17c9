import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { project, read } from "./pages.ts"

test("the counter-example of the page on contracts is one that a golden file has", () => {
  const golden = readFileSync(join(project, "test/golden/contracts/input_mismatch.golden"), "utf8")
  const [line] = /^error input_mismatch .*$/m.exec(golden) ?? ["nothing"]
  expect(read("docs/explanation/contracts-of-compositions.md")).toContain(line)
})
