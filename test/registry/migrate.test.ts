import { globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { authoring } from "../../src/registry/draft.ts"
import { defaultLoadLimits as limits } from "../../src/registry/limits.ts"
import { toEnd } from "../../src/registry/load.ts"
import { migrate } from "../../src/registry/migrate.ts"
import { normalise } from "../../src/registry/normalise/normalise.ts"
import type { Problem } from "../../src/registry/problem.ts"
import { readDocument } from "../../src/registry/read/read-document.ts"
import { resolve } from "../../src/registry/resolve/resolve.ts"
import { linkSchemas } from "../../src/registry/schemas/link-schemas.ts"
import { documentDigest } from "../../src/registry/write/digest.ts"
import { pinDocument } from "../../src/registry/write/pin.ts"
import type { Json, JsonObject } from "../../src/schema/json.ts"
import { goldenFiles } from "../golden.ts"

const print = (value: unknown) => JSON.stringify(value, null, 2)

const migrated = (text: string, assumeVersion?: string): JsonObject => {
  const assumed = assumeVersion === undefined ? {} : { assumeVersion }
  const out = toEnd(migrate(text, { limits, ...assumed }))
  if (out === undefined) throw new Error("the document cannot be read")
  return out
}

goldenFiles(join(import.meta.dirname, "../golden/registry-migrate"), (input, name) =>
  print(migrated(input, name.endsWith("assumed") ? "1.0.0" : undefined)),
)

const fixtures = globSync(join(import.meta.dirname, "../fixtures/registries/*.json")).filter(
  (file) => !file.endsWith(".expect.json"),
)
const texts = fixtures.map((file) => [basename(file), readFileSync(file, "utf8")] as const)

/** The document's digest, and its errors. */
function understood(text: string): { digest: string; errors: readonly Problem[] } {
  const problems: Problem[] = []
  const report = (problem: Problem) => void problems.push(problem)
  const { tree } = toEnd(readDocument(text, limits))
  const read = toEnd(normalise(tree ?? {}, limits))
  if (read.draft === undefined) throw new Error("the document cannot be read")
  const links = toEnd(resolve(read.draft, authoring, report))
  const schemas = toEnd(linkSchemas(read.draft, links, authoring, report))
  const pinned = toEnd(pinDocument(read.draft, { links, schemas }))
  const errors = [...read.problems, ...problems].filter(({ severity }) => severity === "error")
  return { digest: toEnd(documentDigest(pinned)), errors }
}

/** Of a document without errors also that it stays so; errors of another may show others when they are written out. */
function expectLaws(text: string): void {
  const out = print(migrated(text))
  expect(print(migrated(out))).toBe(out)
  const [before, after] = [understood(text), understood(out)]
  expect(after.digest).toBe(before.digest)
  if (before.errors.length === 0) expect(after.errors).toEqual([])
}

type Sections = { readonly [section: string]: readonly Json[] }

/** The document without the elements that its errors are in, until there are none. */
function sound(schemaVersion: string, sections: Sections): string {
  const text = JSON.stringify({ schemaVersion, ...sections })
  const wrong = new Set(
    understood(text).errors.map(({ pointer }) => /^\/\w+\/\d+/.exec(pointer)?.[0]),
  )
  if (wrong.size === 0) return text
  const left = Object.entries(sections).map(([section, elements]) => [
    section,
    elements.filter((_, index) => !wrong.has(`/${section}/${index}`)),
  ])
  return sound(schemaVersion, Object.fromEntries(left))
}

describe("a migrated document", () => {
  test.each(texts)("migrates to itself, adds no error and keeps its digest: %s", (_, text) => {
    expectLaws(text)
  })

  test("does so whatever of those documents are put together", () => {
    const pool = (section: string) =>
      texts.flatMap(([, text]) => {
        const elements = (JSON.parse(text) as { [section: string]: Json[] })[section]
        return elements ?? []
      })
    const sections = fc.record(
      {
        schemas: fc.subarray(pool("schemas")),
        servers: fc.subarray(pool("servers")),
        tools: fc.subarray(pool("tools")),
        agents: fc.subarray(pool("agents")),
      },
      { requiredKeys: ["tools"] },
    )
    const version = fc.constantFrom("1.0", "2.0", "2.1")
    fc.assert(
      fc.property(version, sections, (schemaVersion, members) => {
        expectLaws(JSON.stringify({ schemaVersion, ...members }))
        expectLaws(sound(schemaVersion, members))
      }),
    )
  })

  test("has every version that was assumed, and every reference pinned to it", () => {
    for (const [, text] of texts) {
      const out = migrated(text, "7.0.0")
      for (const section of ["schemas", "servers", "tools", "agents"])
        for (const entity of (out[section] as readonly JsonObject[]) ?? [])
          expect(entity).toHaveProperty("version")
      expect(print(migrated(print(out)))).toBe(print(out))
    }
  })

  test("has its members in the order of the format's reference", () => {
    const out = migrated(
      JSON.stringify({
        agents: [],
        "x-b": 1,
        tools: [],
        description: "d",
        $comment: "c",
        schemaVersion: "2.0",
      }),
    )
    expect(Object.keys(out)).toEqual(
      "$comment schemaVersion schemas servers tools agents description x-b".split(" "),
    )
  })

  test("drops comment elements and keeps annotations and extensions where they stand", () => {
    const tool = {
      "x-a": 1,
      name: "t",
      $why: "w",
      source: { server: "s", tool: "t", $n: 1, "x-m": 2 },
    }
    const out = migrated(JSON.stringify({ tools: [{ $comment: "gone" }, tool] }))
    expect(out["tools"]).toEqual([tool])
    expect(print(out)).not.toContain("gone")
  })

  test("has the keys that bite as ordinary members", () => {
    const text = `{"tools":[{"name":"__proto__","version":"1.0.0","source":{"server":"constructor","tool":"toString","defaults":{"__proto__":{"x":1}}},"defaults":{"y":1},"inputSchema":{"properties":{"__proto__":{"$ref":"#/schemas/constructor"}}}}],"schemas":[{"name":"constructor","version":"1.0.0","schema":{}}]}`
    const out = print(migrated(text))
    expect(JSON.stringify(JSON.parse(out))).toContain('"defaults":{"y":1,"__proto__":{"x":1}}')
    expect(JSON.stringify(JSON.parse(out))).toContain('"__proto__":{"$ref":"#constructor:1.0.0"}')
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  test("is nothing for a text that cannot be read", () => {
    expect(toEnd(migrate("{", { limits }))).toBeUndefined()
    expect(toEnd(migrate('{"schemaVersion":"9.0"}', { limits }))).toBeUndefined()
  })
})

describe("the digest of a document", () => {
  const base = { schemaVersion: "2.0", schemas: [], servers: [], agents: [] }
  const tool = { name: "t", version: "1.0.0", source: { server: "s", tool: "t" } }
  const digestOf = (tools: readonly object[], beside: object = {}) =>
    understood(JSON.stringify({ ...base, ...beside, tools })).digest
  const piped = (step: object) => ({
    name: "p",
    version: "1.0.0",
    spec: { pipeline: { steps: [{ id: "a", operation: { tool: "t" }, ...step }] } },
  })

  test("does not see comments, the order of members or another spelling", () => {
    const plain = digestOf([tool, piped({ input: { path: "$.x" } })])
    expect(plain).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(
      digestOf(
        [
          { $comment: "c" },
          { $c: 1, source: { tool: "t", server: "s", $d: 2 }, version: "1.0.0", name: "t" },
          piped({ $comment: "c", input: { input: { path: "$.x" } } }),
        ],
        { $comment: "c" },
      ),
    ).toBe(plain)
  })

  test("sees what has a meaning, also where it begins with a dollar", () => {
    const constant = (value: Json) => digestOf([tool, piped({ input: { constant: value } })])
    expect(constant({ $a: 1 })).not.toBe(constant({ $a: 2 }))
    expect(digestOf([tool])).not.toBe(digestOf([{ ...tool, version: "1.0.1" }]))
    expect(digestOf([tool])).not.toBe(digestOf([{ ...tool, "x-team": "a" }]))
    const defs = (schema: object) =>
      digestOf([{ ...tool, inputSchema: { type: "object", ...schema } }])
    expect(defs({ $defs: { a: {} } })).not.toBe(defs({ $defs: { b: {} } }))
  })
})
