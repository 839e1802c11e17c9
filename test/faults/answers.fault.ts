import { setTimeout as sleep } from "node:timers/promises"
import { test } from "vitest"
import { Flood } from "./support/flood.ts"
import { play } from "./support/invariants.ts"
import { seeded } from "./support/seeded.ts"
import { type Answering, honest, World } from "./support/world.ts"

interface Fault {
  readonly number: number
  readonly name: string
  readonly words: string
  readonly answering: (random: () => number) => Answering
}

/** What a server says that should say something else. */
const faults: readonly Fault[] = [
  {
    ...{
      number: 6,
      name: "a server answers every second call with 5xx",
      words: "500 or 503 to 50 %",
    },
    answering: (random) => (call) => {
      if (random() < 0.5) honest(call)
      else call.send("<h1>Bad</h1>", random() < 0.5 ? 500 : 503)
    },
  },
  {
    ...{ number: 7, name: "a server breaks the protocol" },
    words: "JSON cut off, another id, two answers, an answer after the time limit",
    answering: (random) => (call) => {
      const kind = Math.floor(random() * 4)
      const result = { content: [{ type: "text", text: "not yours" }], resultType: "complete" }
      if (kind === 0) call.send('{"jsonrpc":"2.0","id":')
      else if (kind === 1) call.send(JSON.stringify({ jsonrpc: "2.0", id: "another", result }))
      else if (kind === 2) {
        const text = JSON.stringify({ jsonrpc: "2.0", id: call.id, result })
        call.send(`${text}${text}`)
      } else setTimeout(() => honest(call), 2_500).unref()
    },
  },
]

test.each(faults)("$number $name", async ({ answering, name, number, words }) => {
  await using world = await World.open()
  await play(world, {
    number,
    name,
    async inject(world) {
      world.answering = answering(seeded(number))
      await sleep(4_000)
      world.answering = honest
      return words
    },
  })
})

test("8 a server answers with far too much", async () => {
  const holder: { flood?: Flood } = {}
  await using world = await World.open({
    victim: async (arrived) =>
      (holder.flood = await Flood.open(Math.floor(seeded(8)() * 2 ** 31), arrived)),
  })
  await play(world, {
    number: 8,
    name: "a server answers with far too much",
    async inject() {
      holder.flood?.answer("flood")
      await sleep(4_000)
      holder.flood?.answer("honest")
      return "100 MB, or 200 MiB in a gzip of 200 KB"
    },
  })
})
