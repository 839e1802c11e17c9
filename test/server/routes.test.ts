import { describe, expect, test } from "vitest"
import { createPlanner } from "../../src/compose/plan/compile-plan.ts"
import type { CatalogAgent, CatalogServer } from "../../src/registry/catalog.ts"
import type { UnknownCallerPolicy } from "../../src/registry/model.ts"
import { parseConfig } from "../../src/server/config/parse.ts"
import { planRoutes } from "../../src/server/routes.ts"
import { catalogOf, toolIn } from "../support/plans.ts"

const server = (name: string, version?: string): CatalogServer => ({
  name,
  version,
  entity: { name, ...(version !== undefined && { version }), provides: [], extra: {} },
})

const agent: CatalogAgent = {
  name: "a",
  version: "1.0.0",
  entity: { name: "a", version: "1.0.0", card: {}, skills: [] },
  scope: { tools: new Map() },
}

/** Plans routes from keys of a configuration; each server's URL ends in its key, to see which one was taken. */
function plan(
  keys: readonly string[],
  servers: readonly CatalogServer[],
  more: { agents?: CatalogAgent[]; policy?: UnknownCallerPolicy; unknownCaller?: string } = {},
) {
  const entries = keys.map((key) => `  ${key}: { url: "http://h/${encodeURIComponent(key)}" }\n`)
  const level = more.unknownCaller ?? "deny"
  const text = `registry: { source: file://./r.json, validation: { runtime: { unknownCaller: ${level} } } }\nservers:\n${entries.join("")}`
  const parsed = parseConfig(
    "c.yaml",
    keys.length === 0 ? text.replace("servers:\n", "") : text,
    {},
  )
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const { addresses, problems } = planRoutes({
    catalog: { servers, agents: more.agents ?? [agent], unknownCallerPolicy: more.policy },
    servers: parsed.config.servers,
    levels: parsed.config.registry.levels,
  })
  const taken = [...addresses].map(([key, address]) => {
    if (address.kind !== "http") throw new TypeError("all of them have a url")
    return `${key} ${decodeURIComponent(new URL(address.url).pathname.slice(1))}`
  })
  const told = problems.map(({ code, severity, pointer, line }) =>
    [code, severity, pointer, ...(line === undefined ? [] : [line])].join(" "),
  )
  return { taken, told, problems }
}

