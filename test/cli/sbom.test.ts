import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { lockText } from "../../src/registry/pins/lock-text.ts"
import { pinTool } from "../../src/registry/pins/pin-tool.ts"
import { audited } from "../support/audit.ts"
import { callRecord } from "../support/audit-records.ts"
import { command } from "../support/command.ts"
import type { Mutable } from "../support/registries.ts"
import { judged, specs } from "../support/sbom.ts"
import { canary, shop } from "../support/sbom-registry.ts"

const folder = mkdtempSync(join(tmpdir(), "postern-sbom-"))
afterAll(() => rmSync(folder, { recursive: true }))

function written(name: string, content: string | object): string {
  const file = join(folder, name)
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content))
  return file
}

const registry = written("shop.json", shop())
const exported = (...args: string[]) => command(["sbom", "export", ...args])
const diff = (...args: string[]) => command(["sbom", "diff", ...args])
const supplied = ["--supplier", "Acme", "--timestamp", "2026-11-21T01:00:00+01:00"]

/** An SBOM of the shop in a file of its own. */
async function sbomFile(name: string, ...args: string[]): Promise<string> {
  const file = join(folder, name)
  const { code } = await exported(registry, ...supplied, "--output", file, ...args)
  expect(code).toBe(0)
  return file
}

const property = (holder: Mutable, name: string): string | undefined =>
  holder.properties.find((one: Mutable) => one.name === `postern:${name}`)?.value

describe("postern sbom export", () => {
  test("writes each format and version, which outside judges accept", async () => {
    for (const spec of specs) {
      const { code, stdout } = await exported(registry, ...supplied, "--spec", spec)
      expect([code, await judged(stdout, spec)]).toEqual([0, undefined])
    }
    const usual = async (...args: string[]) =>
      JSON.parse((await exported(registry, ...args)).stdout)
    expect(await usual()).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.7" })
    expect(await usual("--format", "cyclonedx")).toMatchObject({ specVersion: "1.7" })
    expect(await usual("--format", "spdx")).toMatchObject({ spdxVersion: "SPDX-2.3" })
  })

  test("is about one agent or tool where one is named, by the ways names are written", async () => {
    const about = async (...args: string[]) => {
      const { stdout } = await exported(registry, ...args)
      const { metadata, components, services } = JSON.parse(stdout)
      const refs = [...components, ...services].map((one: Mutable) => one["bom-ref"])
      return [metadata.component["bom-ref"], ...refs].map((ref) => ref.replace("urn:postern:", ""))
    }
    const tool = ["tool:place_order:1.0.0", "schema:acme/Order:1.0.0", "server:orders:unversioned"]
    expect(await about("--tool", "place_order:1.0.0")).toEqual(tool)
    expect(await about("--tool", "place_order@1.0.0")).toEqual(tool)
    expect(await about("--tool", "place_order")).toEqual(tool)
    expect((await about("--agent", "acme/clerk")).slice(0, 2)).toEqual([
      "agent:acme/clerk:3.1.4",
      "schema:Query:1.0.0",
    ])
  })

  test("says which versions there are of what is not registered", async () => {
    for (const [asked, hint] of [
      ["find", "tool find is not registered; there is 1.0.0, 2.0.0-rc.1\n"],
      ["find@3.0.0", "tool find@3.0.0 is not registered; there is 1.0.0, 2.0.0-rc.1\n"],
      ["gone", "tool gone is not registered\n"],
    ] as const) {
      const { code, stderr } = await exported(registry, "--tool", asked)
      expect({ code, stderr }).toEqual({ code: 1, stderr: hint })
    }
  })

  test("refuses what the validator refuses, with its problems, and writes nothing", async () => {
    const document = shop()
    document.tools[0].source.server = "gone"
    const broken = written("broken.json", document)
    const output = join(folder, "nothing.json")
    const { code, stderr, stdout } = await exported(broken, "--output", output)
    const validated = await command(["validate", "--quiet", broken])
    expect(code).toBe(1)
    expect(stderr).not.toBe("")
    expect(validated.stdout.startsWith(stderr)).toBe(true)
    expect([stdout, existsSync(output)]).toEqual(["", false])
    expect((await exported(join(folder, "no-such.json"))).code).toBe(1)
  })

  test("takes its time from the flag, SOURCE_DATE_EPOCH, the document, in this order", async () => {
    const time = async (args: string[], env: Record<string, string> = {}) => {
      const { stdout } = await command(["sbom", "export", registry, ...args], env)
      return JSON.parse(stdout).metadata.timestamp
    }
    expect(await time(["--timestamp", "2026-01-02T03:04:05.678+02:00"])).toBe(
      "2026-01-02T01:04:05Z",
    )
    const epoch = { SOURCE_DATE_EPOCH: "1700000000" }
    expect(await time(["--timestamp", "2026-01-02"], epoch)).toBe("2026-01-02T00:00:00Z")
    expect(await time([], epoch)).toBe("2023-11-14T22:13:20Z")
    expect(await time([])).toBe("2026-11-20T00:00:00Z")
  })

  test.each([
    [["--format", "swid"], "--format: one of cyclonedx, spdx"],
    [["--spec", "1.5"], "--spec: one of 1.7, 1.6, 2.3, 3.0.1"],
    [["--format", "spdx", "--spec", "1.6"], "--spec: one of 2.3, 3.0.1"],
    [["--timestamp", "yesterday"], '"yesterday" is not a time such as 2026-11-21T00:00:00Z'],
    [["--timestamp", "2026-11-21T00:00:00"], "is not a time such as"],
    [["--timestamp", "2026-13-41"], "is not a time such as"],
    [["--tlp", "PURPLE"], "--tlp"],
    [["--namespace", "acme"], "--namespace"],
    [["--namespace", "https://acme.example/#x"], "--namespace"],
    [["--supplier", "A\u0007cme"], "--supplier"],
    [["--agent", "a", "--tool", "b"], "one agent, one tool, or the whole registry"],
    [["--check", "x.json", "--output", "y.json"], "leave out --output"],
  ])("says that %j is not how it is used", async (args, words) => {
    const { code, stderr } = await exported(registry, ...args)
    expect(code).toBe(2)
    expect(stderr).toContain(words)
  })

  test("says what an auditor would miss", async () => {
    const { stderr } = await exported(registry, "--format", "spdx")
    expect(stderr.match(/^note: /gm)).toHaveLength(2)
    expect(stderr).toContain("--supplier")
    expect(stderr).toContain("--namespace")
    const document = shop()
    document.servers[0].metadata.purl = "npm/catalog"
    const told = await exported(written("purl.json", document), ...supplied)
    expect(told.stderr).toBe(
      "note: server catalog@1.2.0: metadata.purl is no package URL, and is left out\n",
    )
  })
})

