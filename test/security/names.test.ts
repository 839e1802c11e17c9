import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { command } from "../support/command.ts"
import { jsonLines } from "../support/e2e-gateway.ts"
import { registryOf } from "../support/e2e-registry.ts"

const folder = mkdtempSync(join(tmpdir(), "postern-names-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** What is at least so wrong with a registry whose tools and agents have these names. */
async function toldOf(
  tools: readonly string[],
  agents: readonly string[] = ["a"],
  least = "error",
) {
  const document = registryOf({
    tools: Object.fromEntries(tools.map((name) => [name, { server: "web", as: "echo" }])),
    agents: Object.fromEntries(agents.map((name) => [name, []])),
  })
  writeFileSync(join(folder, "registry.json"), JSON.stringify(document))
  const { stdout } = await command(["validate", "--json", join(folder, "registry.json")])
  const [{ problems = [] } = {}] = jsonLines(stdout) as { problems?: Problem[] }[]
  return problems
    .filter(({ severity }) => severity === least || severity === "error")
    .map(({ code, pointer }) => `${code} ${pointer}`)
}
interface Problem {
  readonly code: string
  readonly severity: string
  readonly pointer: string
}

describe("row 21: a name that could be taken for another", () => {
  test.each([
    ["a letter of another script", "\u0455earch"],
    ["a full-width letter", "\uff53earch"],
    ["a letter and its accent, apart", "se\u0301arch"],
    ["a space", "sea rch"],
    ["a space at its end", "search "],
    ["a character without width", "sea\u200brch"],
    ["an order to a terminal", "search\u001b[1m"],
    ["an end of a line", "search\nother"],
    ["too many characters", "s".repeat(200)],
    ["no characters", ""],
  ])("with %s is no tool's and no agent's", async (_, name) => {
    expect(await toldOf(["search", name])).not.toEqual([])
    expect(await toldOf(["search"], ["a", name])).not.toEqual([])
  })

  test("but for its case is told of, once for each", async () => {
    const told = await toldOf(["search", "Search", "pay"], ["a", "A", "b"], "warn")
    expect(told.filter((line) => line.startsWith("name_case"))).toEqual([
      "name_case /tools/1",
      "name_case /agents/1",
    ])
    expect(await toldOf(["search", "Search"])).toEqual([])
  })
})