describe("the routes of registered servers", () => {
  test("lead to the exact version, written with : or @", () => {
    expect(
      plan(["a:1.0.0", "a@2.0.0"], [server("a", "1.0.0"), server("a", "2.0.0")]),
    ).toMatchObject({
      taken: ["a@1.0.0 a:1.0.0", "a@2.0.0 a@2.0.0"],
      told: [],
    })
  })

  test("lead to a bare name where the registry has one version only", () => {
    expect(plan(["a"], [server("a", "1.0.0")])).toMatchObject({
      taken: ["a@1.0.0 a"],
      told: ["route_unversioned warn /servers/a 3"],
    })
    expect(plan(["a"], [server("a", "1.0.0"), server("a", "2.0.0")])).toMatchObject({
      taken: [],
      told: [
        "route_missing warn /servers/0",
        "route_missing warn /servers/1",
        "route_unused warn /servers/a 3",
      ],
    })
  })

  test("never lead to a neighbour version", () => {
    expect(plan(["a:1.0.1"], [server("a", "1.0.0")])).toMatchObject({
      taken: [],
      told: ["route_missing warn /servers/0", "route_unused warn /servers/a:1.0.1 3"],
    })
  })

  test("of a server without version lead to the bare name, else to the only version", () => {
    expect(plan(["a", "a:1.0.0"], [server("a")])).toMatchObject({
      taken: ["a@ a"],
      told: ["route_unused warn /servers/a:1.0.0 4"],
    })
    expect(plan(["a:1.0.0"], [server("a")])).toMatchObject({
      taken: ["a@ a:1.0.0"],
      told: ["route_unversioned warn /servers/a:1.0.0 3"],
    })
    expect(plan(["a:1.0.0", "a:2.0.0"], [server("a")]).taken).toEqual([])
  })

  test("are refused when two keys mean one server", () => {
    expect(plan(["a:1.0.0", "a@1.0.0"], [server("a", "1.0.0")])).toMatchObject({
      taken: ["a@1.0.0 a:1.0.0"],
      told: ["route_duplicate error /servers/a@1.0.0 4"],
    })
  })

  test("prefer the exact version to the bare name, which is then unused", () => {
    expect(plan(["a", "a:1.0.0"], [server("a", "1.0.0")])).toMatchObject({
      taken: ["a@1.0.0 a:1.0.0"],
      told: ["route_unused warn /servers/a 3"],
    })
  })

  test("know names with a namespace and names that objects have", () => {
    const { taken } = plan(
      ["team/a:1.0.0", "constructor:1"],
      [server("team/a", "1.0.0"), server("constructor", "1"), server("toString", "1")],
    )
    expect(taken).toEqual(["team/a@1.0.0 team/a:1.0.0", "constructor@1 constructor:1"])
  })

  test("carry headers, processes and options with secrets revealed", () => {
    const text = `registry: { source: file://./r.json }
servers:
  a:1.0.0: { url: "http://a/mcp", headers: { Authorization: "Bearer \${T}" }, timeout: 5s }
  b:1.0.0: { command: node, args: [b.js], env: { B_TOKEN: "\${T}" } }`
    const parsed = parseConfig("/etc/postern/c.yaml", text, { T: "t0ken" })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const { addresses } = planRoutes({
      catalog: {
        servers: [server("a", "1.0.0"), server("b", "1.0.0")],
        agents: [agent],
        unknownCallerPolicy: undefined,
      },
      servers: parsed.config.servers,
      levels: parsed.config.registry.levels,
    })
    expect(addresses.get("a@1.0.0")).toMatchObject({
      kind: "http",
      url: "http://a/mcp",
      headers: new Map([["authorization", "Bearer t0ken"]]),
      process: undefined,
      options: { era: "auto", timeoutMs: 5_000, concurrencyMax: 64 },
    })
    expect(addresses.get("b@1.0.0")).toMatchObject({
      kind: "stdio",
      process: {
        command: process.execPath, // the Node that runs the gateway
        args: ["b.js"],
        env: new Map([["B_TOKEN", "t0ken"]]),
        cwd: "/etc/postern",
      },
    })
  })
})

describe("a start that serves nobody as its owner may think", () => {
  test("is told where no agent is registered and unknown callers are denied", () => {
    expect(plan([], [], { agents: [] }).told).toEqual(["nobody_served warn /agents"])
    expect(plan([], [], { agents: [], unknownCaller: "warn" }).told).toEqual([])
  })

  test("is told where the document wishes more than the configuration allows", () => {
    expect(plan([], [], { policy: "allowAll" }).told).toEqual([
      "unknown_caller_policy_ignored warn /unknownCallerPolicy",
    ])
    expect(plan([], [], { policy: "allowUnregistered" }).told).toHaveLength(1)
    expect(plan([], [], { policy: "denyAll" }).told).toEqual([])
    expect(plan([], [], { policy: "allowAll", unknownCaller: "allow" }).told).toEqual([])
  })
})

describe("a server that is called with the identity of each caller", () => {
  const auth = `{ tokenExchange: { issuer: https://idp.example, clientId: c, clientSecret: "\${S}" } }`
  const parsed = parseConfig(
    "c.yaml",
    `registry: { source: file://./r.json }
identity: { jwt: { issuer: https://idp.example, audience: postern, jwks: https://idp.example/jwks.json } }
servers:
  s:1.0.0: { url: "https://h/mcp", auth: ${auth} }
`,
    { S: "secret" },
  )
  const call = { tool: { name: "t" } }
  const saga = { saga: { steps: [{ id: "x", action: call }] } }
  const pipeline = { pipeline: { steps: [{ id: "x", operation: call }] } }

  test.each([
    ["is refused to what outlives a call", saga, ["saga_passthrough"]],
    ["is there for what does not", pipeline, []],
  ])("%s", (_, spec, codes) => {
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const catalog = catalogOf([{ name: "c", spec }])
    const tool = toolIn(catalog, "c")
    const { plan: compiled } = createPlanner(catalog).compile(tool)
    if (compiled === undefined) throw new Error("no plan")
    const { problems } = planRoutes({
      catalog,
      servers: parsed.config.servers,
      levels: parsed.config.registry.levels,
      plans: new Map([[tool, compiled]]),
    })
    expect(problems.filter(({ severity }) => severity === "error").map(({ code }) => code)).toEqual(
      codes,
    )
  })
})
