import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import type { JsonObject } from "../../../src/schema/json.ts"
import { openChanging } from "../../support/changing-server.ts"
import { callTool, logged, startGateway } from "../../support/e2e-gateway.ts"
import { becomes, postern, until } from "../../support/e2e-process.ts"
import { ask } from "../../support/face-server.ts"
import { command, drifts, pinsOf, standing } from "../../support/pinned-world.ts"

const tool = (name: string, description: string): JsonObject => ({
  name,
  description,
  inputSchema: { type: "object" },
})
const before = [tool("words", "Finds."), tool("hides", "Finds."), tool("calm", "Finds.")]
const after = [
  tool("words", "Mails."),
  tool("hides", "Finds.\u{e0049}\u{e0047}"),
  tool("calm", "Finds."),
]
const registry = {
  tools: Object.fromEntries(
    ["words", "hides", "calm"].map((name) => [name, { server: "web", description: "registered" }]),
  ),
  agents: { a: ["words", "hides", "calm"] },
}
const config = (definitionDrift: string) => ({
  registry: { source: "file://./registry.json", validation: { runtime: { definitionDrift } } },
  limits: { lookEvery: "100ms" },
})

test("where drift is warned of, tools are served with the registry's words, and everybody but the caller is told", {
  timeout: 60_000,
}, async () => {
  const server = await openChanging(before)
  server.instructions = "Ask first."
  const servers = { "web:1.0.0": { url: server.url } }
  await using gateway = await startGateway({ registry, servers, config: config("warn") })
  const lock = join(gateway.folder, "postern.lock.json")
  expect((await pinsOf(gateway)).lock).toMatchObject({ loadedAt: null, problems: [] })
  expect(await command(["lock", "--config", gateway.configFile])).toMatchObject({ code: 0 })
  const locked = readFileSync(lock, "utf8")
  expect(locked).toContain('"instructions": "Ask first."')
  await standing(gateway, { pinned: 3 })

  server.tools = after
  const pins = await standing(gateway, { pinned: 1, drifted: 2 })
  expect(pins.drifting).toMatchObject([
    {
      tool: "hides",
      kinds: ["words", "hidden_text"],
      hidden: [{ at: "/description", what: "U+E0049, U+E0047 (2 characters)" }],
      changes: [
        { at: "/description", before: '"Finds."', after: '"Finds.\\udb40\\udc49\\udb40\\udc47"' },
      ],
    },
    { tool: "words", kinds: ["words"] },
  ])
  const { text } = await ask(gateway.port, "a", "tools/list")
  expect(JSON.parse(text).result.tools).toMatchObject([
    { name: "calm", description: "registered" },
    { name: "hides", description: "registered" },
    { name: "words", description: "registered" },
  ])
  expect(text).not.toContain("Mails")
  expect(await callTool(gateway, "a", "words")).toMatchObject({
    content: [{ text: "called words" }],
  })
  expect(drifts(gateway, "words")).toMatchObject([{ refusal: null, note: { state: "drifted" } }])
  expect(
    await logged(gateway, "definition_drift", (line) => line["tool"] === "words"),
  ).toMatchObject({
    server: "web@1.0.0",
    kinds: ["words"],
  })

  // A result that hides something goes on as it came.
  server.says = "all is well\u202e"
  const answer = await callTool(gateway, "a", "calm")
  expect(answer).toMatchObject({ content: [{ text: "all is well\u202e" }] })
  expect(gateway.audit().at(-1)).toMatchObject({
    kind: "call",
    warnings: ["version_assumed", "hidden_text"],
  })

  // A broken lock changes nothing but what operators are told.
  writeFileSync(lock, locked.replace('"Finds."', '"Mails."'))
  expect(await logged(gateway, "lock_refused")).toMatchObject({
    problems: [expect.stringContaining("lock_invalid")],
  })
  expect((await pinsOf(gateway)).lock.problems).toMatchObject([{ code: "lock_invalid" }])
  expect((await pinsOf(gateway)).counts).toMatchObject({ pinned: 1, drifted: 2 })
  writeFileSync(lock, locked)
  await until(async () => expect((await pinsOf(gateway)).lock.problems).toEqual([]))

  // With such a lock no gateway starts.
  writeFileSync(lock, locked.replace('"Finds."', '"Mails."'))
  await gateway.stop()
  const { code, stderr } = await postern(["serve", "--config", gateway.configFile])
  expect(code).toBe(1)
  expect(stderr).toMatch(/lock_invalid \/servers\/0\/tools\/0/)
  expect(stderr).toContain(`cannot start: the lock ${lock} cannot be used`)
})

test("where drift is allowed, changed words are silent, and hidden text and what is gone are not", {
  timeout: 60_000,
}, async () => {
  const server = await openChanging(before)
  const servers = { "web:1.0.0": { url: server.url } }
  await using gateway = await startGateway({ registry, servers, config: config("allow") })
  expect(await command(["lock", "--config", gateway.configFile])).toMatchObject({ code: 0 })
  await standing(gateway, { pinned: 3 })
  server.tools = after.slice(0, 2)
  await standing(gateway, { drifted: 2, gone: 1 })
  expect(drifts(gateway, "words")).toEqual([])
  expect(drifts(gateway, "hides")).toMatchObject([{ note: { kinds: ["words", "hidden_text"] } }])
  expect(drifts(gateway, "calm")).toMatchObject([{ note: { state: "gone", was: "pinned" } }])
  expect((await pinsOf(gateway)).drifting.map((one) => one.tool)).toEqual([
    "calm",
    "hides",
    "words",
  ])
})

test("what a server says of itself is pinned, too, and approved with the server", {
  timeout: 60_000,
}, async () => {
  const server = await openChanging(before)
  server.instructions = "Ask first."
  const servers = { "web:1.0.0": { url: server.url } }
  const sketch = { registry, servers, config: config("deny") }
  await using first = await startGateway(sketch)
  const file = ["--config", first.configFile]
  expect(await command(["lock", ...file])).toMatchObject({ code: 0 })
  await first.stop()

  server.instructions = "Ask nobody.\u200b"
  server.version = "2"
  server.tools = [...before.slice(1), tool("words", "Mails.")]
  await using again = await startGateway({ ...sketch, folder: first.folder })
  await standing(again, { withheld: 1, pinned: 2 })
  expect((await pinsOf(again)).servers).toMatchObject([
    {
      server: "web@1.0.0",
      kinds: ["words", "hidden_text"],
      changes: [
        { at: "/instructions", before: '"Ask first."', after: '"Ask nobody.\\u200b"' },
        { at: "/serverInfo/version", before: '"1"', after: '"2"' },
      ],
    },
  ])
  expect(drifts(again)).toMatchObject([{ target: null, note: { kinds: ["words", "hidden_text"] } }])

  const approve = ["lock", "approve", "web@1.0.0", "--reason", "version 2", "--by", "kim", ...file]
  expect(await command(approve)).toMatchObject({ code: 0 })
  await standing(again, { withheld: 0, approved: 1, pinned: 2 })
  await becomes(
    async () => (await pinsOf(again)).servers.length === 0,
    "nothing to say of the server",
  )
  expect(await command(["lock", "--check", ...file])).toMatchObject({ code: 0 })
})
