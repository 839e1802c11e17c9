// Overload: calls that are answered well when there are five and twenty times as many callers as the gateway can serve at its peak.
import { join } from "node:path"
import { load } from "./load.ts"
import { start } from "./subject.ts"
import { call, gateway } from "./world.ts"

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
