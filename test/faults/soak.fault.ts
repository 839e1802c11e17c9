import { setTimeout as sleep } from "node:timers/promises"
import { test } from "vitest"
import { callTool } from "../support/e2e-gateway.ts"
import type { LinkFault } from "./support/faulty-link.ts"
import { play } from "./support/invariants.ts"
import { Orders } from "./support/orders.ts"
import { seed, seeded } from "./support/seeded.ts"
import { usageOf } from "./support/usage.ts"
import { honest, World } from "./support/world.ts"

/*
 * `FAULT_MINUTES=10 FAULT_SEED=7 npm run faults -- soak`: plain calls and sagas, and one fault after the other, which the seed
 * chooses. Among the other faults it is short.
 */
const minutes = Number(process.env["FAULT_MINUTES"] ?? 0.5)
const mebibyte = 2 ** 20
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

test("soak: random faults, bounded memory", { timeout: minutes * 60_000 + 120_000 }, async () => {
  const random = seeded(0)
  await using orders = new Orders()
  await using world = await World.open({
    beside: await orders.open(),
    config: { state: { runs: "sqlite:./runs.db" } },
  })
  orders.begin(world, 2)
  const held: number[] = []
  await play(world, {
    number: 0,
    name: "soak",
    spared: ["I7"], // stalls of the whole process are among the faults
    async inject(world) {
      const until = performance.now() + minutes * 60_000
      for (; performance.now() < until; ) {
        const trouble = troubles[Math.floor(random() * troubles.length)]
        await trouble?.(world, 500 + random() * 2_500)
        await sleep(1_000)
        const { heldBytes } = await usageOf(world.gateway)
        held.push(Math.round(heldBytes / mebibyte))
        if (held.length % 20 === 0)
          process.stderr.write(`   ${held.length} faults, ${held.at(-1)} MiB held\n`)
      }
      return `${held.length} faults in ${minutes} min by seed ${seed}; ${held[0]} MiB held after the first, ${held.at(-1)} after the last, ${Math.max(...held)} at most`
    },
    async judge(world) {
      // What is held finds its size in the first half (caches, connections); in the second it is to stay with it.
      const half = Math.ceil(held.length / 2)
      const [early, late] = [Math.max(...held.slice(0, half)), Math.max(0, ...held.slice(half))]
      const grown =
        late > early * 1.1 + 16
          ? `${early} MiB held in the first half, ${late} in the second`
          : undefined
      return { I4: await orders.end(world), ...(grown !== undefined && { I5: grown }) }
    },
  })
})
