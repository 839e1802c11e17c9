import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { allows, allowsUri } from "../../src/call/allowance.ts"
import type { Caller } from "../../src/call/caller.ts"
import { promptView } from "../../src/call/content/prompt-view.ts"
import { type ResourceShelf, resourceView } from "../../src/call/content/resource-view.ts"
import { createStarts } from "../../src/call/content/starts.ts"
import { type Reach, reachOf } from "../../src/call/permit.ts"
import { plainRule, type ServerRules } from "../../src/call/server-rules.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { sketchCatalog } from "../support/catalog.ts"
import { strict } from "../support/gateway.ts"

const servers = ["one@1", "two@1", "team/one@1"]
const catalog = sketchCatalog({
  tools: Object.fromEntries(servers.map((server, at) => [`t${at}@1`, { server }])),
  agents: { "a@1": ["t0@1", "t1@1", "t2@1"], "b@1": ["t1@1"], "none@1": [] },
})

const callerOf = (name: string): Caller => ({
  name,
  version: "1",
  agent: catalog.agents.find((agent) => agent.name === name),
  trust: "asserted",
  by: ["header"],
  scopes: [],
  remote: "127.0.0.1",
  warnings: [],
  principal: name,
  claims: {},
  challenge: false,
})

/** Of each server, by its name, what configuration lets through. */
const rulesOf = (allowed: Readonly<Record<string, "all" | "none" | string[]>>): ServerRules => ({
  of: ({ name }) => ({
    ...plainRule,
    resources: allowed[name] ?? "all",
    prompts: allowed[name] ?? "all",
  }),
  exposed: [],
  methods: new Set(),
})
const reach = (agent: string, rules = rulesOf({})) =>
  reachOf(catalog, callerOf(agent), strict, rules)

const uri = fc.constantFrom("a:1", "a:2", "b:x/y", "postern:two@1/a:1", "a:{n}", "b:{+rest}", "")
const lists = fc.array(fc.record({ uris: fc.array(uri), templates: fc.array(uri) }), {
  minLength: 1,
  maxLength: 3,
})

const shelvesOf = (
  reaches: readonly Reach[],
  drawn: readonly { uris: readonly string[]; templates: readonly string[] }[],
): ResourceShelf[] =>
  drawn.flatMap(({ uris, templates }, at) => {
    const one = reaches[at]
    const resources = uris.map((name): JsonObject => ({ uri: name, name }))
    const offered = templates.map((name): JsonObject => ({ uriTemplate: name, name }))
    return one === undefined ? [] : [{ reach: one, resources, templates: offered }]
  })

