import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { toEnd } from "../../../src/registry/load.ts"
import type { Ref } from "../../../src/registry/model.ts"
import { type Compared, judgeServer } from "../../../src/registry/pins/judge-server.ts"
import { lockOf, type ServerPin } from "../../../src/registry/pins/lock.ts"
import { lockText } from "../../../src/registry/pins/lock-text.ts"
import { pinTool } from "../../../src/registry/pins/pin-tool.ts"
import { withApproval, withNewPins } from "../../../src/registry/pins/update-lock.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { parseJson } from "../../../src/schema/parse-json.ts"

const options = { volatileMeta: ["example.com/at"] }
const server: Ref = { name: "web", version: "1.0.0" }
const search: JsonObject = {
  name: "search",
  description: "Finds.",
  inputSchema: { type: "object", properties: { query: { type: "string" } } },
  _meta: { "example.com/at": 1 },
}
const approval = { by: "kim", reason: "read it", at: "2026-01-01T00:00:00.000Z" }

const pinOf = (...tools: readonly JsonObject[]): ServerPin => ({
  server,
  tools: tools.flatMap((tool) => pinTool(tool, options) ?? []),
})
const comparedWith = (listed: readonly JsonObject[], more: Partial<Compared> = {}): Compared => ({
  wanted: { server, tools: new Map([["search", [{ name: "find" }]]]), isExposed: false },
  pin: pinOf(search),
  listed,
  words: undefined,
  isPartial: false,
  ...more,
})
const judge = (listed: readonly JsonObject[], more: Partial<Compared> = {}) =>
  toEnd(judgeServer(comparedWith(listed, more), options))
const drift = (listed: readonly JsonObject[], more: Partial<Compared> = {}) =>
  judge(listed, more).tools.get("search")?.drift
const json = (text: string) => parseJson(text) as JsonObject // an object in each of them

describe("a server beside its pins", () => {
  test("is as it was, whatever the order of its members and what differs each time", () => {
    const { name, ...rest } = search
    expect(drift([{ ...rest, _meta: { "example.com/at": 2 }, name } as JsonObject])).toBeUndefined()
    expect(drift([{ ...search, _meta: { more: 1 } }])).toMatchObject({ kinds: ["meta"] })
  })

  test("a schema with a reference is compared as it stands, and one that cannot be decided is said to be so", () => {
    const wider = {
      ...search,
      inputSchema: { $ref: "#/$defs/a", $defs: { a: { type: "object" } } },
    }
    expect(drift([wider])).toMatchObject({ kinds: ["schema"], fit: "compatible" })
    expect(drift([{ ...search, inputSchema: { $ref: "http://x/y" } }])?.fit).toBe("undecided")
    expect(drift([{ ...search, inputSchema: "none" }])?.fit).toBe("undecided")
    expect(drift([{ ...search, outputSchema: false }])?.fit).toBe("compatible")
  })

  test.each<[string, JsonObject]>([
    [
      "deep",
      json(`{"name":"search","inputSchema":${'{"items":'.repeat(900)}{}${"}".repeat(900)}}`),
    ],
    [
      "too deep for a digest",
      json(`{"name":"search","x":${"[".repeat(3_000)}${"]".repeat(3_000)}}`),
    ],
    ["half a surrogate pair", { ...search, description: "\ud800" }],
    ["many characters", { ...search, description: "x".repeat(500_000) }],
    [
      "__proto__",
      json('{"name":"search","__proto__":{"polluted":1},"inputSchema":{"__proto__":1}}'),
    ],
    ["schemas without end", { ...search, inputSchema: { allOf: Array(500).fill({ $ref: "#" }) } }],
  ])("a hostile definition is a drift, shown within limits: %s", (_, definition) => {
    const found = drift([definition])
    expect(found?.changes.length).toBeGreaterThan(0)
    expect(JSON.stringify(found).length).toBeLessThan(500_000)
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })

  test.each([
    ["in one text", { ...search, description: "x".repeat(600_000) }],
    ["in many parts", { ...search, inputSchema: { enum: Array(600_000).fill(0) } }],
    ["in names", { ...search, inputSchema: { ["x".repeat(600_000)]: 0 } }],
  ])("what is larger than anybody reads has no digest and no pin: %s", (_, definition) => {
    expect(drift([definition])).toMatchObject({
      kinds: ["oversize"],
      digest: undefined,
      changes: [],
    })
    expect(drift([definition], { pin: undefined })).toMatchObject({ kinds: ["oversize"] })
    expect(pinTool(definition, options)).toBeUndefined()
  })

  test("what is listed twice is what is worse of the two", () => {
    expect(drift([search, search])).toBeUndefined()
    expect(drift([search, { ...search, description: "Mails." }])).toMatchObject({
      kinds: ["words"],
    })
    const both = [
      { ...search, _meta: { a: 1 } },
      { ...search, description: "Mails." },
    ]
    expect(drift(both)).toMatchObject({ kinds: ["words"] })
  })

  test("a tool that is gone may be one under another name, if that says enough", () => {
    const renamed = { ...search, name: "lookup", description: "Another." }
    expect(drift([renamed])).toMatchObject({ kinds: ["renamed"], renamedTo: "lookup" })
    expect(drift([])).toMatchObject({ kinds: ["gone"] })
    const bare = { name: "search", description: "Stops.", inputSchema: { type: "object" } }
    const others = [{ ...bare, name: "start", description: "Starts." }]
    expect(drift(others, { pin: pinOf(bare) })).toMatchObject({ kinds: ["gone"] })
    const same = [...others, { ...bare, name: "halt" }]
    expect(drift(same, { pin: pinOf(bare) })).toMatchObject({ renamedTo: "halt" })
  })

  test("what another caller may be shown is not gone, and strangers are counted", () => {
    expect(judge([], { isPartial: true }).tools.size).toBe(0)
    const odd = [json('{"name":"__proto__"}'), { name: 7 }, {}, { ...search, name: "shadow" }]
    expect(judge([search, ...odd])).toMatchObject({ strangers: 2 })
  })

  test("without a pin only hidden text is found, and an approval holds for what was approved alone", () => {
    const hides = { ...search, description: "Finds.\u200b" }
    const unpinned = { pin: undefined }
    expect(judge([search], unpinned).tools.get("search")).toMatchObject({
      state: "unpinned",
      drift: undefined,
    })
    expect(drift([hides], unpinned)).toMatchObject({ kinds: ["hidden_text"] })
    expect(drift([hides], { pin: pinOf(hides) })).toMatchObject({ kinds: ["hidden_text"] })
    const [tool] = pinOf(hides).tools
    const approved = { server, tools: tool === undefined ? [] : [{ ...tool, approval }] }
    expect(drift([hides], { pin: approved })).toBeUndefined()
    const more = { ...hides, title: "\u200b" }
    expect(drift([more], { pin: approved })?.kinds).toEqual(["words", "hidden_text"])
  })

  test("all of a server that is exposed is looked at", () => {
    const wanted = { server, tools: new Map(), isExposed: true }
    const found = judge([search, { ...search, name: "more" }], { wanted })
    expect([...found.tools].map(([name, { state }]) => [name, state])).toEqual([
      ["more", "unpinned"],
      ["search", "pinned"],
    ])
    expect(found.strangers).toBe(0)
  })
})

