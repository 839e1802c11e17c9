import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { project } from "../docs/pages.ts"
import { command } from "../support/command.ts"

const folder = mkdtempSync(join(tmpdir(), "postern-graph-"))
afterAll(() => rmSync(folder, { recursive: true }))
const flagship = "test/fixtures/registries/flagship.json"
const broken = join(folder, "broken.json")
writeFileSync(broken, '{ "tools": 1 }')
const graph = (...args: string[]) => command(["graph", ...args])

describe("postern graph", () => {
  test("draws the configured registry where no file is named", async () => {
    const { code, stdout, stderr } = await graph("--config", "config/postern.yaml")
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(stdout).toContain("%% registry")
    expect(stdout).toContain('(["research-agent<br/>2.1.0"]):::agent')
  })

  test("draws what hangs together with one entity, in one direction or both", async ({
    expect,
  }) => {
    const names = async (...args: string[]) => {
      const { stdout } = await graph(flagship, "--server", "inventory-service", ...args)
      return [...stdout.matchAll(/"([\w-]+)<br\/>/g)].map(([, name]) => name)
    }
    expect(await names("--direction", "needs")).toEqual(["inventory-service"])
    expect(await names("--direction", "neededBy")).toEqual([
      "adk-demo-agent",
      "inventory-service",
      "inventory_release",
      "inventory_reserve",
      "process_order",
    ])
    expect(await names()).toEqual(await names("--direction", "neededBy"))
  })

  test("draws the page of the docs, the same each time", async () => {
    const file = join(folder, "federated-search.svg")
    const { code } = await graph("examples/federated-search/registry.json", "--output", file)
    expect(code).toBe(0)
    const written = join(project, "docs/how-to/federated-search.svg")
    expect(readFileSync(file, "utf8")).toBe(readFileSync(written, "utf8"))
  })

  test("writes the form that the output's name says", async () => {
    const file = join(folder, "all.dot")
    expect((await graph(flagship, "--schemas", "--output", file)).code).toBe(0)
    expect(readFileSync(file, "utf8")).toMatch(/^digraph "flagship" \{[\s\S]*shape=hexagon/)
  })

  const wrong: [string, string[], number, RegExp][] = [
    ["a form there is not", [flagship, "--format", "png"], 2, /--format: one of svg, mermaid, dot/],
    [
      "two in the middle",
      [flagship, "--tool", "a", "--agent", "b"],
      2,
      /only one entity can be in the middle/,
    ],
    [
      "a file name of no format",
      [flagship, "-o", "graph.png"],
      2,
      /no format is known as \.png; name it \.svg/,
    ],
    [
      "a direction without a middle",
      [flagship, "--direction", "needs"],
      2,
      /--direction: name an entity/,
    ],
    [
      "a way there is not",
      [flagship, "--tool", "fetch", "--direction", "up"],
      2,
      /one of needs, neededBy, both/,
    ],
    ["an unknown tool", [flagship, "--tool", "fetsch"], 1, /tool fetsch is not registered$/m],
    [
      "an unknown version",
      [flagship, "--tool", "fetch@9.9.9"],
      1,
      /fetch@9\.9\.9 is not registered; there is 1\.2\.3/,
    ],
    ["a file that is not there", ["nowhere.json"], 1, /nowhere\.json error document_unreadable/],
    ["a document with errors", [broken], 1, /broken\.json:1:3 error /],
    [
      "a place that cannot be written",
      [flagship, "-o", "/nowhere/a.svg"],
      1,
      /\/nowhere\/a\.svg cannot be written/,
    ],
  ]
  test.for(wrong)("says what is wrong with %s", async ([, args, exit, words]) => {
    const { code, stdout, stderr } = await graph(...args)
    expect({ code, stdout }).toEqual({ code: exit, stdout: "" })
    expect(stderr).toMatch(words)
  })
})
