import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, test } from "vitest"
import type { Answered } from "../../bench/load.ts"
import { start } from "../../bench/subject.ts"
import { becomes, project } from "../support/e2e-process.ts"
import { as, both, http, modern } from "../support/face-server.ts"
import { abrupt } from "./support/caller.ts"
import { Child } from "./support/child.ts"
import { play } from "./support/invariants.ts"
import type { Load } from "./support/load-child.ts"
import { cpuSecondsOf } from "./support/usage.ts"
import { honest, World } from "./support/world.ts"

/** Numbers that no caller of the world comes to. */
const extra = 1_000_000_000

test("18 callers disconnect in the middle of calls: the server is told within a second", async () => {
  await using world = await World.open()
  const late: number[] = []
  await play(world, {
    number: 18,
    name: "callers disconnect in the middle of calls",
    async inject(world) {
      let abortedMs = 0
      let held = 0
      world.answering = (call) => {
        if ((call.arguments as { n: number }).n < extra) return honest(call)
        held++
        call.response.once("close", () => {
          held--
          late.push(performance.now() - abortedMs)
        })
      }
      for (let round = 0; round < 5; round++) {
        const gone = new AbortController()
        const calls = Array.from({ length: 40 }, (_, nth) => {
          const args = { agent: "a", n: extra + round * 100 + nth }
          const { message, headers } = modern("tools/call", { name: "victim", arguments: args })
          return http(world.gateway.port, {
            headers: { ...as("a@1.0.0"), ...headers, ...json },
            body: JSON.stringify(message),
            signal: gone.signal,
          }).catch(() => undefined)
        })
        await becomes(() => held === 40, "all calls are at the server")
        abortedMs = performance.now()
        gone.abort()
        await Promise.all(calls)
        await becomes(() => held === 0, "all calls are cancelled at the server")
      }
      return `200 calls given up while the server worked, cancelled there in ${Math.round(Math.max(...late))} ms at most`
    },
    async judge({ gateway }) {
      const slowest = Math.max(...late)
      const { face } = await gateway.status()
      const { inFlight } = face as { inFlight: number }
      return {
        I2: slowest <= 1_000 ? undefined : `cancelled after ${Math.round(slowest)} ms`,
        ...(inFlight > 0 && { I5: `${inFlight} calls in flight` }),
      }
    },
  })
})

test("19 a crowd of idle and of slow connections: who calls is served as before", async () => {
  await using world = await World.open()
  const room = Number(/Max open files\s+(\d+)/.exec(readFileSync("/proc/self/limits", "utf8"))?.[1])
  const slow = 1_000
  const idle = Math.min(10_000, room - slow - 1_000)
  await play(world, {
    number: 19,
    name: "idle connections, and slow ones",
    // A bare HTTP server of Node keeps as much after such a crowd: its allocator gives little back.
    swellBytes: (idle + slow) * 24 * 1024,
    async inject({ gateway }) {
      using flood = new Child("flood-child.ts", [gateway.port, idle, slow])
      const { opened } = await flood.told<Crowd>()
      expect(opened).toBe(idle + slow)
      await sleep(12_000) // the gateway gives headers ten seconds
      const { closed } = await flood.ask<Crowd>({})
      const scaled = idle < 10_000 ? " (fewer than 10,000, for `ulimit -n` is low)" : ""
      return `${idle} connections without a word${scaled}, ${slow} with a byte a second; ${closed} were closed by the gateway`
    },
  })
})

interface Crowd {
  readonly opened: number
  readonly closed: number
}

test("20 five times as many callers as at the peak: who is let in is answered", async () => {
  const file = join(project, "bench/subjects/backend.ts")
  await using server = await start(file, [], { ready: /ready (\d+)\n/ })
  await using world = await World.open({
    config: { limits: { loopDelay: "10ms" } },
    beside: {
      tools: { quick: "quick" },
      agents: { loader: ["quick"] },
      servers: { "quick:1.0.0": { url: `http://127.0.0.1:${server.line}/mcp` } },
    },
  })
  using crowd = new Child("load-child.ts")
  /** Good answers for a second of the gateway's processor time, which other work on the machine does not change. */
  const goodput: number[] = []
  const load = async (connections: number, seconds: number) => {
    const { message, headers } = modern("tools/call", { name: "quick", arguments: {} })
    const target = {
      ...{ port: world.gateway.port, path: "/mcp", body: JSON.stringify(message) },
      headers: { ...as("loader@1.0.0"), ...headers, ...json },
    }
    const before = cpuSecondsOf(world.gateway.running.pid)
    const done = await crowd.ask<Answered>({ target, connections, seconds } satisfies Load)
    const used = cpuSecondsOf(world.gateway.running.pid) - before
    return { ...done, goodput: (done.calls - done.failed) / used }
  }
  await load(64, 3) // until it is warm
  let shed = 0
  await play(world, {
    number: 20,
    name: "five times as many callers as at the peak",
    spared: ["I7"],
    async inject({ gateway }) {
      for (const connections of [64, 320, 64]) goodput.push((await load(connections, 4)).goodput)
      const { face } = await gateway.status()
      shed = Number((face as { shed: number }).shed)
      return `64, 320 and 64 callers who never rest: ${goodput.map(Math.round).join(", ")} good answers a second of its processor time, ${shed} turned away`
    },
    async judge({ made }) {
      const rude = made.filter(({ fate }) => fate === abrupt).length
      const [before = 0, pressed = 0, after = 0] = goodput
      const share = pressed / ((before + after) / 2)
      return {
        I2: rude > 0 ? `${rude} turned away without a word of when to come back` : undefined,
        I8: share >= 0.8 ? undefined : `${share.toFixed(2)} of the peak`,
      }
    },
  })
})

const json = { "content-type": "application/json", accept: both }
