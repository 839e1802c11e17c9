import { describe, expect, test } from "vitest"
import { parseDocument } from "yaml"
import { editServers, writtenServers } from "../../../src/server/config/edit-servers.ts"

const add = [
  { key: "new:1.0.0", entry: { command: "npx", args: ["-y", "@a/b"], env: { A: "${A}" } } },
]
describe("editing the servers of a configuration", () => {
  test("adds below the last, and leaves every byte that is there", () => {
    const text = `# mine
registry:   { source: "file://./r.json" }   # here
servers:
    # the first
    old:1.0.0: { url: "http://x/mcp" }   # stays

    other:2.0.0:
        command: node # with
        args: [a]

# below
log: { level: warn }
`
    const made = editServers(text, { add, rename: [{ from: "old:1.0.0", to: "old:1.1.0" }] })
    const added = `        args: [a]
    new:1.0.0:
      command: npx
      args: [ -y, "@a/b" ]
      env:
        A: \${A}
`
    const renamed = text.replace("old:1.0.0", "old:1.1.0")
    expect(made).toBe(renamed.replace("        args: [a]\n", () => added))
    expect(parseDocument(made).toJS()).toMatchObject({
      servers: {
        "old:1.1.0": { url: "http://x/mcp" },
        "other:2.0.0": {},
        "new:1.0.0": add[0]?.entry,
      },
      log: { level: "warn" },
    })
  })

  test.each([
    ["no servers", "registry: { source: file://./r.json } # r\n"],
    ["no line end", "registry: { source: file://./r.json }"],
    ["servers without any", "# a\nregistry: { source: file://./r.json }\nservers:\n"],
    [
      "servers in one line",
      "# a\nregistry: { source: file://./r.json }\nservers: { a:1: { url: http://x/ } }\n",
    ],
    ["all in one line", "{ registry: { source: file://./r.json } } # a\n"],
    [
      "a last value of several lines",
      "servers:\n  a:\n    command: |\n      x\n      y\n\n\n# a\nlog: {}\n",
    ],
    ["a literal at the end", "servers:\n  a:\n    command: |+\n      x\n\n"],
    ["CR LF", "servers:\r\n  a: { url: http://x/ }\r\nlog: {}\r\n"],
  ])("adds where there are %s", (_, text) => {
    const made = editServers(text, { add, rename: [] })
    const before = parseDocument(text).toJS()
    expect(parseDocument(made).toJS()).toEqual({
      ...before,
      servers: { ...before.servers, "new:1.0.0": add[0]?.entry },
    })
    for (const [comment] of text.matchAll(/#.*/g)) expect(made).toContain(comment)
  })

  test("changes nothing where there is nothing to change", () => {
    const text = "{a: 1,   b: [ ]}"
    expect(editServers(text, { add: [], rename: [] })).toBe(text)
  })

  test("reads what is written, references and all", () => {
    const text =
      'registry: { source: "${X}", lock: l.json, volatileMeta: [a, 7] }\nservers: { a/b:1.0: { url: "${U}" }, c: null, 7: {} }\n'
    expect(writtenServers(text)).toEqual({
      source: "${X}",
      lock: "l.json",
      volatileMeta: ["a"],
      servers: [
        { key: "a/b:1.0", name: "a/b", version: "1.0", entry: { url: "${U}" } },
        { key: "c", name: "c", version: undefined, entry: undefined },
        { key: "7", name: "7", version: undefined, entry: {} },
      ],
    })
    for (const text of ["", "- a", "a: [", "a: { b: *c }"])
      expect(writtenServers(text), text).toBeUndefined()
  })
})
