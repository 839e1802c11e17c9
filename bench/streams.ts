// Streams: events of calls per second through the gateway, beside a byte pipe; and what idle sessions cost in memory.
import { join } from "node:path"
import { Pool } from "undici"
import { type Measured, measure } from "./calls.ts"
import { load, type Target } from "./load.ts"
import { type Subject, start } from "./subject.ts"
import { call, gateway } from "./world.ts"

const subjects = join(import.meta.dirname, "subjects")
const portOf = /ready (\d+)\n/

/** Of one call: progress, and the result. */
export const eventsPerCall = 201

/** The call that is measured, with a token for its progress. */
const asking = (): typeof call => {
  const message = JSON.parse(call.body) as { params: { _meta: object } }
  const { params } = message
  const meta = { ...params._meta, progressToken: 1 }
  return { ...call, body: JSON.stringify({ ...message, params: { ...params, _meta: meta } }) }
}

/** One pass over pipe and gateway in turn; each call is one stream. */
export async function measureStreams(options: {
  seconds: number
  passes: number
  connections: number
}): Promise<Measured[][]> {
  await using backend = await start(join(subjects, "events.ts"), [], { ready: portOf })
  const backendPort = Number(backend.line)
  await using postern = await gateway({ backendPort })
  await using pipe = await start(join(subjects, "pipe.ts"), [String(backendPort)], {
    ready: portOf,
  })
  const lanes: [name: string, target: Target, subject: Subject][] = [
    ["pipe", { ...asking(), port: Number(pipe.line) }, pipe],
    ["postern", { ...asking(), port: postern.port }, postern],
  ]
  for (const [, target] of lanes)
    await load(target, { connections: options.connections, seconds: 1 }) // warm-up
  const passes: Measured[][] = []
  for (let pass = 0; pass < options.passes; pass++) {
    const row: Measured[] = []
    for (const lane of lanes) row.push(await measure(lane, options))
    passes.push(row)
  }
  return passes
}

export interface SessionsCost {
  /** Of the process before the first session, with all sessions, and with a stream open for some of them. */
  readonly emptyBytes: number
  readonly sessionsBytes: number
  readonly streamsBytes: number
}

/** Opens sessions and, for the first of them, their GET streams, and leaves them alone. */
export async function measureSessions(sessions: number, streams: number): Promise<SessionsCost> {
  await using postern = await gateway({ backendPort: 1 })
  const origin = `http://127.0.0.1:${postern.port}`
  const calls = new Pool(origin, { connections: 32 })
  const listeners = new Pool(origin, { connections: streams, bodyTimeout: 0, headersTimeout: 0 })
  const emptyBytes = (await postern.usage()).rssBytes
  const ids: string[] = []
  const open = async () => {
    while (ids.length < sessions) {
      ids.push("") // its place, before anybody else takes it
      ids[ids.length - 1] = await initialize(calls)
    }
  }
  await Promise.all(Array.from({ length: 32 }, open))
  const sessionsBytes = (await postern.usage()).rssBytes
  const known = ids.filter((id) => id !== "")
  for (let from = 0; from < streams; from += 100) {
    const some = known.slice(from, Math.min(from + 100, streams))
    await Promise.all(some.map((id) => listen(listeners, id)))
  }
  const streamsBytes = (await postern.usage()).rssBytes
  await Promise.all([calls.destroy(), listeners.destroy()])
  return { emptyBytes, sessionsBytes, streamsBytes }
}

const identity = { "x-agent-name": "bench", "x-agent-version": "1.0.0" }

async function initialize(pool: Pool): Promise<string> {
  const { body, headers, statusCode } = await pool.request({
    method: "POST",
    path: "/mcp",
    headers: { ...identity, "content-type": "application/json", accept: call.headers.accept },
    body: JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: {
        protocolVersion: "2025-11-25",
        capabilities: {},
        clientInfo: { name: "bench", version: "1" },
      },
    }),
  })
  await body.dump()
  const id = headers["mcp-session-id"]
  if (typeof id !== "string") throw new Error(`initialize was answered with ${statusCode}`)
  return id
}

async function listen(pool: Pool, id: string): Promise<void> {
  const { body, statusCode } = await pool.request({
    method: "GET",
    path: "/mcp",
    headers: { ...identity, accept: "text/event-stream", "mcp-session-id": id },
  })
  if (statusCode !== 200) throw new Error(`GET was answered with ${statusCode}`)
  body.on("error", () => undefined) // destroyed at the end
  body.resume()
}
