import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, test } from "vitest"
import type { Answered } from "../../bench/load.ts"
import { start } from "../../bench/subject.ts"
import { callTool } from "../support/e2e-gateway.ts"
import { becomes, project } from "../support/e2e-process.ts"
import { as, both, http, modern } from "../support/face-server.ts"
import { abrupt } from "./support/caller.ts"
import { Child } from "./support/child.ts"
import { play } from "./support/invariants.ts"
import type { Load, Offer, Offered } from "./support/load-child.ts"
import { cpuSecondsOf, residentBytesOf } from "./support/usage.ts"
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
      const before = residentBytesOf(gateway.running.pid)
      using flood = new Child("flood-child.ts", [gateway.port, idle, slow])
      const { opened } = await flood.told<Crowd>()
      expect(opened).toBe(idle + slow)
      const among = residentBytesOf(gateway.running.pid)
      const fresh = Array.from({ length: 50 }, () =>
        callTool(gateway, "b", "steady", { agent: "b", n: extra }),
      )
      for (const answer of await Promise.all(fresh)) expect(answer).toHaveProperty("content")
      await sleep(12_000) // the gateway gives headers ten seconds
      const { closed } = await flood.ask<Crowd>({})
      const scaled = idle < 10_000 ? " (fewer than 10,000, for `ulimit -n` is low)" : ""
      const each = (among - before) / (idle + slow) / 1024
      return `${idle} connections without a word${scaled}, ${slow} with a byte a second, which took ${each.toFixed(0)} KiB each; ${closed} were closed by the gateway`
    },
  })
})

interface Crowd {
  readonly opened: number
  readonly closed: number
}

/** A target for load: calls of one tool. */
function calling(world: World, tool: string): Load["target"] {
  const { message, headers } = modern("tools/call", { name: tool, arguments: {} })
  return {
    ...{ port: world.gateway.port, path: "/mcp", body: JSON.stringify(message) },
    headers: { ...as("loader@1.0.0"), ...headers, ...json },
  }
}

/** A server that costs nothing; where it is. */
async function openQuick() {
  const server = await start(join(project, "bench/subjects/backend.ts"), [], {
    ready: /ready (\d+)\n/,
  })
  return { server, url: `http://127.0.0.1:${server.line}/mcp` }
}

const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length

test("20 five times the calls that a server can take: it does as many as ever, and the others are told when to come back", async () => {
  const pressed = await openQuick()
  const calm = await openQuick()
  await using _ = pressed.server
  await using __ = calm.server
  const narrow = { concurrency: 4, queue: 32 }
  await using world = await World.open({
    beside: {
      servers: {
        "pressed:1.0.0": { url: pressed.url, ...narrow },
        "calm:1.0.0": { url: calm.url, ...narrow },
      },
      tools: {
        pressed: { server: "pressed", as: "wait_400" },
        calm: { server: "calm", as: "wait_400" },
      },
      agents: { loader: ["pressed", "calm"] },
    },
  })
  using crowd = new Child("load-child.ts")
  using queue = new Child("load-child.ts")
  const seconds = 6
  const perSecond = 5 * 10 // four at a time, each for 400 ms
  let offered: Offered | undefined
  let peak: Answered | undefined
  await play(world, {
    number: 20,
    name: "five times the calls that a server can take",
    async inject() {
      const target = calling(world, "pressed")
      const beside = { target: calling(world, "calm"), connections: 8, seconds }
      const [offer, load] = await Promise.all([
        crowd.ask<Offered>({ target, perSecond, seconds } satisfies Offer),
        queue.ask<Answered>(beside satisfies Load),
      ])
      offered = offer
      peak = load
      return `${perSecond} calls a second to a server that can do 10, for ${seconds} s: ${perSecondOf(offer).toFixed(1)} a second done and ${offer.told} told when to come back; ${perSecondOf(goodOf(load)).toFixed(1)} a second done meanwhile by another like it, whose callers wait for each other`
    },
    async judge() {
      if (offered === undefined || peak === undefined) return {}
      const { good, made, told } = offered
      const share = perSecondOf(offered) / perSecondOf(goodOf(peak))
      return {
        I2: good + told === made ? undefined : `${made - good - told} of ${made} got neither`,
        I8: share >= 0.8 ? undefined : `${share.toFixed(2)} of the peak`,
      }
    },
  })
})

const goodOf = ({ calls, failed, seconds }: Answered) => ({ good: calls - failed, seconds })
const perSecondOf = ({ good, seconds }: { good: number; seconds: number }): number => good / seconds

test("20 ten times the callers that the gateway has time for: who is let in is answered", async () => {
  const quick = await openQuick()
  await using _ = quick.server
  await using world = await World.open({
    config: { limits: { loopDelay: "10ms" } },
    beside: {
      tools: { quick: "quick" },
      agents: { loader: ["quick"] },
      // more than there is time for: the gateway itself is what is not enough
      servers: { "quick:1.0.0": { url: quick.url, concurrency: 256 } },
    },
  })
  using crowd = new Child("load-child.ts")
  const target = calling(world, "quick")
  const { pid } = world.gateway.running
  const doneAndUsed = async () => {
    const { text } = await world.gateway.admin("/metrics")
    const done = Number(
      /^postern_backend_calls_total\{server="quick@1.0.0"\} (\d+)$/m.exec(text)?.[1],
    )
    return { done, cpuSeconds: cpuSecondsOf(pid) }
  }
  /**
   * Calls done for a second of the gateway's processor time, which other work on the machine does not change; from when the
   * callers are connected.
   */
  const load = async (connections: number, seconds: number) => {
    const asked: Load = { target, connections, seconds: seconds + 1 }
    const answered = crowd.ask<Answered>(asked)
    await sleep(1_000)
    const from = await doneAndUsed()
    await sleep(1_000 * seconds)
    const to = await doneAndUsed()
    const { calls, failed } = await answered
    const goodput = (to.done - from.done) / (to.cpuSeconds - from.cpuSeconds)
    return { good: calls - failed, failed, goodput }
  }
  const peaks: number[] = []
  const pressed: number[] = []
  let good = 0
  let shed = 0
  const callers = 640
  for (let round = 0, done = 0; round < 15 && done < 6_000; round++)
    done += (await load(64, 0)).good // until it is warm
  await load(callers, 0) // and has its connections to the server, which keeps them for a minute
  await play(world, {
    number: 20,
    name: "ten times the callers that the gateway has time for",
    spared: ["I7"],
    async inject() {
      peaks.push((await load(64, 2)).goodput)
      // A crowd that is left without a processor presses nobody: then it comes again.
      for (let round = 0; round < 6 && pressed.length < 2; round++) {
        const under = await load(callers, 3)
        if (under.failed < callers / 2) continue
        pressed.push(under.goodput)
        good += under.good
        shed += under.failed
        peaks.push((await load(64, 2)).goodput)
      }
      return `${callers} callers who never rest, twice: ${good} calls done, ${shed} turned away; for a second of its processor time ${pressed.map(Math.round).join(" and ")} done, and ${peaks.map(Math.round).join(", ")} for 64 callers`
    },
    async judge({ made }) {
      const rude = made.filter(({ fate }) => fate === abrupt).length
      const share = mean(pressed) / mean(peaks)
      return {
        ...(rude > 0 && { I2: `${rude} turned away without a word of when to come back` }),
        ...(pressed.length < 2 && { I2: "the crowd was not turned away" }),
        ...(share < 0.8 && { I8: `${share.toFixed(2)} of the peak` }),
      }
    },
  })
})

const json = { "content-type": "application/json", accept: both }
