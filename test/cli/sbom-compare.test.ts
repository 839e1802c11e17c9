import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { audited } from "../support/audit.ts"
import { callRecord } from "../support/audit-records.ts"
import { command } from "../support/command.ts"
import type { Mutable } from "../support/registries.ts"
import { specs } from "../support/sbom.ts"
import { exported, property, sbomFolder, supplied } from "../support/sbom-command.ts"
import { shop } from "../support/sbom-registry.ts"

const { folder, registry, written, sbomFile } = sbomFolder()
const diff = (...args: string[]) => command(["sbom", "diff", ...args])

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
  // Of its only version it need not say which: the gateway assumes it, and so must whoever counts.
  const shopper = caller && { ...caller, name: "shopper", version: undefined }

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
    const catalog = `sha256:${"c".repeat(64)}`
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
    expect(property(metadata.component, "observed-catalog")).toBe(catalog)
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
