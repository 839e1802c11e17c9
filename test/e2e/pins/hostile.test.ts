import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import type { JsonObject } from "../../../src/schema/json.ts"
import { openChanging } from "../../support/changing-server.ts"
import { callTool, refusalOf, startGateway } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { command, drifts, pinsOf, standing } from "../../support/pinned-world.ts"

const names = ["one", "two", "three"]
const tool = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  inputSchema: { type: "object" },
  ...more,
})
const good = names.map((name) => tool(name))

test("lists that are made to hurt are judged, and calls go on", { timeout: 90_000 }, async () => {
  const server = await openChanging(good)
  await using gateway = await startGateway({
    registry: {
      tools: Object.fromEntries(names.map((name) => [name, "web"])),
      agents: { a: names },
    },
    servers: { "web:1.0.0": { url: server.url } },
    config: { limits: { lookEvery: "100ms" } },
  })
  expect(await command(["lock", "--config", gateway.configFile])).toMatchObject({ code: 0 })
  await standing(gateway, { pinned: 3 })
  const goesOn = async () =>
    expect(await callTool(gateway, "a", "one")).toMatchObject({ content: [{ text: "called one" }] })

  const others = Array.from({ length: 9_997 }, (_, index) => tool(`other_${index}`))
  server.tools = [...others, ...good]
  await becomes(async () => (await pinsOf(gateway)).unregistered === 9_997, "all are counted")
  expect((await pinsOf(gateway)).counts).toMatchObject({ pinned: 3 })
  await goesOn()

  const deep = `${'{"items":'.repeat(900)}{}${"}".repeat(900)}`
  const [one = {}] = good
  server.tools = `[${[
    JSON.stringify(one),
    JSON.stringify({ ...one, description: "Another." }),
    `{"name":"two","inputSchema":${deep}}`,
    '{"name":"three","description":"\\ud800","inputSchema":{"type":"object"}}',
    '7,null,[],{"name":7},{"name":"__proto__","inputSchema":{}}',
  ]}]`
  const pins = await standing(gateway, { drifted: 3 })
  expect(pins.drifting.map(({ tool, kinds, fit }) => [tool, kinds, fit])).toEqual([
    ["one", ["words"], undefined],
    ["three", ["words"], undefined],
    ["two", ["schema"], "undecided"],
  ])
  await goesOn()

  // More than is read of a list: what was seen last stands.
  server.tools = [...others, ...good, ...good.map(({ name }) => tool(`${name}_more`))]
  const looks = server.methods().length
  await becomes(() => server.methods().length > looks + 3, "looked at again")
  expect((await pinsOf(gateway)).counts).toMatchObject({ drifted: 3 })
  await goesOn()

  server.tools = good
  await standing(gateway, { pinned: 3 })
  expect(drifts(gateway, "two").map(({ note }) => (note as JsonObject)["state"])).toEqual([
    "drifted",
    "pinned",
  ])
})

test("a process that changes its words says so, and is believed that much", {
  timeout: 60_000,
}, async () => {
  const child = fileURLToPath(import.meta.resolve("../../support/changing-child.ts"))
  await using gateway = await startGateway({
    registry: { tools: { change: "it", find: "it" }, agents: { a: ["change", "find"] } },
    servers: { "it:1.0.0": { command: "node", args: [child] } },
    config: {
      registry: {
        source: "file://./registry.json",
        validation: { runtime: { definitionDrift: "deny" } },
      },
      limits: { lookEvery: "1h" },
    },
  })
  expect(await command(["lock", "--config", gateway.configFile])).toMatchObject({ code: 0 })
  await standing(gateway, { pinned: 2 })
  expect(await callTool(gateway, "a", "change")).toMatchObject({ content: [{ text: "Mails." }] })
  await standing(gateway, { withheld: 2 })
  expect(refusalOf(await callTool(gateway, "a", "find"))).toBe("definition_drift")
  expect(drifts(gateway, "find")).toHaveLength(1)
})
