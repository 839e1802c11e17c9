import { setTimeout as sleep } from "node:timers/promises"
import { test } from "vitest"
import { callTool } from "../support/e2e-gateway.ts"
import { Curve, emptied } from "./support/curve.ts"
import type { LinkFault } from "./support/faulty-link.ts"
import { play } from "./support/invariants.ts"
import { Orders } from "./support/orders.ts"
import { seeded } from "./support/seeded.ts"
import { honest, World } from "./support/world.ts"

/*
 * `FAULT_MINUTES=10 FAULT_SEED=7 npm run faults -- soak`: plain calls and sagas, and one fault after the other, which the seed
 * chooses; kills among them towards the end. Among the other faults it is short.
 */
const minutes = Number(process.env["FAULT_MINUTES"] ?? 0.5)
const links: readonly LinkFault[] = [
  { kind: "refuse" },
  { kind: "hang" },
  { kind: "stall", afterBytes: 120 },
  { kind: "reset", afterBytes: 120 },
  { kind: "drip", bytes: 1, everyMs: 1_000 },
]

type Trouble = (world: World, ms: number) => Promise<void>

const troubles: readonly Trouble[] = [
  ...links.map(
    (fault): Trouble =>
      async ({ link }, ms) => {
        await link.set(fault)
        await sleep(ms)
        await link.set({ kind: "none" })
      },
  ),
  async (world, ms) => {
    world.answering = (call) => call.send("<h1>Bad</h1>", 503)
    await sleep(ms)
    world.answering = honest
  },
  async (world, ms) => {
    world.answering = (call) => call.send('{"jsonrpc":"2.0","id":')
    await sleep(ms)
    world.answering = honest
  },
  async ({ gateway }, ms) => {
    process.kill(gateway.running.pid, "SIGSTOP")
    await sleep(Math.min(ms, 800))
    process.kill(gateway.running.pid, "SIGCONT")
  },
  async ({ gateway }) => {
    for (let n = 0; n < 20; n++) await callTool(gateway, "stranger", "victim")
  },
]

test("soak: random faults, bounded memory", { timeout: minutes * 60_000 + 180_000 }, async () => {
  const random = seeded(0)
  await using orders = new Orders({ hasOperator: true })
  await using world = await World.open({
    beside: await orders.open(),
    config: {
      state: { runs: "sqlite:./runs.db" },
      limits: {
        ...{ backendRetryWait: "300ms", runRetention: "5s", runTombstone: "10s" },
        runHold: "1s", // buyers need not wait for the operator
      },
    },
  })
  orders.begin(world, 2)
  const curve = new Curve(world)
  let faults = 0
  let kills = 0
  await play(world, {
    number: 0,
    name: "soak",
    spared: ["I7"], // stalls of the whole process are among the faults
    async inject(world) {
      const until = performance.now() + minutes * 60_000
      // One process lives for most of the time, so that what it holds can be followed; the rest is for kills.
      const untilKills = until - (minutes * 60_000) / 5
      while (performance.now() < until) {
        const mayKill = performance.now() > untilKills
        if (mayKill && random() < 0.5) {
          await world.restart()
          kills++
        } else {
          const trouble = troubles[Math.floor(random() * troubles.length)]
          await trouble?.(world, 500 + random() * 2_500)
        }
        faults++
        await sleep(1_000)
        await orders.operate(world)
        if (!mayKill) await curve.look()
      }
      return `${faults} faults and ${kills} kills in ${minutes} min, ${orders.count} orders, an operator with ${orders.operated}; ${curve.words}`
    },
    async judge(world) {
      const I4 = await orders.end(world)
      const left = await emptied(world, 30_000)
      return { I4, I5: curve.grown ?? left }
    },
  })
})
