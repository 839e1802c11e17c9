import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { JWTPayload } from "jose"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { JsonObject } from "../../src/schema/json.ts"
import { command } from "../support/command.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import {
  callTool,
  logged,
  refusalOf,
  startGateway,
  type TestGateway,
  toolsOf,
} from "../support/e2e-gateway.ts"
import { registryOf } from "../support/e2e-registry.ts"
import { ask } from "../support/face-server.ts"
import { makeKey } from "../support/issuer.ts"

const iss = "https://idp.example"
const key = await makeKey("k1", "ES256")

/** The tools of one server, and a composition that calls `pay`; `more` stands beside them. */
function registry(...more: readonly string[]): string {
  const names = ["read", "pay", "wipe", "tenants", ...more]
  const document = registryOf({
    tools: Object.fromEntries(
      names.map((name) => [
        name,
        { server: "bank", as: "echo", ...(name === "pay" && { hasEffects: true as const }) },
      ]),
    ),
    agents: { clerk: [...names, "settle"], intern: ["read", "wipe"] },
  })
  const settle = {
    name: "settle",
    version: "1.0.0",
    description: "pays",
    inputSchema: { type: "object", properties: { amount: { type: "number" } } },
    depends: [{ type: "tool", name: "pay", version: "1.0.0" }],
    spec: { pipeline: { steps: [{ id: "pay", operation: { tool: { name: "pay" } } }] } },
  }
  return JSON.stringify({ ...document, tools: [...(document["tools"] as JsonObject[]), settle] })
}

const rules = [
  {
    id: "wipe-is-gone",
    match: { tool: "wipe", agent: "intern" },
    deny: true,
    reason: "asked for by audit",
  },
  {
    id: "small-amounts",
    match: { tool: "pay" },
    deny: "has(args.amount) && args.amount > 100",
    message: "pay at most 100 at once",
  },
  { id: "payers", match: { tool: "pay" }, require: { scopes: ["pay:write"] } },
  {
    id: "own-tenant",
    match: { tool: "tenants" },
    require: { condition: "args.tenant == caller.claims.tenant" },
  },
  { id: "later", match: { tool: "read" }, require: { trust: "verified" }, enforce: false },
]

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  backend = await openBackend()
  gateway = await startGateway({
    registry: registry(),
    servers: { "bank:1.0.0": { url: backend.url } },
    config: {
      rules,
      identity: {
        jwt: {
          issuer: iss,
          audience: "postern",
          jwks: { keys: [key.jwk] },
          callerClaims: ["tenant"],
        },
      },
    } as never,
  })
}, 30_000)
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

async function bearer(more: JWTPayload = {}) {
  const exp = Math.floor(Date.now() / 1_000) + 600
  const claims = { iss, aud: "postern", exp, agent_name: "clerk", agent_version: "1.0.0", ...more }
  return { authorization: `Bearer ${await key.sign(claims)}` }
}
const lastRecord = () => gateway.audit().findLast(({ kind }) => kind === "call") ?? {}

