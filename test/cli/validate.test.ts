import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { executable } from "../../examples/support/gateway.ts"
import { goldenFiles } from "../golden.ts"
import { jsonLines } from "../support/e2e-gateway.ts"
import { postern } from "../support/e2e-process.ts"

const folder = mkdtempSync(join(tmpdir(), "postern-cli-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** What the real command says of a document, and its exit code. */
goldenFiles(join(import.meta.dirname, "golden/validate"), (input) => {
  writeFileSync(join(folder, "registry.json"), input)
  const command = [executable, "validate", "registry.json"]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: folder,
    encoding: "utf8",
  })
  return `${stdout}${stderr}exit code ${status}`
})

const fixture = (name: string) => join("test/fixtures/registries", name)

describe("postern validate", () => {
  test("says of sound documents that they are, and ends with 0", async () => {
    const names = ["flagship.json", "golden-minimal.json", "variant-dialect.json"]
    const { code, stdout, stderr } = await postern(["validate", ...names.map(fixture)])
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    for (const name of names) expect(stdout).toContain(`${fixture(name)}: sound — `)
  })

  test("prints one JSON object for each document, also for one that cannot be read", async () => {
    const files = [fixture("flagship.json"), "no-such-file.json", fixture("golden-minimal.json")]
    const { code, stdout, stderr } = await postern(["validate", "--json", ...files])
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" })
    const [flagship, missing, minimal, ...others] = jsonLines(stdout)
    expect(others).toEqual([])
    expect(flagship).toMatchObject({
      file: files[0],
      ok: true,
      counts: { tools: expect.any(Number) },
      digest: expect.stringMatching(/^sha256:/),
    })
    expect(missing).toMatchObject({ ok: false, problems: [{ code: "document_unreadable" }] })
    expect(minimal).toMatchObject({ ok: true })
  })

  test("leaves out warnings when it is to be quiet, and still counts them", async () => {
    const file = fixture("flagship.json")
    const [loud, quiet] = await Promise.all([
      postern(["validate", file]),
      postern(["validate", "-q", file]),
    ])
    expect(quiet.stdout.trimEnd()).toBe(loud.stdout.trimEnd().split("\n").at(-1))
  })
})
