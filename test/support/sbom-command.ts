import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect } from "vitest"
import { command } from "./command.ts"
import type { Mutable } from "./registries.ts"
import { shop } from "./sbom-registry.ts"

export const supplied = ["--supplier", "Acme", "--timestamp", "2026-11-21T01:00:00+01:00"]

export const exported = (...args: string[]) => command(["sbom", "export", ...args])

/** A folder with the registry of the shop, gone when the tests of the file are done. */
export function sbomFolder() {
  const folder = mkdtempSync(join(tmpdir(), "postern-sbom-"))
  afterAll(() => rmSync(folder, { recursive: true }))
  const written = (name: string, content: string | object): string => {
    const file = join(folder, name)
    writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content))
    return file
  }
  const registry = written("shop.json", shop())
  /** An SBOM of the shop in a file of its own. */
  const sbomFile = async (name: string, ...args: string[]): Promise<string> => {
    const file = join(folder, name)
    const { code } = await exported(registry, ...supplied, "--output", file, ...args)
    expect(code).toBe(0)
    return file
  }
  return { folder, registry, written, sbomFile }
}

/** A property of a component or service. */
export const property = (holder: Mutable, name: string): string | undefined =>
  holder.properties.find((one: Mutable) => one.name === `postern:${name}`)?.value
