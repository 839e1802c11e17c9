// Postern and its peers, each in front of the same server: how each is started, and how it is asked.
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { bodyOf, type Target } from "../load.ts"
import { type Subject, spawnSubject, subjectOf } from "../subject.ts"
import { call as modern, writeWorld } from "../world.ts"

const here = import.meta.dirname
const stdioBackend = join(here, "../subjects/stdio-backend.ts")
const main = join(here, "../../dist/main.js")
const at = (path: string) => join(here, "node_modules", path)

export type Backend = "stdio" | "HTTP"

/** One gateway that is compared: which program, and which kind of server stands behind it. */
export interface Peer {
  readonly name: string
  readonly backend: Backend
  /** It speaks MCP over Streamable HTTP to its callers; one that does not is asked in its own way. */
  readonly speaksMcp: boolean
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
    ...{ name: "postern", backend: "stdio", speaksMcp: true },
    command: behindPostern({ "docs:1.0.0": { command: node, args: [stdioBackend] } }),
  },
  {
    ...{ name: "mcp-proxy", backend: "stdio", speaksMcp: true },
    command: async ({ port }) => [
      ...[at("mcp-proxy/dist/bin/mcp-proxy.mjs"), "--host", "127.0.0.1", "--port", `${port}`],
      ...["--server", "stream", "--no-eventStore", "--", node, stdioBackend],
    ],
  },
  {
    ...{ name: "supergateway", backend: "stdio", speaksMcp: true },
    command: async ({ port }) => [
      ...[at("supergateway/dist/index.js"), "--stdio", `${node} ${stdioBackend}`, "--stateful"],
      ...["--outputTransport", "streamableHttp", "--port", `${port}`, "--logLevel", "none"],
    ],
  },
  {
    ...{ name: "mcp-hub", backend: "stdio", speaksMcp: false },
    command: async ({ port, folder }) => {
      const file = join(folder, "hub.json")
      const servers = { docs: { command: node, args: [stdioBackend] } }
      writeFileSync(file, JSON.stringify({ mcpServers: servers }))
      return [at("mcp-hub/dist/cli.js"), "--port", `${port}`, "--config", file]
    },
  },
  {
    ...{ name: "postern", backend: "HTTP", speaksMcp: true },
    command: async (given) =>
      behindPostern({ "docs:1.0.0": { url: `http://127.0.0.1:${given.backendPort}/mcp` } })(given),
  },
  {
    ...{ name: "fastmcp", backend: "HTTP", speaksMcp: true },
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
  readonly call: Target
  readonly list: Target
  /** One more session, where the gateway has sessions. */
  openSession(): Promise<void>
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
    ...targetsOf(peer, port, first),
    openSession: async () => void (await session(port)),
    async [Symbol.asyncDispose]() {
      await subject[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function firstAnswer(peer: Peer, port: number): Promise<Record<string, string>> {
  const until = performance.now() + 60_000
  for (;;) {
    try {
      return peer.speaksMcp ? await session(port) : await hubAnswer(port)
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

async function hubAnswer(port: number): Promise<Record<string, string>> {
  const call = hubCall(port)
  const { path, headers } = call
  const body = bodyOf(call, 0)
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body })
  if (!answer.ok) throw new Error(`${answer.status}`)
  return {}
}

/** mcp-hub speaks HTTP+SSE to MCP clients; its REST door to the same tools costs it less. */
const hubCall = (port: number): Target => ({
  ...{ port, path: "/api/servers/tools", headers: { "content-type": "application/json" } },
  body: JSON.stringify({ server_name: "docs", tool, arguments: given }),
})

function targetsOf(peer: Peer, port: number, own: Record<string, string>) {
  if (!peer.speaksMcp) {
    const info = { path: "/api/servers/info", body: JSON.stringify({ server_name: "docs" }) }
    return { call: hubCall(port), list: { ...hubCall(port), ...info } }
  }
  const headers = { ...standard, ...identity, ...own }
  const message = (method: string, params: object) => (connection: number) =>
    JSON.stringify({ jsonrpc: "2.0", id: connection + 2, method, params })
  return {
    call: {
      port,
      path: "/mcp",
      headers,
      body: message("tools/call", { name: tool, arguments: given }),
    },
    list: { port, path: "/mcp", headers, body: message("tools/list", {}) },
  }
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
