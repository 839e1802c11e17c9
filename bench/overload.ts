// Overload: calls that are answered well when there are five and twenty times as many callers as the gateway can serve at its
// peak; and how long the calls of one agent take while another one asks more often than it may.
import { join } from "node:path"
import { load } from "./load.ts"
import { start } from "./subject.ts"
import { agent, call, gateway, registry } from "./world.ts"

export interface Pressed {
  readonly connections: number
  /** Answered well, per second. */
  readonly goodput: number
  /** Turned away, per second. */
  readonly refused: number
  /** Of the gateway, for all that it did, per call that was answered well: what neighbours on the machine do not change. */
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
}

const peakConnections = 64

/** The peak first; then more callers, who come back at once however often they are turned away. */
export async function measureOverload(seconds: number): Promise<readonly Pressed[]> {
  const backendFile = join(import.meta.dirname, "subjects/backend.ts")
  await using backend = await start(backendFile, [], { ready: /ready (\d+)\n/ })
  await using postern = await gateway({ backendPort: Number(backend.line) })
  const target = { ...call, port: postern.port }
  await load(target, { connections: peakConnections, seconds: 2 }) // warm-up
  const pressed: Pressed[] = []
  for (const connections of [1, 5, 20].map((times) => times * peakConnections)) {
    const before = await postern.usage()
    const done = await load(target, { connections, seconds })
    const after = await postern.usage()
    const { calls, failed, p50Ms, p99Ms } = done
    const good = calls - failed
    pressed.push({
      connections,
      goodput: good / done.seconds,
      refused: failed / done.seconds,
      cpuUs: ((after.cpuMs - before.cpuMs) * 1000) / good,
      p50Ms,
      p99Ms,
    })
  }
  return pressed
}

export interface Beside {
  readonly beside: string
  /** Of the agent that keeps to its limits. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly failed: number
  /** Calls of the other one per second, and how many of them were refused. */
  readonly flood: number
  readonly refused: number
}

/** An agent may ask so often in a second; in {@link floods} one asks more often. */
const rate = 100
const floods = [
  { beside: "nobody", connections: 0, pauseMs: 0 },
  { beside: "one that asks ten times as often as it may", connections: 20, pauseMs: 20 },
  { beside: "one that asks as fast as it is answered", connections: 20, pauseMs: 0 },
]

/** One agent alone, and beside another. It is the same agent each time, with four calls in flight. */
export async function measureFloods(seconds: number): Promise<readonly Beside[]> {
  const backendFile = join(import.meta.dirname, "subjects/backend.ts")
  await using backend = await start(backendFile, [], { ready: /ready (\d+)\n/ })
  const tools = ["search_documents"]
  await using postern = await gateway({
    backendPort: Number(backend.line),
    registry: JSON.stringify({
      ...registry(1),
      agents: [agent("bench", tools), agent("flood", tools)],
    }),
    more: `rateLimits: [{ agent: flood, rate: ${rate}/s }]\n`,
  })
  const quiet = { ...call, port: postern.port }
  const loud = { ...quiet, headers: { ...quiet.headers, "x-agent-name": "flood" } }
  await load(quiet, { connections: 4, seconds: 2 }) // warm-up
  const found: Beside[] = []
  for (const { beside, ...pressure } of floods) {
    const [{ p50Ms, p99Ms, failed }, flood] = await Promise.all([
      load(quiet, { connections: 4, seconds }),
      load(loud, { ...pressure, seconds }),
    ])
    const perSecond = (count: number) => count / flood.seconds
    found.push({
      ...{ beside, p50Ms, p99Ms, failed },
      ...{ flood: perSecond(flood.calls), refused: perSecond(flood.failed) },
    })
  }
  return found
}
