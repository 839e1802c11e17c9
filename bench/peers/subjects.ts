// Postern and its peers, each in front of the same server: how each is started, and how it is asked.
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { type Answered, bodyOf, load, type Target } from "../load.ts"
import { type Subject, spawnSubject, subjectOf } from "../subject.ts"
import { call as modern, writeWorld } from "../world.ts"
import { loadSse, SseSession } from "./sse-session.ts"

const here = import.meta.dirname
const stdioBackend = join(here, "../subjects/stdio-backend.ts")
const main = join(here, "../../dist/main.js")
const at = (path: string) => join(here, "node_modules", path)

export type Backend = "stdio" | "HTTP"

/** One gateway that is compared: which program, and which kind of server stands behind it. */
export interface Peer {
  readonly name: string
  readonly backend: Backend
  /** What it speaks to its callers. */
  readonly transport: "Streamable HTTP" | "HTTP+SSE"
  command(given: { port: number; backendPort: number; folder: string }): Promise<readonly string[]>
}

const node = process.execPath
const behindPostern =
  (servers: object): Peer["command"] =>
  async ({ port, folder }) => {
    await writeWorld(folder, { backendPort: 0, tools: 1, port, servers: JSON.stringify(servers) })
    return [main, "serve", "--config", join(folder, "postern.yaml")]
  }

export const peers: readonly Peer[] = [
  {
    ...{ name: "postern", backend: "stdio", transport: "Streamable HTTP" },
    command: behindPostern({ "docs:1.0.0": { command: node, args: [stdioBackend] } }),
  },
  {
    ...{ name: "mcp-proxy", backend: "stdio", transport: "Streamable HTTP" },
    command: async ({ port }) => [
      ...[at("mcp-proxy/dist/bin/mcp-proxy.mjs"), "--host", "127.0.0.1", "--port", `${port}`],
      ...["--server", "stream", "--no-eventStore", "--", node, stdioBackend],
    ],
  },
  {
    ...{ name: "supergateway", backend: "stdio", transport: "Streamable HTTP" },
    command: async ({ port }) => [
      ...[at("supergateway/dist/index.js"), "--stdio", `${node} ${stdioBackend}`, "--stateful"],
      ...["--outputTransport", "streamableHttp", "--port", `${port}`, "--logLevel", "none"],
    ],
  },
  {
    ...{ name: "mcp-hub", backend: "stdio", transport: "HTTP+SSE" },
    command: async ({ port, folder }) => {
      const file = join(folder, "hub.json")
      const servers = { docs: { command: node, args: [stdioBackend] } }
      writeFileSync(file, JSON.stringify({ mcpServers: servers }))
      return [at("mcp-hub/dist/cli.js"), "--port", `${port}`, "--config", file]
    },
  },
  {
    ...{ name: "postern", backend: "HTTP", transport: "Streamable HTTP" },
    command: async (given) =>
      behindPostern({ "docs:1.0.0": { url: `http://127.0.0.1:${given.backendPort}/mcp` } })(given),
  },
  {
    ...{ name: "fastmcp", backend: "HTTP", transport: "Streamable HTTP" },
    command: async ({ port, backendPort }) => [
      ...[join(here, "fastmcp-gateway.mjs"), `${port}`, `${backendPort}`],
    ],
  },
]

/** The peers are no dependencies of the project: they are installed here when they are first compared. */
export function installPeers(): void {
  if (existsSync(at(".package-lock.json"))) return
  console.log("installing the peers into bench/peers …")
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
  const { status } = spawnSync("npm", ["ci", ...flags], { cwd: here, stdio: "inherit" })
  if (status !== 0)
    throw new Error("the peers could not be installed: npm ci in bench/peers failed")
}

export interface Running extends Subject {
  /** From the start of the process to the first answer. */
  readonly readyMs: number
  load(what: What, options: { connections: number; seconds: number }): Promise<Answered>
  /** One call: what came of it, in words. Rejects when nothing does. */
  once(): Promise<string>
  /** One more session. */
  openSession(): Promise<unknown>
}

const standard = {
  "content-type": "application/json",
  accept: "application/json, text/event-stream",
}
const identity = { "x-agent-name": "bench", "x-agent-version": "1.0.0" }
const version = "2025-06-18"
const initialize = {
  ...{ jsonrpc: "2.0", id: 1, method: "initialize" },
  params: {
    protocolVersion: version,
    capabilities: {},
    clientInfo: { name: "bench", version: "1" },
  },
}
const { params } = JSON.parse(modern.body) as { params: { name: string; arguments: object } }
const { name: tool, arguments: given } = params