describe("With a configuration", () => {
  const env = { TOKEN: `${canary}-token`, KEY: `${canary}-key`, SECRET: `${canary}-env` }
  const config = written(
    "postern.yaml",
    `registry: { source: file://${registry} }
servers:
  catalog:1.2.0: { url: "https://catalog.example/mcp?key=${canary}", headers: { Authorization: "\${TOKEN}" } }
  catalog:2.0.0-rc.1+build.5: { url: "http://127.0.0.1:4001/mcp" }
  orders: { command: node, args: [server.js, --key, "\${SECRET}"], env: { KEY: "\${SECRET}" } }
sbom:
  name: acme-shop
  supplier: { name: Acme, url: https://acme.example, email: sbom@acme.example }
  author: { name: Acme Platform Team }
  license: LicenseRef-Acme
  namespace: https://acme.example/spdx/
  tlp: AMBER
  model: { name: house-model, version: "1", supplier: Acme }
`,
  )
  const ofConfig = (...args: string[]) =>
    command(["sbom", "export", "--config", config, ...args], env)

  test("an SBOM says where servers are and what its keys say, and is still accepted", async () => {
    const { stdout, stderr } = await ofConfig()
    const { metadata, services, components } = JSON.parse(stdout)
    expect(stderr).toBe("")
    expect(metadata).toMatchObject({
      component: { name: "acme-shop", licenses: [{ expression: "LicenseRef-Acme" }] },
      supplier: {
        name: "Acme",
        url: ["https://acme.example"],
        contact: [{ email: "sbom@acme.example" }],
      },
      authors: [{ name: "Acme Platform Team" }],
      distributionConstraints: { tlp: "AMBER" },
    })
    expect(
      services.map((one: Mutable) => [
        one.endpoints,
        one.authenticated,
        one["x-trust-boundary"],
        property(one, "transport"),
      ]),
    ).toEqual([
      [["https://catalog.example/mcp"], true, undefined, "http"],
      [["http://127.0.0.1:4001/mcp"], false, false, "http"],
      [undefined, undefined, false, "stdio"],
    ])
    const models = components.filter((one: Mutable) => one.type === "machine-learning-model")
    expect(models.map((one: Mutable) => `${one.supplier.name} ${one.name} ${one.version}`)).toEqual(
      ["Great AI Great Model 5", "Acme house-model 1"],
    )
    for (const spec of specs) {
      const { stdout: text } = await ofConfig("--spec", spec)
      expect([spec, await judged(text, spec)]).toEqual([spec, undefined])
    }
  })

  test("no secret of registry, configuration or environment is in any form", async () => {
    for (const spec of specs) {
      const { stdout, stderr } = await ofConfig("--spec", spec)
      expect(stdout + stderr).not.toContain(canary)
      expect(stdout).not.toMatch(/apiKey|TOKEN|SECRET|hideFields|"internal"/)
    }
  })

  test("flags are before keys, and a document that is named needs its configuration named, too", async () => {
    const flagged = await ofConfig("--supplier", "Other", "--name", "n", "--tlp", "RED")
    expect(JSON.parse(flagged.stdout).metadata).toMatchObject({
      component: { name: "n" },
      supplier: { name: "Other" },
      distributionConstraints: { tlp: "RED" },
    })
    const { stdout } = await command(["sbom", "export", registry], {
      ...env,
      POSTERN_CONFIG: config,
    })
    expect(stdout).not.toContain("acme-shop")
    expect((await ofConfig(registry)).stdout).toContain("acme-shop")
  })
})

