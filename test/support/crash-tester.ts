import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import { Books, orderOf, refused, said } from "./books.ts"
import { chances } from "./chances.ts"
import { type BackendCall, openBackend, type TestBackend } from "./e2e-backend.ts"
import { callTool, startGateway, type TestGateway } from "./e2e-gateway.ts"
import { becomes, until } from "./e2e-process.ts"
import { http } from "./face-server.ts"
import { agentOf, sourceTool, toolDependency } from "./registries.ts"

/*
 * A gateway, or some on one database, that are killed again and again while many orders are under way, in front of three
 * servers that keep books and lose requests and answers. When all is over, every order is all done or all undone, whatever
 * anybody was told, and nothing was done twice.
 */

const servers = {
  inventory: ["reserve", "unreserve", "look"],
  payment: ["charge", "uncharge", "paid"],
  shipping: ["pack", "unpack", "ship"],
} as const
const tools = Object.values(servers).flat()
const reads: readonly string[] = ["look", "paid"]

const step = (id: string, more: object = {}) => ({
  ...{ id, action: { tool: id }, onUnknown: "retry" },
  ...more,
})
const undone = (id: string, more: object = {}) =>
  step(id, {
    compensate: { tool: `un${id}`, retry: { maxAttempts: 20, backoffMs: 5 } },
    ...more,
  })
const probed = { probe: { tool: "paid" }, done: "item == 'yes'" }
const sagas = {
  order: [undone("reserve"), step("look"), undone("charge", { onUnknown: probed }), step("ship")],
  parcel: [
    undone("reserve", { after: [] }),
    undone("pack", { after: [] }),
    undone("charge", { after: ["reserve"] }),
    step("ship", { after: ["pack", "charge"] }),
  ],
} as const
type SagaName = keyof typeof sagas

const registry = JSON.stringify({
  schemaVersion: "2.0",
  servers: Object.entries(servers).map(([name, provided]) => ({
    ...{ name, version: "1.0.0" },
    provides: provided.map((tool) => ({ tool })),
  })),
  tools: [
    ...Object.entries(servers).flatMap(([server, provided]) =>
      provided.map((tool) =>
        sourceTool(tool, {
          source: { server, serverVersion: "1.0.0", tool },
          annotations: { readOnlyHint: reads.includes(tool) },
        }),
      ),
    ),
    ...Object.entries(sagas).map(([name, steps]) => ({
      ...{ name, version: "1.0.0", description: name },
      inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
      depends: tools.map((tool) => toolDependency(tool)),
      spec: { saga: { sagaIdPath: "$.id", steps } },
    })),
  ],
  agents: [
    agentOf(
      "buyer",
      Object.keys(sagas).map((name) => toolDependency(name)),
      { version: "1.0.0" },
    ),
  ],
})

export interface CrashPlan {
  readonly gateways: number
  /** Where they keep their runs, together. */
  readonly runs: string
  readonly limits?: JsonObject
  readonly seed: number
  /** How often a gateway is ended, and what else happens then. */
  readonly kills: number
  readonly meanwhile?: (kill: number) => Promise<void>
  /** Those that servers keep. */
  readonly books?: Books
  /** The share of requests that are lost, and that of answers. */
  readonly losses?: number
}

/** How many orders were under way, and what is wrong in the end. */
export interface Verdict {
  readonly orders: number
  readonly calls: number
  readonly violations: readonly string[]
}

/** After these nobody asks again. */
const ends: readonly string[] = ["completed", "compensated", "parked"]
/** Why a run waits for an operator without anybody's fault: killed too often, or too many answers lost, in a row. */
const isBadLuck = /it was recovered \d+ times|after \d+ unknown outcomes/

/** Callers at a time. */
const callers = 12

export async function crash(plan: CrashPlan): Promise<Verdict> {
  await using tester = new CrashTester(plan)
  return await tester.run()
}

class CrashTester {
  readonly #plan: CrashPlan
  readonly #chance: () => number
  readonly #books: Books
  readonly #folders: readonly string[]
  readonly #backends: TestBackend[] = []
  readonly #gateways: TestGateway[] = []
  /** What callers were told of each order; undefined where nobody heard an end. */
  readonly #told = new Map<string, string | undefined>()
  #calls = 0
  #isOver = false

