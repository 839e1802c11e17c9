import { setTimeout as sleep } from "node:timers/promises"
import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import { Books, orderOf, refused } from "../../support/books.ts"
import { type BackendCall, openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import { callTool } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { http } from "../../support/face-server.ts"
import type { Beside, World } from "./world.ts"

const step = (id: string, more: object = {}) => ({
  ...{ id, action: { tool: id }, onUnknown: "retry" },
  ...more,
})
const undone = (id: string, maxAttempts: number) =>
  step(id, { compensate: { tool: `un${id}`, retry: { maxAttempts, backoffMs: 5 } } })
const tools = ["reserve", "unreserve", "charge", "uncharge", "ship"]

const saga = (name: string, maxAttempts: number): JsonObject => ({
  ...{ name, version: "1.0.0", description: "reserves, charges and ships" },
  inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
  depends: tools.map((name) => ({ type: "tool", name, version: "1.0.0" })),
  spec: {
    saga: {
      sagaIdPath: "$.id",
      steps: [undone("reserve", maxAttempts), undone("charge", maxAttempts), step("ship")],
    },
  },
})

/** What an operator does with an order whose charge cannot be taken back. */
const verbs = ["resume", "skip-step", "retry-step", "abandon"] as const

interface End {
  /** What the shop has done in the end, in this order, and nothing else. */
  readonly ledger: string
  readonly status: string
}

/** How an order ends, by the first word of its id. */
const ends: Readonly<Record<string, End>> = {
  good: { ledger: "reserve,charge,ship", status: "completed" },
  bad: { ledger: "reserve,charge,uncharge,unreserve", status: "compensated" },
  resume: { ledger: "reserve,charge,unreserve,uncharge", status: "compensated" },
  "retry-step": { ledger: "reserve,charge,unreserve,uncharge", status: "compensated" },
  "skip-step": { ledger: "reserve,charge,unreserve", status: "compensated" },
  abandon: { ledger: "reserve,charge,unreserve", status: "abandoned" },
}
const kindOf = (id: string): string => String(id.split("/")[0])

/**
 * Buyers whose orders are sagas at a shop that keeps a ledger: every second one cannot be shipped and must be undone. With an
 * operator, some of those cannot be undone either and wait for what the operator does with them. What the ledger says when
 * all is over is the judge (I4), whatever anybody was told.
 */
export class Orders implements AsyncDisposable {
  readonly #hasOperator: boolean
  readonly #books = new Books()
  /** What was really done for each order, in order. */
  readonly #ledger = new Map<string, string[]>()
  readonly #keys = new Set<string>()
  readonly #told = new Map<string, string>()
  /** Orders whose charge can be taken back after all. */
  readonly #mended = new Set<string>()
  #operated = 0
  #shop: TestBackend | undefined
  #isOver = false
  #lanes: Promise<unknown> = Promise.resolve()

  constructor({ hasOperator = false } = {}) {
    this.#hasOperator = hasOperator
  }

  /** Opens the shop; what the world needs to know of it. */
  async open(): Promise<Beside> {
    const act = (call: BackendCall) => void this.#serve(call)
    this.#shop = await openBackend(Object.fromEntries(tools.map((tool) => [tool, act])))
    return {
      tools: Object.fromEntries(tools.map((tool) => [tool, { server: "shop", hasEffects: true }])),
      agents: { buyer: ["order", "doubtful"] },
      servers: { "shop:1.0.0": { url: this.#shop.url } },
      compositions: [saga("order", 20), saga("doubtful", 2)],
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
    await becomes(async () => {
      const parked = await runs(world, "parked")
      if (this.#hasOperator) await this.#stepIn(world, parked)
      const open = await runs(world, "running", "compensating")
      return open.length === 0 && (parked.length === 0 || !this.#hasOperator)
    }, "every run has ended")
    const wrong = [
      ...this.#books.twice.map((thing) => `twice: ${thing}`),
      ...(await runs(world, "parked")).map((run) => `parked: ${run["reason"]}`),
      ...[...this.#ledger].flatMap(([id, done]) => {
        const end = ends[kindOf(id)]
        const told = this.#told.get(id) ?? end?.status
        const isRight = done.join() === end?.ledger && told === end.status
        return isRight ? [] : `${id}, told ${told}: ${done.join()}`
      }),
    ]
    return wrong.length === 0 ? undefined : `${wrong.length}: ${wrong[0]}`
  }

  /** One look of an operator at what waits for one. */
  async operate(world: World): Promise<void> {
    await this.#stepIn(world, await runs(world, "parked"))
  }

  async #stepIn(world: World, parked: readonly JsonObject[]): Promise<void> {
    for (const run of parked) {
      const id = String(run["key"]).split(":").slice(2).join(":")
      const verb = kindOf(id)
      if (!verbs.some((one) => one === verb)) continue
      if (verb === "resume" || verb === "retry-step") this.#mended.add(id)
      const body = JSON.stringify({
        ...{ operator: "kim", reason: "night shift" },
        ...(verb.endsWith("-step") && { step: "charge" }),
      })
      const { status } = await http(world.gateway.adminPort, {
        path: `/runs/${run["id"]}/${verb}`,
        headers: { "content-type": "application/json" },
        body,
      })
      if (status === 200) this.#operated++
    }
  }

  /** How often an operator stepped in. */
  get operated(): number {
    return this.#operated
  }

  get count(): number {
    return this.#ledger.size
  }

  /** Orders that are neither all done nor all undone now. */
  get halfDone(): number {
    return [...this.#ledger].filter(([id, done]) => done.join() !== ends[kindOf(id)]?.ledger).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#lanes
    await this.#shop?.[Symbol.asyncDispose]()
  }

  async #serve(call: BackendCall): Promise<void> {
    const id = orderOf(call.arguments)
    await sleep(10)
    const kind = kindOf(id)
    const isStuck = call.tool === "uncharge" && kind !== "bad" && !this.#mended.has(id)
    if (isStuck || (call.tool === "ship" && kind !== "good"))
      return call.send({ result: refused("no") })
    const key = String(call.headers["idempotency-key"])
    if (!this.#keys.has(key)) {
      this.#keys.add(key)
      this.#ledger.set(id, [...(this.#ledger.get(id) ?? []), call.tool])
    }
    call.send({ result: this.#books.act(call) })
  }

  async #buy(world: World, nth: number): Promise<void> {
    for (let count = 0; !this.#isOver; count++) {
      const kind = this.#kindOfNext(count)
      const id = `${kind}/${nth}-${count}`
      const tool = kind === "good" || kind === "bad" ? "order" : "doubtful"
      const answer = await callTool(world.gateway, "buyer", tool, { id }).catch(() => undefined)
      const meta = isObject(answer?.["_meta"]) ? answer["_meta"]["dev.postern/run"] : undefined
      const status = isObject(meta) ? String(meta["status"]) : "unheard"
      if (["completed", "compensated"].includes(status)) this.#told.set(id, status)
      await sleep(20)
    }
  }

  #kindOfNext(count: number): string {
    if (count % 2 === 0) return "good"
    if (!this.#hasOperator || count % 4 === 1) return "bad"
    return String(verbs[Math.floor(count / 4) % verbs.length])
  }
}

async function runs(
  { gateway }: World,
  ...statuses: readonly string[]
): Promise<readonly JsonObject[]> {
  const query = statuses.map((status) => `&status=${status}`).join("")
  const { text } = await gateway.admin(`/runs?limit=1000${query}`)
  return JSON.parse(text).runs
}