describe("the lock after a look", () => {
  const looked = (listed: readonly JsonObject[], more: Partial<Compared> = {}) => {
    const compared = comparedWith(listed, more)
    return {
      ...compared,
      words: { instructions: "Ask." },
      findings: toEnd(judgeServer(compared, options)),
    }
  }

  test("pins what is new, and keeps what is pinned whatever the server says", () => {
    const changed = { ...search, description: "Mails." }
    expect(withNewPins(looked([changed]), options)).toMatchObject({ tools: pinOf(search).tools })
    const first = withNewPins(looked([search], { pin: undefined }), options)
    expect(first).toEqual({ ...pinOf(search), instructions: "Ask." })
    const hides = { ...search, description: "\u200b" }
    expect(withNewPins(looked([hides], { pin: undefined }), options).tools).toEqual([])
    const unwanted = { pin: pinOf(search, { ...search, name: "old" }) }
    expect(withNewPins(looked([search], unwanted), options).tools).toEqual(pinOf(search).tools)
  })

  test("has what was approved with who and why, and then nothing has drifted", () => {
    const changed = { ...search, description: "Mails.\u200b" }
    const pin = withApproval(looked([changed]), "all", approval, options)
    expect(pin.tools).toMatchObject([{ name: "search", approval }])
    expect(drift([changed], { pin })).toBeUndefined()
    expect(drift([search], { pin })).toMatchObject({ kinds: ["words"] })
  })

  test("is the same text after a second look at the same", () => {
    const definition = fc.record({
      name: fc.constant("search"),
      description: fc.string(),
      x: fc.jsonValue(),
    })
    fc.assert(
      fc.property(definition, (tool) => {
        const listed = [tool as object as JsonObject]
        const first = withNewPins(looked(listed, { pin: undefined }), options)
        const again = withNewPins(looked(listed, { pin: first }), options)
        expect(lockText(lockOf([again]))).toBe(lockText(lockOf([first])))
        const approved = withApproval(
          looked(listed, { pin: undefined }),
          ["search"],
          approval,
          options,
        )
        expect(drift(listed, { pin: approved })).toBeUndefined()
      }),
    )
  })
})
