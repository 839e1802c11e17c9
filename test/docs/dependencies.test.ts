import { describe, expect, test } from "vitest"
import { owners } from "../house/rules.ts"
import { read, rows } from "./pages.ts"

const page = "docs/reference/dependencies.md"
const { dependencies, optionalDependencies } = JSON.parse(read("package.json"))
const wanted: Record<string, string> = { ...dependencies, ...optionalDependencies }

describe(page, () => {
  const table = rows(read(page))

  test("has the packages of package.json, and no others", () => {
    expect(table.map(({ name }) => name).sort()).toEqual(Object.keys(wanted).sort())
  })

  test.each(table)("says of $name its version, licence and owners, and why", ({ name, cells }) => {
    const [version, licence, importedBy = "", why = ""] = cells
    const installed = JSON.parse(read(`node_modules/${name}/package.json`))
    expect({ version, licence }).toEqual({ version: wanted[name], licence: installed.license })
    expect(importedBy).toBe(owners[name]?.map((owner) => `\`${owner}\``).join(", "))
    expect(why.length).toBeGreaterThan(10)
  })
})
