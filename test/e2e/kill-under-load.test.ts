import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { fileURLToPath } from "node:url"
import { expect, onTestFinished, test } from "vitest"
import type { JsonObject } from "../../src/schema/json.ts"
import { refusalOf, startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { becomes, descendants, postern, until } from "../support/e2e-process.ts"
import { as, both, legacy, modern, session } from "../support/face-server.ts"
import { isAlive } from "../support/is-alive.ts"

/*
 * Hundreds of calls in flight while backends and the gateway itself are killed, again and again. Afterwards every call
 * has one answer or a clear refusal, nothing was carried out twice, and the audit accounts for all of it.
 */

const script = fileURLToPath(import.meta.resolve("../support/survivor-child.ts"))
const servers = ["web", "pipe", "own"] as const
const lanes = 200
const patience = 60_000 // a busy machine takes its time

/** What came of one call. `lost`: the connection broke, as it must when the gateway is killed. */
type Fate = "ok" | "lost" | (string & {})

interface Call {
  readonly n: number
  readonly server: string
  readonly fate: Fate
  /** How often the gateway had been started when the call was made. */
  readonly life: number
}

class World {
  readonly folder = mkdtempSync(join(tmpdir(), "postern-kill-"))
  readonly calls: Call[] = []
  readonly #web: { child: ChildProcess; port: number }
  gateway!: TestGateway
  #sessions: Record<string, string>[] = []
  #n = 0
  #life = 0
  #isOver = false

  constructor(web: { child: ChildProcess; port: number }) {
    this.#web = web
  }

  log(server: string): string {
    return join(this.folder, `${server}.log`)
  }

  async start(): Promise<void> {
    const { port } = this.#web
    const pipe = (server: string) => ({
      command: process.execPath,
      args: [script, this.log(server)],
    })
    this.gateway = await startGateway({
      folder: this.folder,
      registry: {
        tools: Object.fromEntries(
          servers.map((server) => [server, { server, as: "slow", hasEffects: true as const }]),
        ),
        agents: { a: [...servers], b: [...servers] },
      },
      servers: {
        "web:1.0.0": { url: `http://127.0.0.1:${port}/mcp` },
        "pipe:1.0.0": pipe("pipe"),
        "own:1.0.0": { ...pipe("own"), isolation: "principal" },
      },
      env: { SESSION_KEY: "a session key that only a test would use" },
      config: {
        session: { key: "${SESSION_KEY}" },
        listen: { port: this.#life === 0 ? 0 : this.gateway.port },
        limits: { backendRetryWait: "300ms" },
      },
    })
    this.#life++
  }

  async open(): Promise<void> {
    for (const agent of ["a@1.0.0", "b@1.0.0"])
      this.#sessions.push(await session(this.gateway.port, agent))
  }

  /** Calls one tool after the other until it is over; every second lane is a modern caller. */
  async lane(index: number): Promise<void> {
    while (!this.#isOver) {
      const n = this.#n++
      const server = servers[n % servers.length] ?? "web"
      const life = this.#life
      const fate = await this.#call(index, server, n)
      this.calls.push({ n, server, fate, life })
      if (fate !== "ok") await new Promise((resolve) => setTimeout(resolve, 50)) // as a client would
    }
  }

  async #call(index: number, name: string, n: number): Promise<Fate> {
    const params = { name, arguments: { n } }
    const { message, headers } =
      index % 2 === 0
        ? { message: legacy("tools/call", params, n), headers: this.#sessions[(index / 2) % 2] }
        : modern("tools/call", params, n)
    try {
      const response = await fetch(this.gateway.url, {
        method: "POST",
        headers: {
          ...(index % 2 === 1 && as(index % 4 === 1 ? "a@1.0.0" : "b@1.0.0")),
          ...headers,
          "content-type": "application/json",
          accept: both,
        },
        body: JSON.stringify(message),
      })
      const answer = JSON.parse(await response.text())
      expect(answer.id).toBe(n)
      const refusal = refusalOf(answer.result ?? answer)
      if (refusal !== undefined) return String(refusal)
      expect(answer.result.content[0].text).toMatch(new RegExp(`^${n} by \\d+$`))
      return "ok"
    } catch (error) {
      if (error instanceof TypeError) return "lost" // what fetch throws
      throw error
    }
  }

  /** Waits until every server has answered as many calls that were made from here on. */
  async goesOn(more = 20): Promise<void> {
    const from = this.#n
    await until(() => {
      const ok = this.calls.filter(({ n, fate }) => n >= from && fate === "ok")
      for (const name of servers)
        expect(ok.filter(({ server }) => server === name).length).toBeGreaterThanOrEqual(more)
    }, patience)
  }

  async kill(what: "web" | "pipes" | "gateway"): Promise<void> {
    const { child, port } = this.#web
    if (what === "web") {
      child.kill("SIGKILL")
      this.#web.child = await serveWeb(this.log("web"), port)
    } else if (what === "pipes") {
      const pids = descendants(this.gateway.running.pid)
      expect(pids.length).toBeGreaterThanOrEqual(2) // of those that are isolated one may rest
      for (const pid of pids) process.kill(pid, "SIGKILL")
    } else {
      const before = descendants(this.gateway.running.pid)
      this.gateway.running.child.kill("SIGKILL")
      await this.gateway.running.exited
      await becomes(() => !before.some(isAlive), "no child outlives its gateway")
      await this.start()
    }
  }

  end(): void {
    this.#isOver = true
  }

  /** What all servers have carried out, in order. */
  carriedOut(): number[] {
    return servers.flatMap((server) =>
      readFileSync(this.log(server), "utf8").trim().split("\n").map(Number),
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#web.child.kill("SIGKILL")
    await this.gateway[Symbol.asyncDispose]()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

async function serveWeb(log: string, port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [script, log, String(port)], {
    stdio: ["ignore", "ignore", "pipe"],
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  await once(child.stderr as Readable, "data") // it says that it listens
  return child
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

const digestOf = (n: number): string =>
  `sha256:${createHash("sha256").update(JSON.stringify({ n })).digest("hex")}`

test("what is killed under load loses no call without a word, and does none twice", {
  timeout: 3 * patience,
}, async () => {
  const port = await freePort()
  const web = { child: undefined as unknown as ChildProcess, port }
  await using world = new World(web)
  web.child = await serveWeb(world.log("web"), port)
  await world.start()
  await world.open()
  const running = Promise.all(Array.from({ length: lanes }, (_, index) => world.lane(index)))
  await world.goesOn()
  for (const what of ["web", "pipes", "gateway", "pipes"] as const) {
    await world.kill(what)
    await world.goesOn()
  }
  world.end()
  await running

  const { calls } = world
  const fates = Map.groupBy(calls, ({ fate }) => fate)
  expect([...fates.keys()].sort()).toEqual(["backend_unavailable", "lost", "ok"])
  const lost = fates.get("lost") ?? []
  expect(Map.groupBy(lost, ({ life }) => life).size).toBeLessThanOrEqual(2)

  const pids = descendants(world.gateway.running.pid)
  expect(pids.length).toBeLessThanOrEqual(3) // one shared, and one for each of two callers
  expect(await world.gateway.stop()).toMatchObject({ code: 0 })
  expect(pids.filter(isAlive)).toEqual([])

  const done = world.carriedOut()
  expect(done.length).toBe(new Set(done).size)
  const records = Map.groupBy(
    world.gateway.audit().filter(({ kind }) => kind === "call" || kind === "begin"),
    (record) => (record["in"] as JsonObject)["digest"],
  )
  const recordsOf = (n: number, kind: string) =>
    (records.get(digestOf(n)) ?? []).filter((record) => record["kind"] === kind)
  for (const n of done) expect(recordsOf(n, "begin")).toHaveLength(1)
  for (const { n, fate } of calls) {
    const ended = recordsOf(n, "call")
    if (fate === "lost") expect(ended.length).toBeLessThanOrEqual(1)
    else expect(ended).toMatchObject([fate === "ok" ? { outcome: "ok" } : { refusal: fate }])
  }
  const verified = JSON.parse(
    (await postern(["audit", "verify", "--json", world.gateway.auditFile])).stdout,
  )
  expect(verified).toMatchObject({ findings: [] })
  const ids = lost.flatMap(({ n }) => recordsOf(n, "begin")).map(({ id }) => id)
  for (const { id } of verified.openBegins) expect(ids).toContain(id)
})
