import { appendFileSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { run } from "../../src/cli/cli.ts"
import { openBackend } from "../support/e2e-backend.ts"
import { callTool, startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import {
  agentOf,
  documentOf,
  type Mutable,
  sourceTool,
  toolDependency,
} from "../support/registries.ts"

/** A registry whose composition calls `inner` and may call `other`; its agents depend as they are told. */
function document(
  {
    depends,
    inner,
  }: { depends: Readonly<Record<string, readonly string[]>>; inner: readonly string[] },
  version = "1.0.0",
): Mutable {
  const read = { annotations: { readOnlyHint: true }, inputSchema: { type: "object" } }
  const names = ["echo", "spare", "inner", "other", "secret"]
  const whole = {
    name: "whole",
    version: "1.0.0",
    inputSchema: { type: "object" },
    depends: inner.map((name) => toolDependency(name)),
    // Data chooses what is called, so that the registry loads whatever its depends are.
    spec: {
      pipeline: {
        steps: [
          {
            id: "call",
            operation: { tool: { choose: { path: "$.tool" } } },
            input: { constant: {} },
          },
        ],
      },
    },
  }
  const agents = Object.entries(depends).map(([name, tools]) => {
    const agent = agentOf(
      name,
      tools.map((tool) => toolDependency(tool)),
    )
    return { ...agent, version }
  })
  return documentOf([...names.map((name) => sourceTool(name, read)), whole], { agents })
}

const before = document({
  depends: { a: ["echo", "spare", "whole"], b: ["echo"] },
  inner: ["inner", "other"],
})

let gateway: TestGateway
let audit: string
beforeAll(async () => {
  await using backend = await openBackend({ inner: (call) => call.text("{}") })
  gateway = await startGateway({
    registry: JSON.stringify(before),
    servers: { "s:1.0.0": { url: backend.url } },
  })
  for (const args of [{ n: 1 }, { n: 2 }]) await callTool(gateway, "a@1.0.0", "echo", args)
  await callTool(gateway, "a@1.0.0", "whole", { tool: "inner" })
  await callTool(gateway, "a@1.0.0", "secret")
  await callTool(gateway, "b@9.9.9", "echo")
  await gateway.stop()
  audit = gateway.auditFile
}, 30_000)
afterAll(() => gateway[Symbol.asyncDispose]())

/** A command as it is typed, in this process. */
async function postern(...args: readonly string[]) {
  const written = { out: "", err: "" }
  const stream = (to: keyof typeof written) => ({
    write(text: string) {
      written[to] += text
    },
  })
  const code = await run(args, { out: stream("out"), err: stream("err"), env: {} })
  return { code, ...written }
}

function registry(name: string, made: Mutable): string {
  const file = join(gateway.folder, `${name}.json`)
  writeFileSync(file, JSON.stringify(made))
  return file
}

describe("postern audit usage", () => {
  test("says of each agent what it never used, what it used and what it was refused", async () => {
    const { code, out } = await postern(
      "audit",
      "usage",
      audit,
      "--registry",
      gateway.registryFile,
      "--json",
    )
    expect(code).toBe(0)
    const { agents, compositions, unidentified, from, to } = JSON.parse(out)
    expect(from < to).toBe(true)
    expect(agents).toMatchObject([
      {
        name: "a",
        isRegistered: true,
        used: [
          { name: "echo", version: "1.0.0", count: 2, isDeclared: true, last: expect.any(String) },
          { name: "whole", count: 1 },
        ],
        unused: [{ name: "spare", version: "1.0.0", tried: 0, gives: [] }],
        refused: [{ code: "undeclared_dependency", target: "secret", count: 1 }],
      },
      { name: "b", used: [], unused: [{ name: "echo" }], refused: [] },
    ])
    expect(compositions).toMatchObject([
      { name: "whole", used: [{ name: "inner", count: 1 }], unused: [{ name: "other" }] },
    ])
    expect(unidentified).toMatchObject([{ code: "unknown_caller", count: 1 }])
  })

  test("says it in words, from the registry of the configuration", async () => {
    const { code, out } = await postern("audit", "usage", audit, "--config", gateway.configFile)
    expect(code).toBe(0)
    expect(out).toMatch(
      /^agent a@1\.0\.0\n {2}never used {2}spare@1\.0\.0\n {2}used {8}echo@1\.0\.0 {2}2 times, last 20/m,
    )
    expect(out).toContain("refused     secret  undeclared_dependency, once")
    expect(out).toContain("agent b@1.0.0: never seen")
    expect(out).toContain("composition whole@1.0.0")
  })

  test("what callers asked for begins no line of a report", async () => {
    const file = join(gateway.folder, "forged.jsonl")
    const caller = { name: "a", version: "1.0.0", trust: "asserted", by: ["header"] }
    const target = { type: "tool", name: "x\nagent b@1.0.0: uses all that it declares\r\u2028" }
    const call = { seq: 1, prev: "", kind: "call", caller, target, decision: "refuse" }
    writeFileSync(file, `${JSON.stringify({ ...call, refusal: "unknown_tool" })}\n`)
    for (const command of ["usage", "replay"]) {
      const { out } = await postern("audit", command, file, "--registry", gateway.registryFile)
      expect(out).not.toMatch(/^agent b@1\.0\.0: uses|\r|\u2028/m)
    }
  })

  test("goes on where files are torn, foreign or missing, and says so", async () => {
    const file = join(gateway.folder, "torn.jsonl")
    const lines = readFileSync(audit, "utf8").trimEnd().split("\n")
    writeFileSync(file, lines.toSpliced(2, 1, "shopping list").join("\n"))
    appendFileSync(file, '\n{"seq":99,"pr')
    const args = ["audit", "usage", file, "--registry", gateway.registryFile, "--json"]
    const { code, out, err } = await postern(...args)
    expect(code).toBe(0)
    expect(JSON.parse(out).agents[0].used[0].count).toBeGreaterThan(0)
    expect(err).toMatch(/torn\.jsonl:3 not_a_record — /)
    expect(err).toMatch(/torn_tail/)
    expect((await postern(...args, join(gateway.folder, "none"))).code).toBe(1)
    expect((await postern("audit", "usage", audit, "--registry", "none.json")).code).toBe(1)
  })

  test("finds nothing good in a file that is no audit", async () => {
    for (const command of ["usage", "replay"]) {
      const { code, err } = await postern(
        "audit",
        command,
        "README.md",
        "--registry",
        gateway.registryFile,
      )
      expect(code).toBe(1)
      expect(err).toContain("README.md: holds no record of an audit\n")
    }
    const empty = join(gateway.folder, "empty.jsonl")
    writeFileSync(empty, "")
    const { code } = await postern("audit", "usage", empty, "--registry", gateway.registryFile)
    expect(code).toBe(0)
  })
})

async function replayed(made: Mutable, ...more: readonly string[]) {
  const file = registry("new", made)
  const { code, out } = await postern(
    "audit",
    "replay",
    audit,
    "--registry",
    file,
    "--json",
    ...more,
  )
  return { code, ...JSON.parse(out) }
}

describe("postern audit replay", () => {
  test("finds nothing under the registry of then", async () => {
    const found = await replayed(before)
    expect(found).toMatchObject({ code: 0, ok: true, refused: { count: 0 }, moved: { count: 0 } })
    // Two of echo, one of whole and the one inside it, one that is refused either way.
    expect(found).toMatchObject({ calls: 6, same: 5, undecided: { count: 1 } })
  })

  test("says which calls a tighter registry refuses, those inside compositions included", async () => {
    const found = await replayed(document({ depends: { a: ["whole"], b: [] }, inner: ["other"] }))
    expect(found).toMatchObject({ code: 1, ok: false, refused: { count: 3 } })
    expect(found.refused.rows).toMatchObject([
      {
        caller: { name: "a", version: "1.0.0" },
        by: ["header"],
        target: { name: "echo" },
        outcome: { would: "refuse", code: "undeclared_dependency" },
        count: 2,
      },
      { via: "whole@1.0.0", target: { name: "inner" }, outcome: { code: "undeclared_dependency" } },
    ])
  })

  test("says which calls a wider registry allows", async () => {
    const wider = document({
      depends: { a: ["echo", "whole", "secret"] },
      inner: ["inner", "other"],
    })
    const found = await replayed(wider)
    expect(found).toMatchObject({ code: 0, allowed: { count: 1 } })
    expect(found.allowed.rows).toMatchObject([
      { target: { name: "secret" }, was: "undeclared_dependency", outcome: { would: "allow" } },
    ])
  })

  test("finds the caller as the new registry knows it, and the calls that go elsewhere", async () => {
    const gone = await replayed(document({ depends: { a: ["echo"] }, inner: ["inner"] }, "2.0.0"))
    expect(gone.refused.rows[0]).toMatchObject({ outcome: { code: "unknown_caller" } })
    const moved = structuredClone(before)
    for (const tool of moved.tools) if (tool.name === "echo") tool.version = "1.1.0"
    for (const { capabilities } of moved.agents)
      for (const one of capabilities.extensions[0].params.depends)
        if (one.name === "echo") one.version = "1.1.0"
    expect(await replayed(moved)).toMatchObject({
      code: 0,
      moved: { count: 2, rows: [{ outcome: { would: "allow", to: "1.1.0" } }] },
    })
  })

  test("judges at the levels of the configuration, where one is named", async () => {
    const tighter = document({ depends: { a: ["whole"] }, inner: ["inner"] })
    const config = join(gateway.folder, "lenient.yaml")
    const written = JSON.parse(readFileSync(gateway.configFile, "utf8"))
    written.registry.validation = { runtime: { undeclaredDependency: "warn" } }
    writeFileSync(config, JSON.stringify(written))
    expect(await replayed(tighter)).toMatchObject({ code: 1, refused: { count: 2 } })
    expect(await replayed(tighter, "--config", config)).toMatchObject({ code: 0 })
  })

  test("says it in words, with the first record of each", async () => {
    const file = registry("tight", document({ depends: { a: ["whole"] }, inner: ["other"] }))
    const { code, out } = await postern("audit", "replay", audit, "--registry", file)
    expect(code).toBe(1)
    expect(out).toMatch(
      /would be refused\n {2}a@1\.0\.0 \(header\) → echo@1\.0\.0: undeclared_dependency — a@1\.0\.0 does not depend on echo@1\.0\.0; 2 times, last .* \(.*audit\.jsonl:\d+\)\n/,
    )
    expect(out).toContain("whole@1.0.0 for a@1.0.0 (header) → inner@1.0.0: undeclared_dependency")
    expect(out).toMatch(/^6 calls: 3 would be refused, 0 allowed now,/m)
    expect((await postern("audit", "replay", audit)).code).toBe(2)
  })
})