describe("--check", () => {
  test("accepts what would be written now, whatever its time, Postern's version and layout", async () => {
    for (const spec of specs) {
      const file = await sbomFile(`check-${spec}.json`, "--spec", spec)
      const text = readFileSync(file, "utf8")
      const older = text.replaceAll("2026-11-21T00:00:00Z", "2020-01-01T00:00:00Z")
      writeFileSync(file, JSON.stringify(JSON.parse(older.replaceAll("0.1.0", "0.0.1"))))
      const { code, stdout } = await exported(registry, "--supplier", "Acme", "--check", file)
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: `${file} is what would be written now\n`,
      })
    }
  })

  test("says what changed since, and what was changed by hand", async () => {
    const file = await sbomFile("stale.json")
    const document = shop()
    document.tools[0].description = "Finds them"
    const changed = written("changed.json", document)
    const stale = await exported(changed, "--name", "shop", "--supplier", "Acme", "--check", file)
    expect(stale.code).toBe(1)
    expect(stale.stdout).toMatch(
      /^.* is stale: write it again\n~ tool find@1\.0\.0 sha256:\w+ → sha256:\w+\n0 added, 0 removed, 1 changed, 0 edges\n$/,
    )
    const text = readFileSync(file, "utf8").replace("Find articles", "Find nothing")
    const edited = await exported(
      registry,
      "--supplier",
      "Acme",
      "--check",
      written("edited.json", text),
    )
    expect(edited.code).toBe(1)
    expect(edited.stdout).toMatch(/stale: write it again\n~ \/components\/\d+\/description\n$/)
  })

  test("refuses what is no SBOM, and one of another version than is asked for", async () => {
    expect((await exported(registry, "--check", registry)).stderr).toContain(
      "cannot be read as an SBOM",
    )
    expect((await exported(registry, "--check", registry)).code).toBe(1)
    const file = await sbomFile("version.json", "--spec", "3.0.1")
    expect((await exported(registry, "--check", file, "--spec", "1.6")).code).toBe(2)
    expect(
      (await exported(registry, "--supplier", "Acme", "--check", file, "--format", "spdx")).code,
    ).toBe(0)
  })
})

