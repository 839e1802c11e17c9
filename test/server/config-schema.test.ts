import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Ajv2020 } from "ajv/dist/2020.js"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { configSchema, publishedConfigSchema } from "../../src/server/config/json-schema.ts"

const published = join(import.meta.dirname, "../../config/postern.schema.json")

describe("the configuration's JSON Schema", () => {
  test("is published as it is (UPDATE=1 and `npm run format` rewrite it)", () => {
    if (process.env["UPDATE"])
      writeFileSync(published, JSON.stringify(publishedConfigSchema(), null, 2))
    expect(JSON.parse(readFileSync(published, "utf8"))).toEqual(publishedConfigSchema())
  })

  test("describes every key", () => {
    const { all, bare } = described(configSchema(), "")
    expect(all).toContain(".servers.*.url")
    expect(all).toContain(".identity.jwt.jwks")
    expect(bare).toEqual([])
  })

  test("is one that validators take, and that refuses what the gateway refuses", () => {
    const valid = new Ajv2020({ strict: false }).compile(publishedConfigSchema())
    const registry = { source: "file://./registry.json" }
    expect(valid({ registry })).toBe(true)
    expect(
      valid(parse(`{ registry: { source: x }, servers: { "a:1.0.0": { command: node } } }`)),
    ).toBe(true)
    expect(valid({ registry, listen: { prot: 1 } })).toBe(false)
    expect(valid({ registry, limits: { bodyBytes: "4 MB" } })).toBe(false)
    expect(valid({})).toBe(false)
  })
})

interface Part {
  readonly properties?: Readonly<Record<string, Part>>
  readonly additionalProperties?: Part | boolean
  readonly items?: Part
  readonly anyOf?: readonly Part[]
  readonly description?: string
}

/** Every key of the schema, and those without a description. */
function described(schema: unknown, at: string): { all: string[]; bare: string[] } {
  const { properties = {}, additionalProperties, items, anyOf = [] } = schema as Part
  const all = Object.keys(properties).map((key) => `${at}.${key}`)
  const bare = Object.entries(properties).flatMap(([key, { description }]) =>
    description ? [] : [`${at}.${key}`],
  )
  const below: [unknown, string][] = [
    ...Object.entries(properties).map(([key, part]): [unknown, string] => [part, `${at}.${key}`]),
    ...anyOf.map((part): [unknown, string] => [part, at]),
  ]
  if (items) below.push([items, at])
  if (typeof additionalProperties === "object") below.push([additionalProperties, `${at}.*`])
  const parts = below.map(([part, path]) => described(part, path))
  return {
    all: [...all, ...parts.flatMap((part) => part.all)],
    bare: [...bare, ...parts.flatMap((part) => part.bare)],
  }
}

test("the configurations of this repository fit what editors are told, references and all", () => {
  const valid = new Ajv2020({ strict: false }).compile(publishedConfigSchema())
  const text = readFileSync(join(import.meta.dirname, "../../config/postern.yaml"), "utf8")
  expect(valid(parse(text)) ? [] : valid.errors).toEqual([])
  const keyed = {
    registry: { source: "file:x" },
    session: { key: "${KEY}" },
    log: { level: "${LEVEL:-info}" },
  }
  expect(valid(keyed)).toBe(true)
  expect(valid({ ...keyed, log: { level: "loud" } })).toBe(false)
  expect(valid({ ...keyed, listen: { port: "3000" } })).toBe(false)
})
