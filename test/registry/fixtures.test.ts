import { globSync } from "node:fs"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import type { Catalog } from "../../src/registry/catalog.ts"
import { authoring } from "../../src/registry/draft.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { type Loaded, toEnd } from "../../src/registry/load.ts"
import { refKey, written } from "../../src/registry/model.ts"
import { normalise } from "../../src/registry/normalise/normalise.ts"
import type { Problem } from "../../src/registry/problem.ts"
import { readDocument } from "../../src/registry/read/read-document.ts"
import { resolve } from "../../src/registry/resolve/resolve.ts"
import { fixture, fixtureText, load } from "../support/registries.ts"

const folder = fileURLToPath(new URL("../fixtures/registries/", import.meta.url))
const names = globSync("*.expect.json", { cwd: folder }).map((file) =>
  basename(file, ".expect.json"),
)

describe("The document", () => {
  test("fixtures are there", () => expect(names.length).toBeGreaterThan(10))

  describe.each(names.sort())("%s", (name) => {
    const expected = fixture(`${name}.expect.json`)
    const loaded = load(fixtureText(`${name}.json`))
    const { problems } = loaded

    test("loads or does not, as expected", () => {
      expect(loaded.catalog !== undefined).toBe(expected.loads)
    })

    test("has exactly the expected problems", () => {
      expect(byCode(problems)).toEqual(expected.codes)
      expect(severities(problems)).toEqual(expected.severities)
    })

    test("uses exactly the expected dialect forms", () => {
      expect(dialectForms(problems)).toEqual(expected.dialectForms)
    })

    test("has the expected entities", () => {
      expect(counts(loaded)).toEqual(expected.counts)
      expect(details(name)).toEqual(expected.details)
    })

    // Documents that do not load, and those without agents, have no scopes.
    test("gives each agent exactly the expected tools", () => {
      expect(scopes(loaded.catalog)).toEqual(expected.scopes ?? {})
    })
  })
})

function byCode(problems: readonly Problem[]) {
  const codes: Record<string, { severity: string; count: number; pointers: string[] }> = {}
  for (const { code, severity, pointer } of problems) {
    codes[code] ??= { severity, count: 0, pointers: [] }
    const entry = codes[code]
    entry.count++
    entry.pointers.push(pointer)
  }
  return codes
}

function severities(problems: readonly Problem[]) {
  const counted = { error: 0, warn: 0, info: 0 }
  for (const { severity } of problems) counted[severity]++
  return counted
}

const dialectForms = (problems: readonly Problem[]) =>
  Object.fromEntries(
    problems
      .filter(({ code }) => code === "dialect_form")
      .map(({ data }) => [data?.["form"], data?.["count"]]),
  )

function counts({ document }: Loaded) {
  const distinct = (entities: readonly { name: string; version?: string }[] = []) =>
    new Set(entities.map(({ name, version }) => refKey(name, version))).size
  return {
    schemas: distinct(document?.schemas),
    servers: distinct(document?.servers),
    tools: distinct(document?.tools),
    agents: distinct(document?.agents),
  }
}

function details(name: string) {
  const { tree } = toEnd(readDocument(fixtureText(`${name}.json`), defaultLoadLimits))
  const { draft } = toEnd(normalise(tree ?? {}, defaultLoadLimits))
  if (draft === undefined) throw new Error(`${name} was not read`)
  const links = toEnd(resolve(draft, authoring, () => undefined))
  const calls = [...draft.compositions.values()].flatMap((composition) => composition.calls)
  const kinds = (kind: string) => calls.filter((call) => call.kind === kind).length
  const { tools, agents, servers } = draft.document
  const written = tools.flatMap((tool) => tool.depends ?? []).length
  const declared = agents.flatMap((agent) => links.depends.get(agent) ?? []).length
  return {
    impliedServers: links.impliedServers.length,
    compositions: tools.filter((tool) => tool.spec !== undefined).length,
    provisions: servers.flatMap(({ provides }) => provides).length,
    directCalls: kinds("direct"),
    registryCalls: kinds("tool"),
    agentCalls: kinds("agent"),
    dependencies: written + declared,
  }
}

const scopes = (catalog: Catalog | undefined) =>
  Object.fromEntries(
    (catalog?.agents ?? []).map((agent) => [
      written(agent.entity),
      [...agent.scope.tools.values()].map((tool) => written(tool.entity)),
    ]),
  )
