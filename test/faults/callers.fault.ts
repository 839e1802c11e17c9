import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, test } from "vitest"
import type { Answered } from "../../bench/load.ts"
import { start } from "../../bench/subject.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { callTool } from "../support/e2e-gateway.ts"
import { becomes, project } from "../support/e2e-process.ts"
import { as, both, http, modern } from "../support/face-server.ts"
import { abrupt } from "./support/caller.ts"
import { Child } from "./support/child.ts"
import { play } from "./support/invariants.ts"
import type { Load, Offer, Offered, Pressed, Pressing } from "./support/load-child.ts"
import { residentBytesOf, waitingOf } from "./support/usage.ts"
import { honest, World } from "./support/world.ts"

/** Numbers that no caller of the world comes to. */
const extra = 1_000_000_000

test("18 callers disconnect in the middle of calls: the server is told within a second", async () => {
  await using world = await World.open({ victimTimeout: "30s" })
  /** Less what it and this process waited for a processor. */
  const late: number[] = []
  await play(world, {
    number: 18,
    name: "callers disconnect in the middle of calls",
    async inject(world) {
      const pids = [world.gateway.running.pid, process.pid]
      const waitedMs = () => pids.reduce((sum, pid) => sum + waitingOf(pid).waited / 1e6, 0)
      let abortedMs = 0
      let held = 0
      world.answering = (call) => {
        if ((call.arguments as { n: number }).n < extra) return honest(call)
        held++
        call.response.once("close", () => {
          held--
          late.push(Math.max(0, performance.now() - waitedMs() - abortedMs))
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
          }).catch((error: Error) => {
            if (!gone.signal.aborted) throw error
            return undefined
          })
        })
        const early = Promise.race(calls).then((answer) => {
          if (!gone.signal.aborted) throw new Error(`a call was answered: ${answer?.text}`)
        })
        await Promise.race([early, becomes(() => held === 40, "all calls are at the server")])
        abortedMs = performance.now() - waitedMs()
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
function calling(world: World, tool: string, args: JsonObject = {}): Load["target"] {
  const { message, headers } = modern("tools/call", { name: tool, arguments: args })
  return {
    ...{ port: world.gateway.port, path: "/mcp", body: JSON.stringify(message) },
    headers: { ...as("loader@1.0.0"), ...headers, ...json },
  }
}

/** A server that costs nothing; where it is. It closes idle connections before the gateway is asked what it holds. */
async function openQuick() {
  const server = await start(join(project, "bench/subjects/backend.ts"), ["5000"], {
    ready: /ready (\d+)\n/,
  })
  return { server, url: `http://127.0.0.1:${server.line}/mcp` }
}

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

/**
 * A text that many patterns look at: a call that takes the gateway some milliseconds, and its caller and its server next to
 * nothing, so that it is the gateway that is not enough, whatever the machine.
 */
const patterns = Array.from({ length: 60 }, (_, n) => ({ pattern: `^(?:ab|b|${n})+$` }))
const dear = {
  schema: { type: "object", properties: { text: { type: "string", allOf: patterns } } },
  arguments: { text: "ab".repeat(1_000) },
}

const timeout = 300_000 // where the gateway has little of the machine

test("20 ten times the callers that the gateway has time for: who is let in is answered", {
  timeout,
}, async () => {
  const quick = await openQuick()
  await using _ = quick.server
  await using world = await World.open({
    config: { limits: { keepAliveTimeout: "60s" } }, // callers wait until all of them are there
    beside: {
      tools: { dear: { server: "quick", inputSchema: dear.schema } },
      agents: { loader: ["dear"] },
      // more than there is time for: the gateway itself is what is not enough
      servers: { "quick:1.0.0": { url: quick.url, concurrency: 256 } },
    },
  })
  using crowd = new Child("load-child.ts")
  const target = calling(world, "dear", dear.arguments)
  const { pid } = world.gateway.running
  const press = (connections: number): Promise<Pressed> =>
    crowd.ask({ target, pid, connections, cpuSeconds: 1.2 } satisfies Pressing)
  const rounds: Round[] = []
  const few = 8
  const many = 640
  for (const connections of [few, many]) await press(connections) // until it is warm
  await play(world, {
    number: 20,
    name: "ten times the callers that the gateway has time for",
    spared: ["I7"],
    async inject() {
      let peak = perCpuSecond(await press(few))
      // A crowd that is left without a processor presses nobody: then it comes again.
      for (let round = 0; round < 12 && rounds.length < 7; round++) {
        const crowded = await press(many)
        const next = perCpuSecond(await press(few))
        const share = perCpuSecond(crowded) / mean([peak, next])
        if (crowded.turnedAway > many / 4) rounds.push({ ...crowded, share })
        peak = next
      }
      const sum = (what: "good" | "turnedAway") => rounds.reduce((all, one) => all + one[what], 0)
      const shares = rounds.map(({ share }) => share.toFixed(2)).join(", ")
      return `${many} callers who never rest, ${rounds.length} times: ${sum("good")} calls done, ${sum("turnedAway")} turned away; for a second of its processor time ${shares} of what is done for ${few} callers (${Math.round(peak)})`
    },
    async judge({ made }) {
      const rude = made.filter(({ fate }) => fate === abrupt).length
      const share = median(rounds.map((round) => round.share))
      return {
        ...(rude > 0 && { I2: `${rude} turned away without a word of when to come back` }),
        ...(rounds.length < 7 && { I2: `the crowd was turned away only ${rounds.length} times` }),
        ...(share < 0.8 && { I8: `${share.toFixed(2)} of the peak` }),
      }
    },
  })
})

/** A crowd, and how many calls were done for a second of processor time, of as many as just before and after it. */
interface Round extends Pressed {
  readonly share: number
}

/** Calls done for a second of the gateway's processor time, which other work on the machine does not change. */
const perCpuSecond = ({ good, cpuSeconds }: Pressed): number => good / cpuSeconds
const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length
const median = (all: readonly number[]): number =>
  all.toSorted((one, other) => one - other)[Math.floor(all.length / 2)] ?? 0

const json = { "content-type": "application/json", accept: both }
