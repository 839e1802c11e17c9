import { globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Ajv2020 } from "ajv/dist/2020.js"
import { describe, expect, test } from "vitest"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import { command } from "../support/command.ts"
import { badDocuments } from "../support/e2e-documents.ts"
import { project } from "../support/e2e-process.ts"

const published = {
  registry: join(project, "config/registry.schema.json"),
  config: join(project, "config/postern.schema.json"),
} as const

describe("postern schema", () => {
  test.each(["registry", "config"] as const)(
    "prints the published one of the %s (UPDATE=1 and `npm run format` rewrite it)",
    async (kind) => {
      const { code, stdout, stderr } = await command(["schema", kind])
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
      if (process.env["UPDATE"]) writeFileSync(published[kind], stdout)
      expect(JSON.parse(readFileSync(published[kind], "utf8"))).toEqual(JSON.parse(stdout))
    },
  )
})

describe("the published schema of the registry", () => {
  const schema: unknown = JSON.parse(readFileSync(published.registry, "utf8"))
  if (!isObject(schema)) throw new Error("the schema is an object")
  const fits = new Ajv2020({ strict: false, validateFormats: false }).compile({ ...schema })
  const check = (document: unknown) => {
    const isFitting = fits(document)
    return { isFitting, errors: isFitting ? [] : fits.errors }
  }

  test("takes the document that the gateway starts with", () => {
    const document = JSON.parse(readFileSync(join(project, "config/registry.json"), "utf8"))
    expect(check(document)).toEqual({ isFitting: true, errors: [] })
  })

  const fixtures = globSync(join(project, "test/fixtures/registries/*.json")).filter(
    (file) => !file.endsWith(".expect.json"),
  )
  test.concurrent.for(fixtures)(
    "takes what postern migrate makes of %s",
    async (file, { expect }) => {
      const { code, stdout, stderr } = await command(["migrate", file])
      if (code !== 0) {
        expect(stderr).toMatch(/ error \w+ /) // not sound, so nothing was made of it
        expect(stdout).toBe("")
        return
      }
      expect(check(JSON.parse(stdout))).toEqual({ isFitting: true, errors: [] })
    },
  )

  test("refuses what is misspelt, of another type, or a range", () => {
    const tool = { name: "t", version: "1.0.0", inputSchema: { type: "object" } }
    const source = { server: "s", serverVersion: "1.0.0", tool: "t" }
    const document = (change: JsonObject, more: JsonObject = {}) => ({
      schemaVersion: "2.0",
      tools: [{ ...tool, source, ...change }],
      ...more,
    })
    for (const version of ["1.0.0", "1.0.0-alpha.x", "2026.8.31", "next-2", "v1"])
      expect(check(document({ version }))).toEqual({ isFitting: true, errors: [] })
    const wrong = [
      document({ version: "^1.0.0" }),
      document({ version: "latest" }),
      document({ version: "1.x" }),
      document({ version: 1 }),
      document({ descripton: "misspelt" }),
      document({}, { agent: [] }),
      document({}, { schemaVersion: "9.0" }),
    ]
    expect(wrong.map((one) => check(one).isFitting)).toEqual(wrong.map(() => false))
  })

  test("refuses the hostile documents whose fault is one of form", () => {
    const readable = badDocuments.filter(({ code }) =>
      ["version_range", "unknown_field", "document_not_object"].includes(code),
    )
    const verdicts = readable.map(({ bytes }) => check(JSON.parse(String(bytes))).isFitting)
    expect(verdicts).toEqual(readable.map(() => false))
  })
})
