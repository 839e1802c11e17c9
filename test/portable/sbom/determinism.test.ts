import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import fc from "fast-check"
import { expect, onTestFinished, test } from "vitest"
import { executable } from "../../../examples/support/gateway.ts"
import type { Mutable } from "../../support/registries.ts"
import { graphIn, sbomOf, specs } from "../../support/sbom.ts"
import { shop } from "../../support/sbom-registry.ts"

test("the order in which a document has its parts does not change a byte of its SBOM", () => {
  const graph = graphIn(shop())
  const usual = specs.map((spec) => sbomOf(graph, spec))
  const seeds = fc.infiniteStream(fc.nat({ max: 1_000_000 }))
  fc.assert(
    fc.property(seeds, (numbers) => {
      const document = shop()
      for (const key of ["schemas", "servers", "tools", "agents"])
        document[key] = shuffled(document[key], numbers)
      for (const server of document.servers) server.provides = shuffled(server.provides, numbers)
      for (const tool of document.tools)
        if (tool.depends !== undefined) tool.depends = shuffled(tool.depends, numbers)
      for (const { capabilities } of document.agents) {
        const [{ params }] = capabilities.extensions
        params.depends = shuffled(params.depends, numbers)
      }
      const other = graphIn(reordered(document))
      expect(specs.map((spec) => sbomOf(other, spec))).toEqual(usual)
    }),
    { numRuns: 100 },
  )
})

function shuffled<T>(list: readonly T[], numbers: fc.Stream<number>): T[] {
  return list
    .map((item) => ({ item, at: numbers.next().value }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item)
}

/** The members of every object the other way round. */
function reordered(value: Mutable): Mutable {
  if (Array.isArray(value)) return value.map(reordered)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reordered(member)]),
  )
}

test("two processes of other languages and time zones write the same bytes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "postern-sbom-"))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, "registry.json")
  writeFileSync(file, JSON.stringify(shop()))
  const inWorld = (env: Readonly<Record<string, string>>) =>
    execFileSync(
      process.execPath,
      [executable, "sbom", "export", file, "--spec", "2.3", "--supplier", "Acme"],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
        env: { PATH: process.env["PATH"] ?? "", ...env },
      },
    )
  const here = inWorld({ LANG: "en_US.UTF-8", TZ: "UTC" })
  const there = inWorld({ LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", TZ: "Pacific/Kiritimati" })
  expect(there).toBe(here)
  expect(here).toContain('"created": "2026-11-20T00:00:00Z"') // the document's metadata.updated
})
