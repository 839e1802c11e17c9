// Rows 1 to 3: tools/call by header and by token, and tools/list, beside the floor, in one run.
import { join } from "node:path"
import { load, type Target } from "./load.ts"
import { type Subject, start } from "./subject.ts"
import { call, gateway, list, withToken } from "./world.ts"

const subjects = join(import.meta.dirname, "subjects")
const portOf = /ready (\d+)\n/

export interface Measured {
  readonly name: string
  readonly callsPerSecond: number
  readonly cpuUs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly failed: number
}

/** One pass over all subjects in turn; passes alternate so that a drifting machine hurts all alike. */
export async function measureCalls(options: {
  seconds: number
  passes: number
  connections: number
}) {
  await using backend = await start(join(subjects, "backend.ts"), [], { ready: portOf })
  const backendPort = Number(backend.line)
  await using postern = await gateway({ backendPort, tools: 12 })
  const listBytes = await bytesOf(postern.port)
  await using floor = await start(
    join(subjects, "floor.ts"),
    [String(backendPort), String(listBytes)],
    { ready: portOf },
  )

  const floorPort = Number(floor.line)
  const lanes: [name: string, target: Target, subject: Subject][] = [
    ["direct", { ...call, port: backendPort }, backend],
    ["floor", { ...call, port: floorPort }, floor],
    ["postern, header", { ...call, port: postern.port }, postern],
    ["postern, token", { ...withToken(postern.token), port: postern.port }, postern],
    ["constant list", { ...list, path: "/constant", port: floorPort }, floor],
    ["postern, tools/list", { ...list, port: postern.port }, postern],
  ]
  for (const [, target] of lanes)
    await load(target, { connections: options.connections, seconds: 1.5 }) // warm-up
  const passes: Measured[][] = []
  for (let pass = 0; pass < options.passes; pass++) {
    const row: Measured[] = []
    for (const lane of lanes) row.push(await measure(lane, options))
    passes.push(row)
  }
  return { passes, listBytes }
}

export async function measure(
  [name, target, subject]: [string, Target, Subject],
  options: { seconds: number; connections: number },
): Promise<Measured> {
  const before = await subject.usage()
  const { calls, seconds, failed, p50Ms, p99Ms } = await load(target, options)
  const after = await subject.usage()
  const cpuUs = ((after.cpuMs - before.cpuMs) * 1000) / calls
  return { name, callsPerSecond: calls / seconds, cpuUs, failed, p50Ms, p99Ms }
}

async function bytesOf(port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${list.path}`, {
    method: "POST",
    headers: list.headers,
    body: list.body,
  })
  const text = await answer.text()
  if (!text.includes("search_documents")) throw new Error(`tools/list said ${text}`)
  return Buffer.byteLength(text)
}
