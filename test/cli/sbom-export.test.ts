import { existsSync, mkdtempSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { lockText } from "../../src/registry/pins/lock-text.ts"
import { pinTool } from "../../src/registry/pins/pin-tool.ts"
import { command } from "../support/command.ts"
import type { Mutable } from "../support/registries.ts"
import { specs } from "../support/sbom.ts"
import { exported, property, sbomFolder, supplied } from "../support/sbom-command.ts"
import { judged } from "../support/sbom-judges.ts"
import { canary, shop } from "../support/sbom-registry.ts"

const { folder, registry, written } = sbomFolder()

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
    const lonely = shop()
    delete lonely.agents[0].metadata.model.supplier
    const { stderr: said } = await exported(written("model.json", lonely), ...supplied)
    expect(said).toMatch(/^note: urn:postern:model:\S+ has no supplier: say it in metadata\.model/)
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
        url: ["https://acme.example/"],
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

  test("where no secret is set, as in CI, it is the same", async () => {
    const time = { SOURCE_DATE_EPOCH: "1" }
    const run = (set: Record<string, string>) =>
      command(["sbom", "export", "--config", config], { ...set, ...time })
    expect(await run({})).toEqual(await run(env))
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
