import { setTimeout as sleep } from "node:timers/promises"
import { test } from "vitest"
import type { LinkFault } from "./support/faulty-link.ts"
import { play } from "./support/invariants.ts"
import { World } from "./support/world.ts"

/** Faults of the network between the gateway and one server. */
const faults: readonly { number: number; name: string; fault: LinkFault; ms: number }[] = [
  { number: 1, name: "a server refuses connections", fault: { kind: "refuse" }, ms: 3_000 },
  { number: 2, name: "a server hangs before it answers", fault: { kind: "hang" }, ms: 6_000 },
  {
    number: 3,
    name: "a server hangs in the middle of its answer",
    fault: { kind: "stall", afterBytes: 120 },
    ms: 6_000,
  },
  {
    number: 4,
    name: "a server resets the connection in its answer",
    fault: { kind: "reset", afterBytes: 120 },
    ms: 3_000,
  },
  {
    number: 5,
    name: "a server drips a byte a second",
    fault: { kind: "drip", bytes: 1, everyMs: 1_000 },
    ms: 6_000,
  },
]

test.each(faults)("$number $name", async ({ number, name, fault, ms }) => {
  await using world = await World.open()
  await play(world, {
    number,
    name,
    async inject({ link }) {
      await link.set(fault)
      await sleep(ms)
      await link.set({ kind: "none" })
      return `${JSON.stringify(fault)} for ${ms / 1000} s`
    },
  })
})
