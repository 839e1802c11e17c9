import { setTimeout as sleep } from "node:timers/promises"
import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import { Books, orderOf, refused } from "../../support/books.ts"
import { type BackendCall, openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import { callTool } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import type { Beside, World } from "./world.ts"

const step = (id: string, more: object = {}) => ({
  ...{ id, action: { tool: id }, onUnknown: "retry" },
  ...more,
})
const undone = (id: string) =>
  step(id, { compensate: { tool: `un${id}`, retry: { maxAttempts: 20, backoffMs: 5 } } })
const tools = ["reserve", "unreserve", "charge", "uncharge", "ship"]

const order: JsonObject = {
  ...{ name: "order", version: "1.0.0", description: "reserves, charges and ships" },
  inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
  depends: tools.map((name) => ({ type: "tool", name, version: "1.0.0" })),
  spec: {
    saga: { sagaIdPath: "$.id", steps: [undone("reserve"), undone("charge"), step("ship")] },
  },
}

/** What the shop has done in the end, in this order, and nothing else. */
const good = "reserve,charge,ship"
const bad = "reserve,charge,uncharge,unreserve"

/**
 * Buyers whose orders are sagas at a shop that keeps a ledger: every second one cannot be shipped and must be undone. What the
 * ledger says when all is over is the judge (I4), whatever anybody was told.
 */
export class Orders implements AsyncDisposable {
  readonly #books = new Books()
  /** What was really done for each order, in order. */
  readonly #ledger = new Map<string, string[]>()
  readonly #keys = new Set<string>()
  readonly #told = new Map<string, string>()
  #shop: TestBackend | undefined
  #isOver = false
  #lanes: Promise<unknown> = Promise.resolve()

  /** Opens the shop; what the world needs to know of it. */
  async open(): Promise<Beside> {
    const act = (call: BackendCall) => void this.#serve(call)
    this.#shop = await openBackend(Object.fromEntries(tools.map((tool) => [tool, act])))
    return {
      tools: Object.fromEntries(tools.map((tool) => [tool, { server: "shop", hasEffects: true }])),
      agents: { buyer: ["order"] },
      servers: { "shop:1.0.0": { url: this.#shop.url } },
      compositions: [order],
    }
  }

  /** Orders are placed by so many buyers until `end`. */
  begin(world: World, buyers = 6): void {
    this.#lanes = Promise.all(Array.from({ length: buyers }, (_, nth) => this.#buy(world, nth)))
  }

  /** Buyers rest, and every run has ended; what is wrong with the ledger then. */
  async end(world: World): Promise<string | undefined> {
    this.#isOver = true
    await this.#lanes
    const runs = (query: string) => world.gateway.admin(`/runs?limit=1000${query}`)
    await becomes(async () => {
      const { text } = await runs("&status=running&status=compensating")
      return JSON.parse(text).runs.length === 0
    }, "every run has ended")
    const { text } = await runs("&status=parked")
    const wrong = [
      ...this.#books.twice.map((thing) => `twice: ${thing}`),
      ...JSON.parse(text).runs.map((run: JsonObject) => `parked: ${run["reason"]}`),
      ...[...this.#ledger].flatMap(([id, done]) => {
        const [end, status] = id.startsWith("bad") ? [bad, "compensated"] : [good, "completed"]
        const told = this.#told.get(id) ?? status
        return done.join() === end && told === status ? [] : `${id}, told ${told}: ${done.join()}`
      }),
    ]
    return wrong.length === 0 ? undefined : `${wrong.length}: ${wrong[0]}`
  }

  get count(): number {
    return this.#ledger.size
  }

  /** Orders that are neither all done nor all undone now. */
  get halfDone(): number {
    return [...this.#ledger.values()].filter((done) => ![good, bad].includes(done.join())).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#lanes
    await this.#shop?.[Symbol.asyncDispose]()
  }

  async #serve(call: BackendCall): Promise<void> {
    const id = orderOf(call.arguments)
    await sleep(10)
    if (call.tool === "ship" && id.startsWith("bad")) return call.send({ result: refused("no") })
    const key = String(call.headers["idempotency-key"])
    if (!this.#keys.has(key)) {
      this.#keys.add(key)
      this.#ledger.set(id, [...(this.#ledger.get(id) ?? []), call.tool])
    }
    call.send({ result: this.#books.act(call) })
  }

  async #buy(world: World, nth: number): Promise<void> {
    for (let count = 0; !this.#isOver; count++) {
      const id = `${count % 2 === 0 ? "good" : "bad"}-${nth}-${count}`
      const answer = await callTool(world.gateway, "buyer", "order", { id }).catch(() => undefined)
      const meta = isObject(answer?.["_meta"]) ? answer["_meta"]["dev.postern/run"] : undefined
      const status = isObject(meta) ? String(meta["status"]) : "unheard"
      if (["completed", "compensated"].includes(status)) this.#told.set(id, status)
      await sleep(20)
    }
  }
}