describe("rules, on a running gateway", () => {
  test("hide a tool of the agent that they are about; it then sounds like one that there is not", async () => {
    expect(await toolsOf(gateway, "intern@1.0.0")).toEqual(["read"])
    expect(await toolsOf(gateway, "clerk@1.0.0")).toContain("wipe")
    const hidden = await ask(gateway.port, "intern@1.0.0", "tools/call", { name: "wipe" })
    const absent = await ask(gateway.port, "intern@1.0.0", "tools/call", { name: "wape" })
    expect(hidden.text).toBe(absent.text.replaceAll("wape", "wipe"))
    expect(hidden.status).toBe(absent.status)
    const records = gateway
      .audit()
      .filter(({ target }) => (target as JsonObject | null)?.["name"] === "wipe")
    expect(records.at(-1)).toMatchObject({
      decision: "refuse",
      refusal: "denied_by_rule",
      reason: "rule wipe-is-gone: denied: asked for by audit",
    })
    expect(backend.called).toEqual([])
  })

  test("refuse arguments with a word on what would do, and the tool stays listed", async () => {
    const headers = await bearer({ scope: "pay:write" })
    expect(await callTool(gateway, "clerk@1.0.0", "pay", { amount: 101 }, headers)).toMatchObject({
      isError: true,
      content: [{ text: "pay may not be called: pay at most 100 at once" }],
      _meta: { "dev.postern/refusal": { code: "denied_by_rule" } },
    })
    expect(await callTool(gateway, "clerk@1.0.0", "pay", { amount: 100 }, headers)).toMatchObject({
      content: [{ text: '{"amount":100}' }],
    })
    expect(lastRecord()).toMatchObject({ decision: "allow", outcome: "ok" })
  })

  test("challenge a token that lacks scopes alone", async () => {
    const headers = await bearer({ scope: "other" })
    const answer = await ask(
      gateway.port,
      "clerk@1.0.0",
      "tools/call",
      { name: "pay", arguments: {} },
      headers,
    )
    expect(answer.status).toBe(403)
    expect(answer.headers["www-authenticate"]).toBe(
      'Bearer scope="pay:write", error="insufficient_scope", error_description="missing scope"',
    )
    expect(lastRecord()).toMatchObject({
      refusal: "denied_by_rule",
      reason: "rule payers: needs scopes pay:write",
    })
    const byHeader = await callTool(gateway, "clerk@1.0.0", "pay")
    expect(byHeader).toMatchObject({ error: { message: "Unknown tool: pay" } })
  })

  test("compare arguments with claims that were verified", async () => {
    const headers = await bearer({ tenant: "acme" })
    expect(
      await callTool(gateway, "clerk@1.0.0", "tenants", { tenant: "acme" }, headers),
    ).toMatchObject({
      content: [{ text: '{"tenant":"acme"}' }],
    })
    for (const [args, with_] of [
      [{ tenant: "other" }, headers],
      [{}, headers],
      [{ tenant: "acme" }, {}],
    ] as const)
      expect(refusalOf(await callTool(gateway, "clerk@1.0.0", "tenants", args, with_))).toBe(
        "denied_by_rule",
      )
  })

  test("hold inside compositions for whoever called them", async () => {
    const paid = await callTool(
      gateway,
      "clerk@1.0.0",
      "settle",
      { amount: 5 },
      await bearer({ scope: "pay:write" }),
    )
    expect(paid["isError"]).not.toBe(true)
    const before = backend.called.length
    const refused = await callTool(gateway, "clerk@1.0.0", "settle", { amount: 5 })
    expect(refused).toMatchObject({ isError: true })
    expect(refusalOf(refused)).toBe("undeclared_dependency") // of class `denied`
    expect(backend.called.length).toBe(before)
    expect(gateway.audit().findLast(({ kind }) => kind === "step")).toMatchObject({
      decision: "refuse",
      refusal: "denied_by_rule",
      reason: "rule payers: needs scopes pay:write",
      caller: { name: "clerk" },
    })
  })

  test("only tried out, they are counted and warned of, and refuse nothing", async () => {
    expect(await callTool(gateway, "intern@1.0.0", "read", { a: 1 })).toMatchObject({
      content: [{ text: '{"a":1}' }],
    })
    expect(lastRecord()).toMatchObject({ decision: "allow", warnings: ["would_deny: later"] })
    const { text } = await gateway.admin("/metrics")
    expect(text).toMatch(/postern_warnings_total\{code="would_deny: later"\} [1-9]/)
    expect(await gateway.status()).toMatchObject({
      warnings: expect.arrayContaining([expect.stringContaining("rule later refuses nothing")]),
    })
  })

  test("that are about nothing are told of with every reload", async () => {
    const told = () => gateway.log().filter(({ problem }) => `${problem}`.includes("rule_idle"))
    expect(told()).toEqual([])
    gateway.writeRegistry(registry("wipe2").replaceAll('"intern"', '"trainee"'))
    await logged(gateway, "registry_loaded", ({ generation }) => generation === 2)
    expect(told()).toEqual([
      expect.objectContaining({ problem: expect.stringContaining("names intern") }),
    ])
  })

  test("go with every reload: a tool that comes is ruled from its first call on", async () => {
    gateway.writeRegistry(registry("wipe2"))
    await logged(gateway, "registry_loaded", ({ generation }) => generation === 3)
    expect(await toolsOf(gateway, "intern@1.0.0")).toEqual(["read"])
    expect(await toolsOf(gateway, "clerk@1.0.0")).toContain("wipe2")
    expect(refusalOf(await callTool(gateway, "intern@1.0.0", "wipe"))).toBe("unknown_tool")
  })
})

describe("the command line", () => {
  const explain = (...args: readonly string[]) =>
    command(["explain", "--config", gateway.configFile, ...args])

  test("explains which rules are about a tool, and what they want", async () => {
    const gone = await explain("--agent", "intern@1.0.0", "--tool", "wipe")
    expect(gone.code).toBe(1)
    expect(gone.stdout).toContain(
      "✗ wipe@1.0.0 — intern@1.0.0 depends on it, and a rule takes it away",
    )
    expect(gone.stdout).toContain("rule wipe-is-gone refuses — asked for by audit")
    const pay = await explain("--agent", "clerk@1.0.0", "--tool", "pay")
    expect(pay.code).toBe(0)
    expect(pay.stdout).toContain(
      "rule small-amounts refuses where has(args.amount) && args.amount > 100, which depends on the arguments",
    )
    expect(pay.stdout).toContain("rule payers needs scopes pay:write")
    const read = await explain("--tool", "read")
    expect(read.stdout).toContain("rule later (not enforced) needs trust verified")
    const json = JSON.parse((await explain("--agent", "intern@1.0.0", "--json")).stdout)
    expect(json.tools).toContainEqual(
      expect.objectContaining({
        rules: [expect.objectContaining({ id: "wipe-is-gone", isCertain: true })],
      }),
    )
  })

  test("replays what rules decide by what is in the audit, and says of the rest that it cannot", async () => {
    const config = JSON.parse(
      JSON.stringify({
        ...sections(),
        rules: [{ id: "no-read", match: { tool: "read" }, deny: true }, ...rules.slice(1, 4)],
      }),
    )
    const file = join(gateway.folder, "stricter.yaml")
    writeFileSync(file, JSON.stringify(config))
    const replayed = await command([
      "audit",
      "replay",
      gateway.auditFile,
      "--registry",
      gateway.registryFile,
      "--config",
      file,
      "--json",
    ])
    const { refused, undecided } = JSON.parse(replayed.stdout)
    expect(refused.rows).toContainEqual(
      expect.objectContaining({
        target: expect.objectContaining({ name: "read" }),
        outcome: { would: "refuse", code: "denied_by_rule", reason: "rule no-read: denied" },
      }),
    )
    expect(undecided.rows).toContainEqual(
      expect.objectContaining({
        target: expect.objectContaining({ name: "tenants" }),
        outcome: {
          would: "undecided",
          reason: "rule own-tenant decides by the arguments, which the audit does not have",
        },
      }),
    )
    expect(replayed.code).toBe(1)
  })

  function sections(): JsonObject {
    return {
      registry: { source: "file://./registry.json" },
      servers: { "bank:1.0.0": { url: backend.url } },
      identity: {
        jwt: {
          issuer: iss,
          audience: "postern",
          jwks: { keys: [key.jwk] },
          callerClaims: ["tenant"],
        },
      } as never,
    }
  }
})
