import { once } from "node:events"
import { chmodSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { command, type Ran } from "../support/command.ts"
import {
  makeWorld,
  type Sketch,
  startGateway,
  toolsOf,
  type World,
} from "../support/e2e-gateway.ts"
import { type Finished, postern } from "../support/e2e-process.ts"

const registry = { tools: { echo: "web" }, agents: { a: ["echo"] } }

/** A world in which the gateway is about to be started, removed when the test is over. */
function world(sketch: Partial<Sketch> = {}): World {
  const made = makeWorld({ registry, ...sketch })
  onTestFinished(() => rmSync(made.folder, { recursive: true, force: true }))
  return made
}

/** A configuration as it is written, tried in this process: nothing of it is started. */
function tried(text: string, encoding: BufferEncoding = "utf8"): Promise<Ran> {
  const { configFile } = world()
  writeFileSync(configFile, text, encoding)
  return command(["serve", "--config", configFile])
}

const minimal =
  "registry: { source: file://./registry.json }\nlisten: { port: 0 }\nadmin: { port: 0 }\n"

/** Ended before it served anything, in words. */
function expectRefused({ code, stdout, stderr }: Finished | Ran): void {
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
  expect(stderr).not.toMatch(/^\s+at /m) // no stack
}

describe("a configuration that is not sound starts nothing, and says all that is wrong:", () => {
  test("unknown keys, wrong types, values out of range, missing variables", async () => {
    const ended = await tried(`${minimal}lisen: {}
identity: { minTrust: high }
limits: { bodyBytes: 4 MB, sessions: 0 }
explainRefusals: "perhaps"
servers:
  web:1.0.0: { url: "http://127.0.0.1:1/", headers: { authorization: "Bearer \${NOT_SET}" } }
  tool: { comand: node }
log: { level: loud }
`)
    expectRefused(ended)
    const lines = ended.stderr.trimEnd().split("\n")
    const places = lines.map((line) => /postern\.yaml:(\d+:\d+ \S+) — /.exec(line)?.[1])
    expect(places).toEqual(
      expect.arrayContaining([
        "4:1 lisen",
        "5:13 identity.minTrust",
        "6:11 limits.bodyBytes",
        "6:28 limits.sessions",
        "7:1 explainRefusals",
        "11:8 log.level",
      ]),
    )
    expect(ended.stderr).toMatch(/lisen — .*did you mean listen\?/)
    expect(ended.stderr).toContain("NOT_SET is not set in the environment")
    expect(ended.stderr).toMatch(/comand — .*did you mean command\?/)
  })

  const broken: [string, string, RegExp][] = [
    ["nothing", "", /postern\.yaml:1:1 /],
    ["no YAML", "listen: [", /postern\.yaml:\d+:\d+ /],
    ["a list", "- listen", /postern\.yaml:1:1 /],
    ["tabs", "listen:\n\tport: 0\n", /postern\.yaml:2:1 /],
    ["a key twice", `${minimal}listen: { port: 1 }\n`, /listen — this key is here twice/],
    ["a key __proto__", `${minimal}__proto__: { listen: 1 }\n`, /__proto__ — unknown key/],
    [
      "a secret as it is",
      `${minimal}session: { key: hunter2hunter2hunter2hunter2hunter2 }\n`,
      /session\.key — a secret is not written here/,
    ],
    ["not UTF-8", "listen: { host: caf\xe9 }", /postern\.yaml:/],
  ]
  test.each(broken)("%s", async (_, text, words) => {
    const ended = await tried(text, "latin1")
    expectRefused(ended)
    expect(ended.stderr).toMatch(words)
    expect(ended.stderr).not.toMatch(/hunter2/)
  })
})

describe("what cannot be read or written stops the start in words:", () => {
  test("a configuration that is not there, or is a folder", async () => {
    const { folder } = world()
    const missing = await command(["serve", "--config", join(folder, "none.yaml")])
    expectRefused(missing)
    expect(missing.stderr).toContain("none.yaml:1:1 (file) — cannot be read: ENOENT")
    const aFolder = await command(["serve", "--config", folder])
    expectRefused(aFolder)
    expect(aFolder.stderr).toContain("cannot be read")
  })

  test("no configuration at all is wrong usage", async () => {
    const { folder } = world()
    const empty = join(folder, "empty")
    mkdirSync(empty)
    const ended = await postern(["serve"], { cwd: empty })
    expect(ended).toMatchObject({ code: 2, stdout: "" })
    expect(ended.stderr).toContain("name one with --config FILE")
  })

  test("a registry that is not there, or is a folder", async () => {
    const gone = world()
    rmSync(gone.registryFile)
    const missing = await postern(["serve", "--config", gone.configFile])
    expectRefused(missing)
    expect(missing.stderr).toMatch(/error document_unreadable .*ENOENT/)
    mkdirSync(gone.registryFile)
    const aFolder = await postern(["serve", "--config", gone.configFile])
    expectRefused(aFolder)
    expect(aFolder.stderr).toContain("is not a file")
  })

  test("an audit whose file is a folder, or that ends in something else than records", async () => {
    const { configFile, auditFile } = world()
    mkdirSync(auditFile)
    const aFolder = await postern(["serve", "--config", configFile])
    expectRefused(aFolder)
    expect(aFolder.stderr).toMatch(/audit\.file: \S+ cannot be used: /)
    rmSync(auditFile, { recursive: true })
    writeFileSync(auditFile, "shopping list\n")
    const other = await postern(["serve", "--config", configFile])
    expectRefused(other)
    expect(other.stderr).toContain("its last line is no audit record")
  })

  test("an audit file that another gateway is writing", async () => {
    const first = await startGateway({ registry })
    onTestFinished(() => first[Symbol.asyncDispose]())
    const second = await postern(["serve", "--config", first.configFile])
    expectRefused(second)
    expect(second.stderr).toContain("is in use by another process")
    expect(await toolsOf(first, "a@1.0.0")).toEqual(["echo"])
  })

  test("a secret in a file that is not there", async () => {
    const ended = await tried(`${minimal}session: { key: "file:./no-key" }\n`)
    expectRefused(ended)
    expect(ended.stderr).toMatch(/session\.key — the secret's file cannot be read: .*ENOENT/)
  })
})

describe("a port that is taken", () => {
  test.each(["listen", "admin"])("stops the start and is named: %s", async (section) => {
    const other = createServer().listen(0, "127.0.0.1")
    await once(other, "listening")
    onTestFinished(() => void other.close())
    const { port } = other.address() as AddressInfo // it listens on TCP
    const { configFile } = world({ config: { [section]: { port } } })
    const ended = await postern(["serve", "--config", configFile])
    expectRefused(ended)
    expect(ended.stderr).toContain(
      `postern cannot start: ${section}: cannot listen on 127.0.0.1:${port}, another process does; stop it, or set ${section}.port to a free port`,
    )
  })

  test("and a host that is none of this machine stop the start", async () => {
    const { configFile } = world({ config: { listen: { host: "192.0.2.1", port: 0 } } })
    const ended = await postern(["serve", "--config", configFile])
    expectRefused(ended)
    expect(ended.stderr).toContain("that is no address of this machine; set listen.host")
  })
})

test("two servers of the configuration that mean the same one stop the start", async () => {
  const url = "http://127.0.0.1:9/mcp"
  const { configFile } = world({ servers: { "web:1.0.0": { url }, "web@1.0.0": { url } } })
  const ended = await postern(["serve", "--config", configFile])
  expectRefused(ended)
  expect(ended.stderr).toMatch(
    /postern\.yaml:\d+:\d+ error route_duplicate \/servers\/web@1\.0\.0 — .*mean the same server/,
  )
  expect(ended.stderr).toContain("contradict each other")
})

describe("the start", () => {
  test("warns once of each permissive setting, and goes on", async () => {
    const runtime = { unknownCaller: "allow", undeclaredDependency: "warn" }
    const gateway = await startGateway({
      registry,
      config: {
        registry: { source: "file://./registry.json", validation: { runtime } },
        identity: { minTrust: "anonymous", clientInfo: true },
        explainRefusals: true,
      },
    })
    onTestFinished(() => gateway[Symbol.asyncDispose]())
    const warnings = gateway.running
      .stderr()
      .split("\n")
      .filter((line) => line.startsWith("warning: "))
    const of = (key: string) => warnings.filter((line) => line.includes(`${key} — `))
    for (const key of [
      "registry.validation.runtime.unknownCaller",
      "registry.validation.runtime.undeclaredDependency",
      "identity.minTrust",
      "identity.clientInfo",
      "explainRefusals",
    ])
      expect(of(key)).toHaveLength(1)
    const { warnings: shown } = await gateway.status()
    expect(shown).toEqual(warnings.map((line) => line.replace("warning: ", "")))
  })

  test("makes the audit a file that only its owner reads, also one that others could", async () => {
    const { folder, auditFile } = world()
    writeFileSync(auditFile, "")
    chmodSync(auditFile, 0o644)
    const gateway = await startGateway({ registry, folder })
    onTestFinished(() => gateway[Symbol.asyncDispose]())
    expect(statSync(auditFile).mode & 0o777).toBe(0o600)
  })
})
