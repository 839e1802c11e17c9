import { rmSync } from "node:fs"
import { afterAll, describe, expect, onTestFinished, test } from "vitest"
import { command } from "../support/command.ts"
import { makeWorld } from "../support/e2e-gateway.ts"

const config = ["--config", "config/postern.yaml"]
const explain = (...args: string[]) => command(["explain", ...config, ...args])

const world = makeWorld({ registry: { tools: { echo: "web" }, agents: { a: ["echo"] } } })
afterAll(() => rmSync(world.folder, { recursive: true }))

describe("postern explain", () => {
  test("says what an agent sees, and where each call goes", async () => {
    const { code, stdout, stderr } = await explain("--agent", "research-agent@2.1.0")
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
    expect(stdout).toMatch(/^✓ search_documents@1\.0\.0 — research-agent@2\.1\.0 depends on it$/m)
    expect(stdout).toMatch(
      /goes to search_documents of document-service@1\.2\.0, at http:\/\/127\.0\.0\.1:4101\/mcp/,
    )
    expect(stdout).toMatch(/goes to read_text_file of files@2026\.8\.31, over stdio/)
    expect(stdout).not.toContain("delete_document")
  })

  test("says what configuration does with the results of a tool", async () => {
    const match = { tool: "echo" }
    const results = {
      size: [{ match, bytes: "64KiB" }],
      redact: [{ id: "secrets", detect: ["token"] }],
    }
    const sketch = { registry: { tools: { echo: "web" }, agents: { a: ["echo"] } } }
    const { folder, configFile } = makeWorld({ ...sketch, config: { results } })
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const told = await command(["explain", "--config", configFile, "--tool", "echo"])
    expect(told.stdout).toMatch(/^ {2}results {3}at most 64KiB; redacted by secrets$/m)
    const { stdout } = await command([
      "explain",
      "--config",
      configFile,
      "--tool",
      "echo",
      "--json",
    ])
    expect(JSON.parse(stdout)).toMatchObject({
      results: { bytesMax: 65_536, redactions: ["secrets"] },
    })
  })

  const cases: [string, string[], number, RegExp][] = [
    [
      "a tool that is granted",
      ["research-agent@2.1.0", "read_file"],
      0,
      /^✓ read_file@1\.0\.0 — research-agent@2\.1\.0 depends on it/,
    ],
    [
      "a tool outside its depends, and what would grant it",
      ["research-agent@2.1.0", "delete_document"],
      1,
      /^✗ delete_document — not in the depends of research-agent@2\.1\.0; there is .*1\.0\.0; to grant it, add \{ "type": "tool", "name": "delete_document"/,
    ],
    [
      "another version than it depends on",
      ["research-agent@2.1.0", "search_documents@2.0.0"],
      1,
      /^✗ search_documents@2\.0\.0 — research-agent@2\.1\.0 depends on search_documents@1\.0\.0 and calls that one/,
    ],
    [
      "a tool that nobody registered",
      ["research-agent@2.1.0", "serch_documents"],
      1,
      /^✗ serch_documents — not registered; did you mean search_documents\?/,
    ],
    [
      "an agent that nobody registered",
      ["reserch-agent@2.1.0", "read_file"],
      1,
      /^reserch-agent@2\.1\.0 is not registered; did you mean research-agent/,
    ],
    [
      "an agent in another version",
      ["research-agent@9.9.9", "read_file"],
      1,
      /^research-agent@9\.9\.9 is not registered; there is (research-agent@)?2\.1\.0/,
    ],
    [
      "an agent without a version",
      ["research-agent", "read_file"],
      0,
      /^research-agent: no version given; research-agent@2\.1\.0 is the only one registered\n✓ read_file/,
    ],
    [
      "a colon for the version",
      ["research-agent:2.1.0", "read_file:1.0.0"],
      0,
      /^✓ read_file@1\.0\.0/,
    ],
  ]
  test.concurrent.for(cases)(
    "explains %s",
    async ([, [agent = "", tool = ""], exit, words], { expect }) => {
      const [plain, json] = await Promise.all([
        explain("--agent", agent, "--tool", tool),
        explain("--agent", agent, "--tool", tool, "--json"),
      ])
      expect({ code: plain.code, stderr: plain.stderr }).toEqual({ code: exit, stderr: "" })
      expect(plain.stdout).toMatch(words)
      expect({ code: json.code, stderr: json.stderr }).toEqual({ code: exit, stderr: "" })
      const found = JSON.parse(json.stdout)
      const isGranted =
        found.agent.found && found.tools.every((one: { kind: string }) => one.kind === "granted")
      expect(isGranted).toBe(exit === 0)
    },
  )

  test("needs no gateway and no backend, and says which server has no address", async () => {
    const ended = await command(["explain", "-c", world.configFile, "-a", "a@1.0.0"])
    expect(ended.code).toBe(0)
    expect(ended.stdout).toContain(
      "which has no address in the configuration (backend_unavailable)",
    )
  })

  test("reports what is wrong with configuration or registry, and ends with 1", async () => {
    const broken = makeWorld({ registry: "{" })
    const gone = makeWorld({ registry: "{}" })
    const wrong = makeWorld({ registry: "{}", config: { lisen: {} } })
    rmSync(gone.registryFile)
    const [syntax, missing, configured] = await Promise.all(
      [broken, gone, wrong].map(({ configFile }) =>
        command(["explain", "-c", configFile, "-a", "a"]),
      ),
    )
    for (const { folder } of [broken, gone, wrong]) rmSync(folder, { recursive: true })
    expect([syntax?.code, missing?.code, configured?.code]).toEqual([1, 1, 1])
    expect(syntax?.stderr).toMatch(/registry\.json:1:\d+ error json_syntax/)
    expect(missing?.stderr).toMatch(/error document_unreadable .*ENOENT/)
    expect(configured?.stderr).toContain("did you mean listen?")
    for (const ended of [syntax, missing, configured]) expect(ended?.stderr).not.toMatch(/^\s+at /m)
  })

  test("agrees with the working folder's configuration where none is named", async () => {
    const ended = await command(["explain", "-a", "research-agent"])
    expect(ended.stdout).toContain("search_documents@1.0.0")
  })
})

test("postern explain says when the configuration lets an undeclared call through", async () => {
  const lenient = makeWorld({
    registry: { tools: { echo: "web", other: "web" }, agents: { a: ["echo"] } },
    config: {
      registry: {
        source: "file://./registry.json",
        validation: { runtime: { undeclaredDependency: "warn" } },
      },
    },
  })
  onTestFinished(() => rmSync(lenient.folder, { recursive: true }))
  const asked = ["--agent", "a@1.0.0", "--tool", "other", "--config", lenient.configFile]
  const { code, stdout } = await command(["explain", ...asked])
  expect(stdout).toMatch(
    /^✗ other[\s\S]*passes all the same: runtime\.undeclaredDependency is warn/,
  )
  expect(code).toBe(0)
})
