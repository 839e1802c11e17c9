import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { formatProblem, validate } from "../src/index.ts"

const own = readFileSync(join(import.meta.dirname, "../config/registry.json"), "utf8")

test("the library validates a document as the command does", () => {
  const { isSound, document } = validate(own)
  expect(isSound).toBe(true)
  expect(document?.tools.map(({ name }) => name)).toContain("search_documents")
})

test("the library says what is wrong and where", () => {
  const broken = own.replace('"serverVersion": "1.2.0"', '"serverVersion": "^1.2.0"')
  const { isSound, problems } = validate(broken, { file: "registry.json" })
  expect(isSound).toBe(false)
  const [range] = problems.filter(({ code }) => code === "version_range").map(formatProblem)
  expect(range).toMatch(
    /^registry\.json:\d+:\d+ error version_range \/tools\/0\/source\/serverVersion/,
  )
})

test("the library takes text that is no document at all", () => {
  expect(validate("{").problems).toMatchObject([{ code: "json_syntax", line: 1 }])
})
