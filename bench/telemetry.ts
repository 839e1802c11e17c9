// tools/call with and without telemetry, beside the floor, in one run.
import { join } from "node:path"
import { type Measured, measure } from "./calls.ts"
import { load, type Target } from "./load.ts"
import { type Subject, start } from "./subject.ts"
import { call, gateway } from "./world.ts"

const subjects = join(import.meta.dirname, "subjects")
const portOf = /ready (\d+)\n/

/** A collector on this machine that takes everything; traces of so many calls are kept. */
const to = (port: string, ratio: number) =>
  `telemetry: { endpoint: "http://127.0.0.1:${port}", traces: { ratio: ${ratio} } }\n`

/** One pass over all subjects in turn. */
export async function measureTelemetry(options: {
  readonly seconds: number
  readonly passes: number
  readonly connections: number
}): Promise<readonly Measured[][]> {
  await using backend = await start(join(subjects, "backend.ts"), [], { ready: portOf })
  await using collector = await start(join(subjects, "collector.ts"), [], { ready: portOf })
  await using floor = await start(join(subjects, "floor.ts"), [backend.line, "1"], {
    ready: portOf,
  })
  const backendPort = Number(backend.line)
  await using off = await gateway({ backendPort })
  await using none = await gateway({ backendPort, more: to(collector.line, 0) })
  await using few = await gateway({ backendPort, more: to(collector.line, 0.05) })
  await using all = await gateway({ backendPort, more: to(collector.line, 1) })
  const lanes: [name: string, target: Target, subject: Subject][] = [
    ["floor", { ...call, port: Number(floor.line) }, floor],
    ["off", { ...call, port: off.port }, off],
    ["on, none kept", { ...call, port: none.port }, none],
    ["on, 5 % kept", { ...call, port: few.port }, few],
    ["on, all kept", { ...call, port: all.port }, all],
  ]
  for (const [, target] of lanes)
    await load(target, { connections: options.connections, seconds: 1.5 }) // warm-up
  const passes: Measured[][] = []
  for (let pass = 0; pass < options.passes; pass++) {
    const row: Measured[] = []
    for (const lane of lanes) row.push(await measure(lane, options))
    passes.push(row)
  }
  return passes
}
