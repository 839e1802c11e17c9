import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { command } from "../support/command.ts"
import { jsonLines } from "../support/e2e-gateway.ts"
import { registryOf } from "../support/e2e-registry.ts"

const folder = mkdtempSync(join(tmpdir(), "postern-idle-"))
afterAll(() => rmSync(folder, { recursive: true }))

const document = registryOf({
  tools: {
    pay: { server: "bank", as: "echo", tags: ["money"] },
    balance: { server: "bank", as: "echo" },
  },
  agents: { clerk: ["pay", "balance"] },
})
writeFileSync(join(folder, "registry.json"), JSON.stringify(document))

/** What `postern validate --config` warns of, of rules alone. */
async function told(sections: object, server: object = {}) {
  const servers = { "bank:1.0.0": { url: "http://127.0.0.1:1/mcp", ...server } }
  const config = { registry: { source: "file://./registry.json" }, servers, ...sections }
  const file = join(folder, "postern.yaml")
  writeFileSync(file, JSON.stringify(config, null, 1))
  const { code, stdout, stderr } = await command(["validate", "--json", "--config", file])
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("error") })
  const [{ problems = [] } = {}] = jsonLines(stdout) as { problems?: Problem[] }[]
  return problems
    .filter(({ code }) => code.endsWith("_idle"))
    .map(({ code, line, pointer, message, hint }) => {
      expect(line).toBeGreaterThan(1)
      return `${code} ${pointer} ${message} (${hint})`
    })
}
interface Problem {
  readonly code: string
  readonly line: number
  readonly pointer: string
  readonly message: string
  readonly hint: string
}

const deny = (match: object) => ({ rules: [{ id: "r", match, deny: true }] })

describe("a rule", () => {
  test.each<[words: string, match: object]>([
    ["without a match", {}],
    [
      "for names that there are",
      { agent: "clerk", tool: ["pay", "balance@1.0.0"], server: "bank" },
    ],
    ["for patterns that some name fits", { agent: "cl*", tool: "*@1.0.0", tags: "mon*" }],
  ])("%s is not warned of", async (_, match) => {
    expect(await told(deny(match))).toEqual([])
  })

  test.each<[match: object, line: string]>([
    [
      { tool: ["pay", "balanec"] },
      "rule_idle /rules/0/match/tool rule r names balanec, and no registered tool is that (did you mean balance?)",
    ],
    [
      { tool: "pay@2.0.0" },
      "rule_idle /rules/0/match/tool rule r names pay@2.0.0, and no registered tool is that (registered: pay@1.0.0)",
    ],
    [
      { agent: "Clerk" },
      "rule_idle /rules/0/match/agent rule r names Clerk, and no registered agent is that (did you mean clerk?)",
    ],
    [
      { server: "bnak@1.0.0" },
      "rule_idle /rules/0/match/server rule r names bnak@1.0.0, and no registered server is that (did you mean bank@1.0.0?)",
    ],
    [
      { tags: ["mony", "money"] },
      "rule_idle /rules/0/match/tags rule r names mony, and no registered tool has that tag (did you mean money?)",
    ],
    [
      { tool: "export_*" },
      "rule_idle /rules/0/match/tool rule r names export_*, and no registered tool is that (write the name as the registry does)",
    ],
    [
      { tool: "balance", tags: "money" },
      "rule_idle /rules/0/match rule r is about no registered tool: none is all that its match says (members of match hold together; take out the one that is too much)",
    ],
  ])("whose match is %j is warned of", async (match, line) => {
    expect(await told(deny(match))).toEqual([line])
  })

  test("that names a tool which a server may yet expose is left alone, and one of a misspelt agent is not", async () => {
    const rules = [
      { id: "a", match: { tool: "later", tags: "new" }, deny: true },
      { id: "b", match: { agent: "clrek", tool: "later" }, deny: true },
    ]
    const exposing = { expose: "all", to: ["clerk"] }
    const lines = await told({ rules }, exposing)
    expect(lines).toEqual([expect.stringContaining("rule b names clrek")])
  })
})

test("a rate limit is warned of in the same way, once for each name", async () => {
  const rateLimits = [
    { agent: "clerk", tool: "*", rate: "3/h" },
    { agent: "clrek", tool: "pay:9.9.9", rate: "1/h" },
  ]
  expect(await told({ rateLimits })).toEqual([
    "rate_limit_idle /rateLimits/1/agent rate limit agent=clrek tool=pay:9.9.9 1/h names clrek, and no registered agent is that (did you mean clerk?)",
    "rate_limit_idle /rateLimits/1/tool rate limit agent=clrek tool=pay:9.9.9 1/h names pay@9.9.9, and no registered tool is that (registered: pay@1.0.0)",
  ])
})

test("a redaction and a cache of results that are about nothing are warned of, too", async () => {
  const results = {
    redact: [{ id: "mails", match: { tool: ["balance", "blance"] }, detect: ["email"] }],
    cache: [{ match: { server: "bnak" }, ttl: "1m" }],
  }
  expect(await told({ results })).toEqual([
    "rule_idle /results/redact/0/match/tool redaction mails names blance, and no registered tool is that (did you mean balance?)",
    "rule_idle /results/cache/0/match/server cache 1 names bnak, and no registered server is that (did you mean bank?)",
  ])
})