describe("the resources of a caller", () => {
  test("lead back to the server and the name that they come from, whoever lists what", () => {
    fc.assert(
      fc.property(lists, uri, (drawn, asked) => {
        const shelves = shelvesOf(reach("a"), drawn)
        const view = resourceView(shelves)
        for (const { reach: of } of shelves) {
          const found = view.find(view.nameOf(of.server, asked))
          expect(found).toMatchObject({ ok: true, own: asked })
          expect(found.ok && found.reach.server).toBe(of.server)
        }
      }),
    )
  })

  test("are listed exactly if they can be read, each under one name", () => {
    fc.assert(
      fc.property(lists, fc.constantFrom("all", "none", ["a:*"] as string[]), (drawn, allowed) => {
        const shelves = shelvesOf(reach("a", rulesOf({ one: allowed as "all" })), drawn)
        const view = resourceView(shelves)
        const shown = view.resources.map((entry) => String(entry["uri"]))
        for (const name of shown) expect(view.find(name).ok).toBe(true)
        const readable = shelves.flatMap(({ reach: of, resources }) =>
          resources.filter((entry) => allowsUri(of.rule.resources, String(entry["uri"]))),
        )
        expect(shown).toHaveLength(readable.length)
        const pairs = shown.map((name) => {
          const found = view.find(name)
          return found.ok ? JSON.stringify([found.reach.server.name, found.own, name]) : name
        })
        const names = new Set(pairs.map((pair) => JSON.parse(pair)[2]))
        expect(new Set(pairs).size).toBe(names.size) // no name means two things
      }),
    )
  })

  test("are those of the servers of the caller's tools, and of no others", () => {
    expect(reach("a").map(({ server }) => server.name)).toEqual(["one", "two", "team/one"])
    expect(reach("b").map(({ server }) => server.name)).toEqual(["two"])
    expect(reach("none")).toEqual([])
    expect(reachOf(catalog, { ...callerOf("x"), agent: undefined }, strict, rulesOf({}))).toEqual(
      [],
    )
  })

  test("cost little, whatever templates and URIs servers think of", () => {
    const hostile = (end: string) =>
      Array.from({ length: 2_000 }, (_, at) => ({
        uriTemplate: `${"a".repeat(40)}${"{x}ab".repeat(1_000)}${end}${at}`,
      }))
    const [one, two] = reach("a")
    if (one === undefined || two === undefined) throw new Error("a reaches both")
    const view = resourceView([
      { reach: one, resources: [{ uri: "a:1" }], templates: hostile("b") },
      { reach: two, resources: [], templates: hostile("c") },
    ])
    for (let at = 0; at < 1_000; at++) {
      const uri = `${"a".repeat(20_000)}${at}`
      expect(view.nameOf(two.server, uri)).toBe(`postern:two@1/${uri}`)
    }
    expect(view.find("a:1")).toMatchObject({ ok: true, reach: one })
  })

  test("of another server are not found, however they are asked for", () => {
    const [two] = reach("b")
    if (two === undefined) throw new Error("b reaches two")
    const view = resourceView([{ reach: two, resources: [], templates: [] }])
    expect(view.find("postern:one@1/a:1")).toMatchObject({ ok: false })
    expect(view.find("postern:two@1/a:1")).toMatchObject({ ok: true, own: "a:1" })
    expect(view.find("a:1")).toMatchObject({ ok: true, own: "a:1" })
  })
})

test("prompts of one name are shown with their servers in front, and lead back", () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.constantFrom("p", "q", "two@1/p", "one@1/q")), {
        minLength: 1,
        maxLength: 3,
      }),
      (drawn) => {
        const shelves = drawn.flatMap((names, at) => {
          const one = reach("a")[at]
          return one === undefined ? [] : [{ reach: one, entries: names.map((name) => ({ name })) }]
        })
        const view = promptView(shelves)
        const led = view.prompts.map(({ name }) => {
          const found = view.find(String(name))
          return found.ok ? `${found.reach.server.name} ${found.own}` : "nowhere"
        })
        const listed = shelves.flatMap(({ reach: of, entries }) =>
          entries.map(({ name }) => `${of.server.name} ${name}`),
        )
        expect(led.sort()).toEqual(listed.sort())
      },
    ),
  )
})

test("what texts begin with is found as by looking at each", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 6 })
  fc.assert(
    fc.property(fc.array(text), text, (texts, start) => {
      const starts = createStarts(texts)
      const some = texts.some((one) => one.startsWith(start))
      expect(starts.some(start)).toBe(some)
      expect(starts.share(start)).toBe(some || texts.some((one) => start.startsWith(one)))
    }),
  )
})

describe("a pattern", () => {
  test.each([
    ["docs://*", "docs://a/b", true],
    ["docs://*", "doc://a", false],
    ["*.txt", "docs://a.txt", true],
    ["a*b*c", "axbxc", true],
    ["a*b*c", "abc", true],
    ["a*bc*c", "abc", false],
    ["exact", "exactly", false],
  ])("%s and %s", (pattern, text, fits) => {
    expect(allows([pattern], text)).toBe(fits)
  })

  test.each([
    "docs://a/../secret",
    "docs://a/%2e%2e/secret",
    "docs://a/..%2fsecret",
    "docs://a/%252e%252e/s",
    "docs://a\\..\\s",
  ])("does not let %s out of its folder", (escaping) => {
    expect(allowsUri(["docs://a/*"], escaping)).toBe(false)
    expect(allowsUri("all", escaping)).toBe(true)
  })
})