describe("--observed", () => {
  const buy = { target: { name: "buy", version: "1.0.0" }, server: undefined }
  const { caller } = callRecord("x")
  const shopper = caller && { ...caller, name: "shopper", version: "1.0.0" }

  test("counts the calls of each agent, tool and server; what was never called has none", async () => {
    const file = join(folder, "audit.jsonl")
    const { audit } = audited(file)
    const records = [
      callRecord("a", { caller: shopper, ...buy }),
      callRecord("b", {
        kind: "step",
        caller: shopper,
        target: { name: "find", version: "1.0.0" },
        server: { name: "catalog", version: "1.2.0" },
      }),
      callRecord("c", {
        target: { name: "drop_order" },
        server: { name: "orders" },
        timeMs: 1_795_327_200_000,
      }),
      callRecord("d", {
        caller: shopper,
        ...buy,
        decision: "refuse",
        refusal: "invalid_input",
      }),
    ]
    for (const record of records) audit.write(record)
    audit.close()
    const { stdout } = await exported(registry, ...supplied, "--observed", file)
    const { metadata, components, services } = JSON.parse(stdout)
    const counts = [...components, ...services].flatMap((one: Mutable) => {
      const calls = property(one, "observed-calls")
      return calls === undefined ? [] : [`${one.name}@${one.version} ${calls}`]
    })
    expect(counts).toEqual([
      "acme/clerk@3.1.4 0",
      "shopper@1.0.0 1",
      "buy@1.0.0 1",
      "drop_order@unversioned 1",
      "find@1.0.0 1",
      "find@2.0.0-rc.1 0",
      "place_order@1.0.0 0",
      "catalog@1.2.0 1",
      "catalog@2.0.0-rc.1+build.5 0",
      "orders@unversioned 1",
    ])
    expect(property(metadata.component, "observed-from")).toMatch(/^2026-11-21T/)
    expect(property(metadata.component, "observed-to")).toMatch(/^2026-11-22T/)
    expect(stdout).not.toContain("c8a1") // the subject of the caller
    const ofAgent = await exported(registry, "--agent", "shopper", "--observed", file)
    expect(ofAgent.stdout).toContain("observed-from")
    expect(JSON.parse(ofAgent.stdout).metadata.component.name).toBe("shopper")
  })

  test("refuses an audit that does not hold, and one that is not there", async () => {
    const file = written("forged.jsonl", '{"seq":7,"prev":"0","kind":"call"}\n')
    for (const one of [file, join(folder, "none.jsonl")]) {
      const { code, stdout, stderr } = await exported(registry, ...supplied, "--observed", one)
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
      expect(stderr).toContain(one)
    }
  })
})

test("the digests that a lock beside the document pins are told, and a lock that was forged is refused", async () => {
  const place = mkdtempSync(join(folder, "locked-"))
  const file = join(place, "registry.json")
  writeFileSync(file, JSON.stringify(shop()))
  const pin = pinTool({
    name: "find",
    description: "Find articles",
    inputSchema: { type: "object" },
  })
  if (pin === undefined) throw new Error("no pin")
  const lock = lockText({
    servers: [{ server: { name: "catalog", version: "1.2.0" }, tools: [pin] }],
  })
  writeFileSync(join(place, "postern.lock.json"), lock)
  const { stdout } = await exported(file, ...supplied)
  const pinned = JSON.parse(stdout).components.flatMap(
    (one: Mutable) => property(one, "pinned-digest") ?? [],
  )
  expect(pinned).toEqual([pin.digest])
  writeFileSync(join(place, "postern.lock.json"), lock.replace("Find articles", "Obey"))
  const forged = await exported(file, ...supplied)
  expect({ code: forged.code, stdout: forged.stdout }).toEqual({ code: 1, stdout: "" })
  expect(forged.stderr).toContain("lock_invalid")
})

describe("postern sbom diff", () => {
  test("says nothing differs between formats, and what differs between registries", async () => {
    const [a, b] = [await sbomFile("a.json"), await sbomFile("b.json", "--spec", "3.0.1")]
    expect(await diff(a, b)).toEqual({ code: 0, stdout: "no difference\n", stderr: "" })
    const document = shop()
    document.agents[0].capabilities.extensions[0].params.depends.pop()
    const c = join(folder, "c.json")
    await exported(written("less.json", document), ...supplied, "--output", c)
    const { code, stdout } = await diff(a, c)
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^~ agent shopper@1\.0\.0 sha256:\w+ → sha256:\w+\n- agent shopper@1\.0\.0 → agent acme\/clerk@3\.1\.4\n0 added, 0 removed, 1 changed, 1 edge\n$/,
    )
    const json = await diff(a, c, "--json")
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout)).toMatchObject({
      equal: false,
      edgesRemoved: [{ from: "agent shopper@1.0.0", to: "agent acme/clerk@3.1.4" }],
    })
  })

  test("does not compare what is no SBOM of Postern's, or does not hold together", async () => {
    const a = await sbomFile("whole.json")
    const dangling = JSON.parse(readFileSync(a, "utf8"))
    dangling.dependencies[0].dependsOn.push("urn:postern:tool:gone:1")
    for (const [file, words] of [
      [registry, "cannot be read as an SBOM"],
      [written("text.json", "{"), "cannot be read as an SBOM"],
      [join(folder, "none.json"), "cannot be read as an SBOM"],
      [written("dangling.json", dangling), "dangling_reference urn:postern:tool:gone:1"],
      [written("foreign.json", { bomFormat: "CycloneDX", specVersion: "1.6" }), "root_missing"],
    ] as const) {
      const { code, stdout, stderr } = await diff(a, file)
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" })
      expect(stderr).toContain(words)
    }
  })
})
