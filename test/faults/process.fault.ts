import { setTimeout as sleep } from "node:timers/promises"
import { expect, test } from "vitest"
import type { BackendCall } from "../support/e2e-backend.ts"
import { becomes } from "../support/e2e-process.ts"
import { play } from "./support/invariants.ts"
import { Orders } from "./support/orders.ts"
import { honest, World } from "./support/world.ts"

test("16 SIGTERM under load: readiness is red first, and nothing in flight fails", async () => {
  await using world = await World.open({ crowd: 5 })
  const held = new Map<number, BackendCall>()
  await play(world, {
    number: 16,
    name: "SIGTERM under load, then the next gateway",
    spared: ["I7"],
    async inject(world) {
      world.answering = (call) => {
        held.set((call.arguments as { n: number }).n, call)
      }
      await becomes(() => held.size === 10, "every caller of the victim has one in flight")
      const { gateway } = world
      const next = world.restart("SIGTERM")
      await becomes(async () => (await gateway.admin("/readyz")).status === 503, "not ready")
      expect(held.size).toBe(10)
      world.answering = honest
      for (const call of held.values()) honest(call)
      await next
      expect(await gateway.running.exited).toEqual({ code: 0, signal: null })
      return `SIGTERM with ${held.size} calls at the victim, answered when /readyz said 503`
    },
    async judge({ arrived, made }) {
      const begun = new Set(arrived.map(({ n }) => n))
      const failed = made.filter(({ n, fate }) => begun.has(n) && fate !== "ok")
      return { I2: failed.length === 0 ? undefined : `${failed.length} in flight failed` }
    },
  })
})

test("17 kill -9 in the middle of sagas: the next gateway ends every one of them", async () => {
  await using orders = new Orders()
  await using world = await World.open({
    beside: await orders.open(),
    config: { state: { runs: "sqlite:./runs.db" } },
  })
  orders.begin(world)
  await play(world, {
    number: 17,
    name: "kill -9 in the middle of sagas",
    spared: ["I7"],
    async inject(world) {
      const open: number[] = []
      for (let kill = 0; kill < 3; kill++) {
        const before = orders.count
        await becomes(() => orders.count >= before + 8 && orders.halfDone > 0, "orders under way")
        open.push(orders.halfDone)
        await world.restart("SIGKILL")
        await sleep(500)
      }
      return `SIGKILL three times, with ${open.join(", ")} orders half done`
    },
    judge: async (world) => ({ I4: await orders.end(world) }),
  })
})
