// Postern beside its peers in one run: calls, lists, memory, sessions, start, and what a caller sees when the server died.
import { createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Measured } from "../calls.ts"
import { start } from "../subject.ts"
import {
  childOf,
  installPeers,
  type Peer,
  peers,
  type Running,
  startPeer,
  treeBytes,
} from "./subjects.ts"

export interface PeerRow {
  readonly name: string
  readonly backend: string
  readonly call: Measured
  readonly list: Measured
  readonly startMs: number
  readonly idleBytes: number
  /** What each of {@link sessionCount} more sessions added, with the processes that were started for it. */
  readonly sessionBytes: number
  /** The server killed: what the next calls came to. */
  readonly afterDeath: string
}

export const sessionCount = 50
const portOf = /ready (\d+)\n/

export async function measurePeers(options: {
  readonly seconds: number
  readonly passes: number
  readonly connections: number
}): Promise<PeerRow[]> {
  installPeers()
  await using backend = await start(join(import.meta.dirname, "../subjects/backend.ts"), [], {
    ready: portOf,
  })
  const starting = (peer: Peer) =>
    freePort().then((port) => startPeer(peer, port, Number(backend.line)))
  const running: { peer: Peer; subject: Running }[] = []
  try {
    for (const peer of peers) {
      tell(`${peer.name} over ${peer.backend} starts`)
      running.push({ peer, subject: await starting(peer) })
    }
    const loads = await inTurns(running, options)
    const rows: PeerRow[] = []
    for (const [index, { peer, subject }] of running.entries()) {
      const { call, list } = loads[index] ?? {}
      if (call === undefined || list === undefined) throw new Error(`${peer.name} was not loaded`)
      const { name, backend } = peer
      tell(`${name} over ${backend}: starts, sessions, the end of its server`)
      const memory = await memoryOf(() => starting(peer))
      const afterDeath = backend === "stdio" ? await afterDeathOf(subject) : "–"
      rows.push({ name, backend, call, list, ...memory, afterDeath })
    }
    return rows
  } finally {
    for (const { subject } of running) await subject[Symbol.asyncDispose]()
  }
}

const tell = (what: string) => process.stderr.write(`${what}\n`)

async function measured(
  name: string,
  subject: Running,
  what: "call" | "list",
  options: { readonly seconds: number; readonly connections: number },
): Promise<Measured> {
  const before = await subject.usage()
  const { calls, seconds, failed, p50Ms, p99Ms } = await subject.load(what, options)
  const after = await subject.usage()
  const cpuUs = ((after.cpuMs - before.cpuMs) * 1000) / calls
  return { name, callsPerSecond: calls / seconds, cpuUs, failed, p50Ms, p99Ms }
}

/** Each in turn within a pass; of each the median pass by rate. */
async function inTurns(
  running: readonly { peer: Peer; subject: Running }[],
  options: { readonly seconds: number; readonly passes: number; readonly connections: number },
): Promise<{ call: Measured; list: Measured }[]> {
  for (const { subject } of running) await subject.load("call", { ...options, seconds: 4 }) // warm-up
  const passes: { call: Measured; list: Measured }[][] = running.map(() => [])
  for (let pass = 0; pass < options.passes; pass++) {
    for (const [index, { peer, subject }] of running.entries()) {
      tell(`pass ${pass + 1}: ${peer.name} over ${peer.backend}`)
      const call = await measured(peer.name, subject, "call", options)
      const list = await measured(peer.name, subject, "list", options)
      passes[index]?.push({ call, list })
    }
  }
  return passes.map((rows) => ({
    call: middle(rows.map(({ call }) => call)),
    list: middle(rows.map(({ list }) => list)),
  }))
}

function middle(rows: readonly Measured[]): Measured {
  const sorted = [...rows].sort((a, b) => a.callsPerSecond - b.callsPerSecond)
  const row = sorted[Math.floor(sorted.length / 2)]
  if (row === undefined) throw new Error("no pass was made")
  return row
}

/** Of a fresh one: how long it takes to start (the median of three), and what it and its sessions hold. */
async function memoryOf(starting: () => Promise<Running>) {
  const times: number[] = []
  for (let i = 0; i < 2; i++) {
    await using one = await starting()
    times.push(one.readyMs)
  }
  await using fresh = await starting()
  times.push(fresh.readyMs)
  await fresh.load("call", { connections: 1, seconds: 0.2 })
  const idleBytes = treeBytes(fresh.pid)
  for (let i = 0; i < sessionCount; i++) await fresh.openSession()
  const sessionBytes = Math.max(0, treeBytes(fresh.pid) - idleBytes) / sessionCount
  return { startMs: times.sort((a, b) => a - b)[1] ?? Number.NaN, idleBytes, sessionBytes }
}

/** The server behind it is killed without a word; then one call, and another a second later. */
async function afterDeathOf(subject: Running): Promise<string> {
  const child = childOf(subject.pid)
  if (child === undefined) throw new Error("the gateway has no child to kill")
  process.kill(child, "SIGKILL")
  await sleep(200)
  const first = await once(subject)
  await sleep(1_000)
  return `${first}, then ${await once(subject)}`
}

async function once(subject: Running): Promise<string> {
  const late = sleep(5_000, "nothing within 5 s")
  return Promise.race([
    subject.once().catch((error: unknown) => `no answer (${String(error)})`),
    late,
  ])
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await new Promise((resolve) => server.once("listening", resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === "object" && address !== null ? address.port : 0
}
