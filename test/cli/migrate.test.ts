import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { command } from "../support/command.ts"
import { jsonLines } from "../support/e2e-gateway.ts"
import { project } from "../support/e2e-process.ts"

const folder = mkdtempSync(join(tmpdir(), "postern-cli-"))
afterAll(() => rmSync(folder, { recursive: true }))

const fixture = (name: string) => join(project, "test/fixtures/registries", name)
const dialects = ["flagship", "golden-v1-source-tools", "pattern-demos-v1", "variant-dialect"]

describe("postern migrate", () => {
  test.concurrent.for(dialects)(
    "writes %s once and for all: a second time changes nothing, and it means the same",
    async (name, { expect }) => {
      const [once, twice] = [join(folder, `${name}.1.json`), join(folder, `${name}.2.json`)]
      expect(await command(["migrate", fixture(`${name}.json`), "-o", once])).toMatchObject({
        code: 0,
        stdout: "",
      })
      expect(await command(["migrate", once, "--output", twice])).toMatchObject({ code: 0 })
      expect(readFileSync(twice, "utf8")).toBe(readFileSync(once, "utf8"))
      expect(JSON.parse(readFileSync(once, "utf8"))).toMatchObject({ schemaVersion: "2.0" })
      const { stdout } = await command(["validate", "--json", fixture(`${name}.json`), once])
      const [before, after] = jsonLines(stdout)
      expect(after).toMatchObject({ ok: true, counts: before?.["counts"] })
    },
  )

  test("is held to every kind of dialect there is a fixture of", () => {
    const names = globSync(fixture("*.json")).map((file) => basename(file, ".json"))
    expect(names).toEqual(expect.arrayContaining(dialects))
  })

  test("prints the same that it writes", async () => {
    const file = fixture("golden-minimal.json")
    const output = join(folder, "minimal.json")
    const [printed] = await Promise.all([
      command(["migrate", file]),
      command(["migrate", file, "-o", output]),
    ])
    expect(printed.code).toBe(0)
    expect(readFileSync(output, "utf8")).toBe(printed.stdout)
  })

  test("writes nothing of a document with an error, and says what it is", async () => {
    const broken = join(folder, "broken.json")
    const output = join(folder, "kept.json")
    writeFileSync(broken, '{ "schemaVersion": "2.0", "tools": [{ "name": "a" }] }')
    writeFileSync(output, "what was there")
    const ended = await command(["migrate", broken, "-o", output])
    expect(ended).toMatchObject({ code: 1, stdout: "" })
    expect(ended.stderr).toMatch(/broken\.json:1:\d+ error implementation_missing \/tools\/0 — /)
    expect(readFileSync(output, "utf8")).toBe("what was there")
  })

  test("says what cannot be read or written, and ends with 1", async () => {
    const [unread, unwritten] = await Promise.all([
      command(["migrate", join(folder, "none.json")]),
      command(["migrate", fixture("golden-minimal.json"), "-o", join(folder, "no/such/folder")]),
    ])
    expect(unread).toMatchObject({ code: 1, stdout: "" })
    expect(unread.stderr).toContain("document_unreadable")
    expect(unwritten).toMatchObject({ code: 1, stdout: "" })
    expect(unwritten.stderr).toMatch(/no\/such\/folder cannot be written: ENOENT/)
    expect(unwritten.stderr).not.toMatch(/^\s+at /m)
  })

  test("gives a version to what has none only where it is told to", async () => {
    const file = fixture("golden-v1-source-tools.json")
    const [plain, assumed] = await Promise.all([
      command(["migrate", file]),
      command(["migrate", file, "--assume-version", "0.9.0"]),
    ])
    expect([plain.code, assumed.code]).toEqual([0, 0])
    expect(plain.stdout).not.toContain("0.9.0")
    expect(assumed.stdout).toContain('"version": "0.9.0"')
  })
})
