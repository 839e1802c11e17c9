import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { pathToFileURL } from "node:url"
import { expect, test } from "vitest"
import { badDocuments } from "../support/e2e-documents.ts"
import { callTool } from "../support/e2e-gateway.ts"
import { until } from "../support/e2e-process.ts"
import { as, both, http, modern } from "../support/face-server.ts"
import { play } from "./support/invariants.ts"
import { World } from "./support/world.ts"

test("21 hostile schemas when they are registered and when they are used: who calls hardly notices", async () => {
  const guarded = { type: "object", properties: { p: { type: "string", pattern: "^(a+)+$" } } }
  await using world = await World.open({
    beside: {
      tools: { guarded: { server: "none", inputSchema: guarded } },
      agents: { hostile: ["guarded"] },
      servers: { "none:1.0.0": { url: "http://127.0.0.1:9/mcp" } },
    },
  })
  await play(world, {
    number: 21,
    name: "hostile schemas",
    async inject({ gateway }) {
      const sound = readFileSync(gateway.registryFile, "utf8")
      const refusals = async () =>
        ((await gateway.status())["registry"] as { refusals: number }).refusals
      for (const { bytes } of badDocuments) {
        const known = await refusals()
        writeFileSync(gateway.registryFile, bytes)
        await until(async () => expect(await refusals()).toBeGreaterThan(known))
      }
      writeFileSync(gateway.registryFile, sound)
      const refused = []
      for (const length of [100, 1_000, 10_000, 50_000]) {
        const answer = await callTool(gateway, "hostile", "guarded", {
          p: `${"a".repeat(length)}!`,
        })
        refused.push(JSON.stringify(answer).includes("invalid_input"))
      }
      expect(refused).toEqual([true, true, true, true])
      return `${badDocuments.length} hostile documents one after the other, arguments that a backtracking pattern never ends on`
    },
  })
})

test("23 a server's name stops resolving, flaps, and points elsewhere; a page that rebinds its name to the gateway is refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postern-names-"))
  const file = join(folder, "victim.test")
  const resolves = (address: string) => writeFileSync(file, address)
  resolves("127.0.0.1")
  const resolver = pathToFileURL(join(import.meta.dirname, "support/names-child.ts"))
  await using world = await World.open({
    host: "victim.test",
    env: { NODE_OPTIONS: `--import=${resolver}`, FAULT_NAMES: file },
  })
  await play(world, {
    number: 23,
    name: "a server's name fails, flaps, and points elsewhere",
    async inject({ gateway, link }) {
      /** Connections that are open know nothing of names: they are cut. */
      const points = async (address: string, ms: number) => {
        resolves(address)
        await link.set({ kind: "hang" })
        await link.set({ kind: "none" })
        await sleep(ms)
      }
      await points("", 2_000)
      for (let flap = 0; flap < 5; flap++) {
        await points("127.0.0.1", 200)
        await points("", 200)
      }
      await points("127.0.0.2", 2_000) // where nobody listens
      const { message, headers } = modern("tools/call", { name: "steady", arguments: {} })
      const rebound = await http(gateway.port, {
        body: JSON.stringify(message),
        headers: {
          ...{ ...as("b@1.0.0"), ...headers, host: "evil.example", accept: both },
          "content-type": "application/json",
        },
      })
      expect(rebound.status).toBe(403)
      await points("127.0.0.1", 0)
      return "a name that is not known for 2 s, then every other 200 ms, then an address where nobody is; a request under a foreign Host"
    },
  })
  rmSync(folder, { recursive: true })
})