  constructor(plan: CrashPlan) {
    this.#plan = plan
    this.#chance = chances(plan.seed)
    this.#books = plan.books ?? new Books()
    this.#folders = Array.from({ length: plan.gateways }, () =>
      mkdtempSync(join(tmpdir(), "crash-")),
    )
  }

  async run(): Promise<Verdict> {
    for (const provided of Object.values(servers)) {
      const act = (call: BackendCall) => void this.#serve(call)
      this.#backends.push(await openBackend(Object.fromEntries(provided.map((one) => [one, act]))))
    }
    for (let place = 0; place < this.#plan.gateways; place++) await this.#start(place)
    const work = Array.from({ length: callers }, (_, nth) => this.#buy(nth))
    for (let kill = 1; kill <= this.#plan.kills; kill++) await this.#kill(kill)
    this.#isOver = true
    await Promise.all(work)
    await this.#settle()
    return { orders: this.#told.size, calls: this.#calls, violations: await this.#violations() }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { running } of this.#gateways) {
      running.child.kill("SIGKILL")
      await running.exited
    }
    for (const backend of this.#backends) await backend[Symbol.asyncDispose]()
    for (const folder of this.#folders) rmSync(folder, { recursive: true })
  }

  /** A server does what it is asked for at once, and then may lose the answer, or be slow with it. */
  async #serve(call: BackendCall): Promise<void> {
    this.#calls++
    // What only reads is not asked again: an order of which a look is lost goes back.
    const chance = call.tool === "look" ? 1 : this.#chance()
    const { losses = 0.03 } = this.#plan
    if (chance < losses) return void call.response.destroy()
    const result = this.#answer(call)
    if (chance < 2 * losses) return void call.response.destroy()
    if (chance > 0.9) await sleep(20 * this.#chance())
    call.send({ result })
  }

  #answer(call: BackendCall): JsonObject {
    const order = orderOf(call.arguments)
    if (call.tool === "look") return said("it is there")
    if (call.tool === "paid") return said(this.#books.of(order).includes("charge") ? "yes" : "no")
    return call.tool === "ship" && isBad(order) ? refused("no boxes") : this.#books.act(call)
  }

  async #start(place: number): Promise<void> {
    const { runs, limits } = this.#plan
    this.#gateways[place] = await startGateway({
      ...{ registry, folder: this.#folders[place] ?? "" },
      servers: Object.fromEntries(
        Object.keys(servers).map((name, nth) => [
          `${name}:1.0.0`,
          { url: String(this.#backends[nth]?.url) },
        ]),
      ),
      config: { state: { runs }, limits: { runHold: "10s", ...limits }, log: { level: "error" } },
    })
  }

  /** Ends a gateway when some calls have gone by, mostly at once, sometimes by asking it to; another takes its place. */
  async #kill(kill: number): Promise<void> {
    const from = this.#calls + 1 + Math.floor(80 * this.#chance())
    await becomes(() => this.#calls >= from, "calls go by")
    const place = Math.floor(this.#plan.gateways * this.#chance())
    const running = this.#gateways[place]?.running
    running?.child.kill(this.#chance() < 0.2 ? "SIGTERM" : "SIGKILL")
    await this.#plan.meanwhile?.(kill)
    await running?.exited
    await this.#start(place)
  }

  /** One caller after the other places an order; some ask until they hear an end, others give up. */
  async #buy(nth: number): Promise<void> {
    for (let count = 0; !this.#isOver; count++) {
      const name: SagaName = this.#chance() < 0.5 ? "order" : "parcel"
      const id = `${this.#chance() < 0.3 ? "bad" : "good"}-${name}-${nth}-${count}`
      const isPatient = this.#chance() < 0.7
      this.#told.set(id, undefined)
      for (;;) {
        const status = await this.#place(name, id)
        if (status === "completed" || status === "compensated") this.#told.set(id, status)
        if (ends.includes(String(status)) || !isPatient) break
        await sleep(20)
      }
    }
  }

  /** How the order stands, if anybody said. */
  async #place(name: SagaName, id: string): Promise<string | undefined> {
    const place = Math.floor(this.#plan.gateways * this.#chance())
    const gateway = this.#gateways[place]
    if (gateway === undefined) return
    const result = await callTool(gateway, "buyer", name, { id }).catch(() => undefined)
    const meta = isObject(result?.["_meta"]) ? result["_meta"]["dev.postern/run"] : undefined
    return isObject(meta) ? String(meta["status"]) : undefined
  }

  /** Until every run has ended. What was there at too many crashes, or lost too many answers, in a row waits for an operator. */
  async #settle(): Promise<void> {
    await until(async () => {
      const open = await this.#runs("running", "compensating", "parked")
      for (const { id, status, reason } of open) {
        if (status !== "parked") continue
        if (!isBadLuck.test(String(reason))) throw new Error(String(reason))
        await this.#resume(String(id))
      }
      if (open.length > 0) throw new Error(`still under way: ${JSON.stringify(open)}`)
    }, 30_000)
  }

  async #resume(id: string): Promise<void> {
    const body = JSON.stringify({ operator: "kim", reason: "it was not its fault" })
    const headers = { "content-type": "application/json" }
    await http(this.#adminPort, { path: `/runs/${id}/resume`, headers, body })
  }

  get #adminPort(): number {
    return this.#gateways[0]?.adminPort ?? 0
  }

  /** All runs that stand so; all there are, where nothing is said. */
  async #runs(...statuses: readonly string[]): Promise<readonly JsonObject[]> {
    const query = statuses.map((status) => `&status=${status}`).join("")
    const found: JsonObject[] = []
    for (;;) {
      const after = found.length === 0 ? "" : `&after=${found.at(-1)?.["id"]}`
      const path = `/runs?limit=1000${query}${after}`
      const { text } = await http(this.#adminPort, { method: "GET", path })
      const { runs } = JSON.parse(text)
      found.push(...runs)
      if (runs.length < 1_000) return found
    }
  }

  async #violations(): Promise<readonly string[]> {
    const runs = new Map(
      (await this.#runs()).map((run) => [String(run["key"]).split(":")[2] ?? "", run] as const),
    )
    const wrong = [...this.#told].flatMap(([order, told]) => {
      const { status, reason } = runs.get(order) ?? {}
      const parts = status === "completed" ? partsOf(order) : []
      const done = this.#books.of(order)
      return [
        told === undefined || told === status ? [] : `${order} is ${status}, and was told ${told}`,
        status === undefined || status === (isBad(order) ? "compensated" : "completed")
          ? []
          : `${order} is ${status}: ${reason}`,
        done.join() === parts.join() ? [] : `${order} is ${status}, and has ${done.join()}`,
      ].flat()
    })
    const unknown = this.#books.orders.filter((order) => !runs.has(order))
    return [
      ...wrong,
      ...this.#books.twice.map((thing) => `twice: ${thing}`),
      ...unknown.map((order) => `nobody knows of ${order}`),
    ]
  }
}

const isBad = (order: string): boolean => order.startsWith("bad")

const partsOf = (order: string): readonly string[] =>
  order.includes("order") ? ["charge", "reserve", "ship"] : ["charge", "pack", "reserve", "ship"]