/** Starts it and waits until it answers. All answer in 60 s, or the bench ends. */
export async function startPeer(peer: Peer, port: number, backendPort: number): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), "postern-peer-"))
  const [file = "", ...args] = await peer.command({ port, backendPort, folder })
  const own = {
    HOME: folder,
    XDG_STATE_HOME: folder,
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
  }
  const started = performance.now()
  const child = spawnSubject(file, args, own)
  child.stdout?.resume()
  const subject = subjectOf(child)
  const first = await firstAnswer(peer, port)
  const readyMs = performance.now() - started
  return {
    ...subject,
    readyMs,
    ...("own" in first
      ? {
          load: (what, options) => load(targetOf(port, first.own, what), options),
          once: () => onceOver(port, first.own),
          openSession: () => session(port),
        }
      : {
          load: (what, options) =>
            loadSse(
              port,
              what === "call" ? ["tools/call", { name: hubTool, arguments: given }] : asked.list,
              options,
            ),
          once: () => onceSse(first),
          openSession: () => SseSession.open(port),
        }),
    async [Symbol.asyncDispose]() {
      await subject[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** mcp-hub puts the server's name before that of a tool. */
const hubTool = `docs__${tool}`

async function firstAnswer(
  peer: Peer,
  port: number,
): Promise<{ own: Record<string, string> } | SseSession> {
  const until = performance.now() + 60_000
  for (;;) {
    try {
      if (peer.transport === "Streamable HTTP") return { own: await session(port) }
      const opened = await SseSession.open(port)
      const answer = await onceSse(opened)
      if (answer === "an answer") return opened
      throw new Error(answer)
    } catch (error) {
      if (performance.now() > until) throw error
      await sleep(5)
    }
  }
}

/** Begins a session; what every later request of it carries. */
async function session(port: number): Promise<Record<string, string>> {
  const url = `http://127.0.0.1:${port}/mcp`
  const post = (headers: object, body: object) =>
    fetch(url, {
      method: "POST",
      headers: { ...standard, ...identity, ...headers },
      body: JSON.stringify(body),
    })
  const answer = await post({}, initialize)
  if (!answer.ok || !(await answer.text()).includes('"serverInfo"'))
    throw new Error(`${answer.status}`)
  const id = answer.headers.get("mcp-session-id")
  const headers = { "mcp-protocol-version": version, ...(id !== null && { "mcp-session-id": id }) }
  await (await post(headers, { jsonrpc: "2.0", method: "notifications/initialized" })).text()
  return headers
}

type What = "call" | "list"
const asked: Record<What, readonly [method: string, params: object]> = {
  call: ["tools/call", { name: tool, arguments: given }],
  list: ["tools/list", {}],
}

function targetOf(port: number, own: Record<string, string>, what: What): Target {
  const [method, params] = asked[what]
  const body = (connection: number) =>
    JSON.stringify({ jsonrpc: "2.0", id: connection + 2, method, params })
  return { port, path: "/mcp", headers: { ...standard, ...identity, ...own }, body }
}

/** One call: whether it came back with a result, in words. */
async function onceOver(port: number, own: Record<string, string>): Promise<string> {
  const target = targetOf(port, own, "call")
  const { headers } = target
  const answer = await fetch(`http://127.0.0.1:${port}/mcp`, {
    ...{ method: "POST", headers, body: bodyOf(target, 0), signal: AbortSignal.timeout(5_000) },
  })
  const text = await answer.text()
  return answer.ok && !/"error":|"isError":true/.test(text)
    ? "an answer"
    : `an error (${answer.status})`
}

async function onceSse(session: SseSession): Promise<string> {
  const { result } = await session.ask("tools/call", { name: hubTool, arguments: given })
  return result === undefined || result.isError ? "an error" : "an answer"
}

/** Resident bytes of a process and of all that it started, as Linux counts them. */
export function treeBytes(pid: number): number {
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => parentOf(name) === pid)
  return children.reduce((sum, name) => sum + treeBytes(Number(name)), ownBytes(pid))
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
  } catch {
    return // it ended meanwhile
  }
}

function ownBytes(pid: number): number {
  try {
    return (
      1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0)
    )
  } catch {
    return 0
  }
}

/** The server that a gateway started over stdio: the youngest of its children. */
export function childOf(pid: number): number | undefined {
  const children = readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && parentOf(name) === pid,
  )
  return children.map(Number).sort((a, b) => b - a)[0]
}
