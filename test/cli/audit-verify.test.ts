import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { command } from "../support/command.ts"
import { callTool, startGateway, type TestGateway } from "../support/e2e-gateway.ts"

let gateway: TestGateway
let lines: string[]
beforeAll(async () => {
  gateway = await startGateway({ registry: { tools: { echo: "web" }, agents: { a: ["echo"] } } })
  for (let n = 0; n < 5; n++) await callTool(gateway, "a@1.0.0", "echo", { n })
  await gateway.stop()
  lines = readFileSync(gateway.auditFile, "utf8").split("\n")
})
afterAll(() => gateway[Symbol.asyncDispose]())

/** The audit with these lines, verified in both forms. */
async function verified(name: string, changed: readonly string[], ...more: string[]) {
  const file = join(gateway.folder, `${name}.jsonl`)
  writeFileSync(file, changed.join("\n"))
  const [plain, json] = await Promise.all([
    command(["audit", "verify", file, ...more]),
    command(["audit", "verify", file, "--json", ...more]),
  ])
  const { findings, head, records } = JSON.parse(json.stdout)
  const codes = findings.map(({ code }: { code: string }) => code)
  return { file, plain, exits: [plain.code, json.code], codes, head, records }
}

describe("postern audit verify", () => {
  test("says that the chain holds, and where it ends", async () => {
    const { plain, exits, codes, head, records } = await verified("whole", lines)
    expect({ exits, codes }).toEqual({ exits: [0, 0], codes: [] })
    expect(plain.stdout).toBe(`${records} records, the chain holds; head ${records} ${head.hash}\n`)
  })

  test.each([
    ["changed", (all: string[]) => all.with(3, String(all[3]).replace("refuse", "allow!"))],
    ["removed", (all: string[]) => all.toSpliced(3, 1)],
    ["inserted", (all: string[]) => all.toSpliced(3, 0, String(all[1]))],
    ["moved", (all: string[]) => all.with(2, String(all[3])).with(3, String(all[2]))],
    ["not a record", (all: string[]) => all.with(3, "shopping list")],
  ])("finds a line that was %s, and ends with 1", async (name, change) => {
    const { file, plain, exits, codes } = await verified(name, change(lines))
    expect(exits).toEqual([1, 1])
    expect(codes.length).toBeGreaterThan(0)
    expect(plain.stdout).toMatch(new RegExp(`^${file}:\\d+ \\w+ — `))
  })

  test("of a file that is something else a hundred lines are told, and all of them to programs", async () => {
    const { plain, codes } = await verified("other", Array<string>(300).fill("shopping list"))
    expect(plain.stdout.split("\n")).toHaveLength(103)
    expect(plain.stdout).toContain(`… and ${codes.length - 100} more, with --json\n0 records, `)
    expect(codes.length).toBeGreaterThanOrEqual(300)
  })

  test("finds a cut-off end against a hash that was kept elsewhere", async () => {
    const { head } = await verified("kept", lines)
    const cut = [...lines.slice(0, -3), ""]
    expect((await verified("cut", cut)).exits).toEqual([0, 0])
    const compared = await verified("compared", cut, "--expect", head.hash)
    expect(compared).toMatchObject({ exits: [1, 1], codes: ["head_mismatch"] })
  })

  test("finds half a line, and a file that cannot be read", async () => {
    const torn = [...lines.slice(0, -2), String(lines.at(-2)).slice(0, 40)]
    expect(await verified("torn", torn)).toMatchObject({ exits: [1, 1], codes: ["torn_tail"] })
    const missing = await command(["audit", "verify", join(gateway.folder, "none.jsonl")])
    expect(missing.code).toBe(1)
    expect(missing.stdout).toContain("unreadable — cannot be read: ENOENT")
  })
})
