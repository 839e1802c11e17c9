import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { isObject, type Json, type JsonObject } from "../../../src/schema/json.ts"
import { Books, orderOf, refused, said } from "../../support/books.ts"
import { type BackendCall, openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import { startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { ask, http } from "../../support/face-server.ts"
import type { Freeze } from "../../support/frozen-child.ts"
import { type Postgres, postgresPrograms, startPostgres } from "../../support/postgres.ts"
import { agentOf, sourceTool, toolDependency } from "../../support/registries.ts"

/*
 * A real gateway with an order at each point at which a crash makes a difference: each stands still there, at a write to the
 * journal or in the middle of a call, and one SIGKILL ends them all. The next gateway is ended while it takes them over. The
 * one after that goes on with them, and the books, which this process keeps, must balance.
 */

const names = ["reserve", "look", "charge", "ship", "pack", "label", "tell"]
const all = [...names, "unreserve", "uncharge", "unpack", "unlabel"]
const step = (id: string, more: object = {}) => ({
  ...{ id, action: { tool: id }, onUnknown: "retry" },
  ...more,
})
const undone = (id: string, more: object = {}) =>
  step(id, {
    compensate: { tool: `un${id}`, retry: { maxAttempts: 20, backoffMs: 10 } },
    ...more,
  })
const saga = (name: string, steps: readonly object[]) => ({
  ...{ name, version: "1.0.0", description: name },
  inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
  depends: all.map((tool) => toolDependency(tool)),
  spec: { saga: { sagaIdPath: "$.id", steps } },
})
const sagas = [
  saga("order", [
    undone("reserve"),
    { id: "look", action: { tool: "look" } },
    undone("charge"),
    step("ship"),
  ]),
  saga("parcel", [
    undone("pack", { after: [] }),
    undone("label", { after: [] }),
    step("ship", { after: ["pack", "label"] }),
  ]),
  saga("loan", [
    undone("reserve"),
    { id: "ask", action: { approve: { message: "Lend it?" } } },
    step("ship"),
  ]),
  saga("gift", [undone("reserve"), step("ship", { pivot: true }), step("tell")]),
]
const registry = JSON.stringify({
  schemaVersion: "2.0",
  servers: [{ name: "shop", version: "1.0.0", provides: all.map((tool) => ({ tool })) }],
  tools: [
    ...all.map((name) =>
      sourceTool(name, {
        source: { server: "shop", tool: name },
        annotations: { readOnlyHint: name === "look" },
      }),
    ),
    ...sagas,
  ],
  agents: [
    agentOf(
      "buyer",
      sagas.map(({ name }) => toolDependency(name)),
      { version: "1.0.0" },
    ),
  ],
})

/** Where an order stands when the gateway is killed. */
interface Point {
  /** As in the list that sagas are held to, and what that is. */
  readonly name: string
  readonly saga?: "order" | "parcel" | "loan" | "gift"
  /** At a write to the journal … */
  readonly at?: Pick<Freeze, "when" | "write">
  /** … or in the middle of calls: those of which the effect has happened, and those of which it has not. */
  readonly did?: string
  readonly asked?: string
  readonly isRefused?: true
  /** How often each was sent in the end; once, or never, those that are not here. */
  readonly sent?: Readonly<Record<string, number>>
  /** Nothing of it is under way, so that nobody takes it over; or not before the operator who has it must have gone. */
  readonly isLeft?: true
}

const before = (write: string) => ({ at: { when: "before", write } }) as const
const after = (write: string) => ({ at: { when: "after", write } }) as const
const bad = { isRefused: true } as const
const points: readonly Point[] = [
  { name: "1 before the run is written", ...before("create"), isLeft: true },
  { name: "2 after it", ...after("create") },
  { name: "3 after an intent, before the call", ...after("intent charge") },
  { name: "4 after the call, before its effect", asked: "charge", sent: { charge: 2 } },
  { name: "5 after the effect, before the response", did: "charge", sent: { charge: 2 } },
  {
    name: "6 after the response, before it is written",
    ...before("ok charge"),
    sent: { charge: 2 },
  },
  { name: "7 after the outcome", ...after("ok reserve") },
  { name: "8 between steps", asked: "look", sent: { look: 2 } },
  {
    name: "9 while two steps are in flight",
    ...{ saga: "parcel", did: "pack", asked: "label", sent: { pack: 2, label: 2 } },
  },
  { name: "10a before it goes back", ...bad, ...before("turn compensating"), sent: { ship: 2 } },
  { name: "10b before the first undo", ...bad, ...after("undo charge") },
  {
    name: "11 after an undo, before it is written",
    ...bad,
    did: "uncharge",
    sent: { uncharge: 2 },
  },
  { name: "12 between undos", ...bad, ...after("undone charge") },
  { name: "13 after the last undo", ...bad, ...before("undone reserve"), sent: { unreserve: 2 } },
  { name: "14a after the end, before the answer", ...after("turn completed"), isLeft: true },
  { name: "14b after all is undone", ...bad, ...after("turn compensated"), isLeft: true },
  { name: "16 while a person is waited for", saga: "loan" },
  { name: "17a before the answer of a person is written", saga: "loan", ...before("answer ask") },
  { name: "17b after it", saga: "loan", ...after("answer ask") },
  {
    name: "18a before an operator's word is written",
    ...{ saga: "gift", isLeft: true },
    ...before("op tell"),
  },
  { name: "18b after it", saga: "gift", ...after("op tell"), isLeft: true },
]
const idOf = ({ name }: Pick<Point, "name">) => name.replaceAll(" ", "-")

/** The one that seems to be what ends the gateway (15): whenever it is taken over. */
const poison: Point = { name: "15 in recovery, each time", did: "charge" }
const everybody: readonly Point[] = [...points, poison]

/** One backend for all: what is held there is never answered. */
async function openShop() {
  const books = new Books()
  const holding = new Set<string>()
  const act = (call: BackendCall) => {
    const { tool } = call
    const id = orderOf(call.arguments)
    const { did, asked, isRefused } = everybody.find((one) => idOf(one) === id) ?? {}
    books.hear(call)
    const isFirst = books.sent(tool, id) === 1
    if (isFirst && did === tool) books.act(call)
    if (isFirst && [did, asked].includes(tool)) holding.add(`${tool} ${id}`)
    else call.send({ result: answerOf(call, isFirst, isRefused) })
  }
  const answerOf = (call: BackendCall, isFirst: boolean, isRefused?: true) => {
    const { tool } = call
    if (tool === "look") return said("it is there")
    if (tool === "ship" && isRefused) return refused("no boxes")
    return tool === "tell" && isFirst ? refused("nobody is there") : books.act(call)
  }
  const backend = await openBackend(Object.fromEntries(all.map((name) => [name, act])))
  return { backend, books, holding }
}

interface Store {
  readonly runs: string
  readonly limits?: JsonObject
}

class Crashing {
  readonly #folder = mkdtempSync(join(tmpdir(), "crash-points-"))
  readonly #backend: TestBackend
  readonly #store: Store
  gateway: TestGateway | undefined

  constructor(backend: TestBackend, store: Store) {
    this.#backend = backend
    this.#store = store
  }

  async start(freezes: readonly Freeze[] = []): Promise<void> {
    const hook = new URL("../../support/frozen-child.ts", import.meta.url)
    this.gateway = await startGateway({
      ...{ registry, folder: this.#folder, isFromSource: true },
      servers: { "shop:1.0.0": { url: this.#backend.url } },
      env: { NODE_OPTIONS: `--import=${hook.href}`, FREEZE: JSON.stringify(freezes) },
      config: {
        state: { runs: this.#store.runs },
        limits: { runHold: "20s", ...this.#store.limits },
      },
    })
  }

  /** A second one on the same journal. */
  twin(): Promise<TestGateway> {
    const { configFile } = this.#gateway
    const config = {
      ...JSON.parse(readFileSync(configFile, "utf8")),
      audit: { file: "./twin.jsonl" },
    }
    return startGateway({ registry, folder: this.#folder, config })
  }

  /** Orders that stand still at the journal. */
  get frozen(): readonly string[] {
    const lines = this.#gateway.log().filter(({ event }) => event === "frozen")
    return lines.map(({ order }) => String(order))
  }

  async kill(): Promise<void> {
    const { running } = this.#gateway
    running.child.kill("SIGKILL")
    await running.exited
  }

  async call(name: string, id: string, more: object = {}): Promise<JsonObject> {
    const _meta = { "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } } }
    const params = { name, arguments: { id }, _meta, ...more }
    const { text } = await ask(this.#gateway.port, "buyer", "tools/call", params)
    return Object(JSON.parse(text).result)
  }

  async accept(name: string, id: string): Promise<JsonObject> {
    const { requestState } = await this.call(name, id)
    const inputResponses = { "approve:ask": { action: "accept", content: {} } }
    return this.call(name, id, { requestState, inputResponses })
  }

  /** Orders that are under way. */
  async open(): Promise<readonly string[]> {
    const path = "/runs?status=running&status=compensating"
    const { text } = await http(this.#gateway.adminPort, { method: "GET", path })
    const runs: readonly JsonObject[] = JSON.parse(text).runs
    return runs.map(({ key }) => String(key).split(":", 3).at(-1) ?? "")
  }

  /** An operator's verb; what the run has become. */
  async operate(verb: string, id: Json | undefined, words: JsonObject = {}): Promise<unknown> {
    const { text } = await http(this.#gateway.adminPort, {
      path: `/runs/${id}/${verb}`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ operator: "kim", reason: "a crash", ...words }),
    })
    return JSON.parse(text).status
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.gateway !== undefined) await this.kill() // one that stands still does not end by itself
    rmSync(this.#folder, { recursive: true })
  }

  get #gateway(): TestGateway {
    if (this.gateway === undefined) throw new Error("no gateway was started")
    return this.gateway
  }
}

const runOf = (result: JsonObject): JsonObject => {
  const meta = isObject(result["_meta"]) ? result["_meta"] : {}
  return Object(meta["dev.postern/run"])
}

/** Everything that was begun, up to where it stands still; the callers never hear of it. */
async function stage(crashing: Crashing, holding: ReadonlySet<string>): Promise<void> {
  const lost: Promise<unknown>[] = []
  const begin = (work: Promise<unknown>) => void lost.push(work.catch(() => "nobody answered"))
  for (const point of everybody) {
    const { saga: tool = "order", at } = point
    const id = idOf(point)
    if (tool === "loan" && at !== undefined) begin(crashing.accept(tool, id))
    else if (tool === "loan") await crashing.call(tool, id)
    else if (tool === "gift") {
      const { id: run } = runOf(await crashing.call(tool, id))
      begin(crashing.operate("skip-step", run, { step: "tell" }))
    } else begin(crashing.call(tool, id))
  }
  const frozen = points.filter(({ at }) => at !== undefined).length
  const held = everybody.flatMap(({ did = [], asked = [] }) => [did, asked].flat())
  await becomes(
    () => crashing.frozen.length === frozen && holding.size === held.length,
    `all stand still: ${crashing.frozen.join()}; ${[...holding].join()}`,
  )
  await crashing.kill()
  await Promise.all(lost)
}

/** It is ended while it takes over all that is open, then while it takes over one of them again and again. */
async function haunt(crashing: Crashing): Promise<void> {
  const open = everybody.filter(({ isLeft }) => isLeft !== true).map(idOf)
  const isThere = (orders: readonly string[]) => open.filter((id) => orders.includes(id))
  await crashing.start([{ order: "*", when: "taken" }])
  await becomes(() => isThere(crashing.frozen).length === open.length, "all are taken over")
  await crashing.kill()
  for (let count = 2; count <= 5; count++) {
    await crashing.start([{ order: idOf(poison), when: "taken" }])
    await becomes(() => crashing.frozen.length === 1, `${poison.name} is taken over`)
    await becomes(
      async () => isThere(await crashing.open()).length === 1,
      "the others have gone on",
    )
    await crashing.kill()
  }
  await crashing.start()
}

/** What came of an order, as its caller is told who asks again. */
async function outcome(crashing: Crashing, point: Point): Promise<unknown> {
  const { saga: tool = "order" } = point
  const id = idOf(point)
  const isAsked = tool === "loan" && !point.name.startsWith("17b")
  const result = await (isAsked ? crashing.accept(tool, id) : crashing.call(tool, id))
  const run = runOf(result)
  if (!point.name.startsWith("18a")) return run["status"]
  expect(run["status"]).toBe("parked")
  await crashing.operate("skip-step", run["id"], { step: "tell" })
  return runOf(await crashing.call(tool, id))["status"]
}

const parts = {
  order: ["charge", "reserve", "ship"],
  parcel: ["label", "pack", "ship"],
  loan: ["reserve", "ship"],
  gift: ["reserve", "ship"],
} as const

async function survives(
  store: Store,
  atLast: (crashing: Crashing) => Promise<void> = async () => {},
): Promise<void> {
  const { backend, books, holding } = await openShop()
  await using _ = backend
  await using crashing = new Crashing(backend, store)
  await crashing.start(
    points.flatMap((point) => (point.at === undefined ? [] : { order: idOf(point), ...point.at })),
  )
  await stage(crashing, holding)
  await haunt(crashing)
  for (const point of points) {
    const { name, saga: tool = "order", isRefused, sent = {} } = point
    const status = isRefused ? "compensated" : "completed"
    expect([name, await outcome(crashing, point)]).toEqual([name, status])
    expect([name, books.of(idOf(point))]).toEqual([name, isRefused ? [] : parts[tool]])
    const counts = Object.fromEntries(
      all.flatMap((one) => {
        const count = books.sent(one, idOf(point))
        return count > 1 ? [[one, count]] : []
      }),
    )
    expect([name, counts]).toEqual([name, sent])
  }
  const parked = runOf(await crashing.call("order", idOf(poison)))
  expect(parked).toMatchObject({ status: "parked" })
  expect(await crashing.operate("resume", parked["id"])).toBe("running")
  await becomes(
    async () => runOf(await crashing.call("order", idOf(poison)))["status"] === "completed",
    "what an operator has resumed is completed",
  )
  expect(books.of(idOf(poison))).toEqual(parts.order)
  expect(books.twice).toEqual([])
  await atLast(crashing)
}

describe("a gateway that is killed at each point that matters goes on, and the books balance:", () => {
  test("with its journal in SQLite, which it shares with no other", async () => {
    await survives({ runs: "sqlite:./runs.db" }, async (crashing) => {
      await expect(crashing.twin()).rejects.toThrow(
        /run journal cannot be opened: .*runs\.db is in use by another process/,
      )
    })
  }, 120_000)

  describe.skipIf(postgresPrograms === undefined)("(skipped where there is no PostgreSQL)", () => {
    let database: Postgres
    beforeAll(async () => {
      database = await startPostgres(postgresPrograms ?? "")
    }, 60_000)
    afterAll(() => database.close())

    test("with its journal in PostgreSQL", async () => {
      await survives({ runs: database.database("points"), limits: { runLease: "1s" } })
    }, 120_000)
  })
})
