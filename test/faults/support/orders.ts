import { setTimeout as sleep } from "node:timers/promises"
import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import { Books, orderOf, refused } from "../../support/books.ts"
import { type BackendCall, openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import { callTool } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { http } from "../../support/face-server.ts"
import { kindOf, operated, sagas, tools } from "./order-kinds.ts"
import type { Beside, World } from "./world.ts"

/**
 * Buyers whose orders are sagas at a shop that keeps a ledger: every second one cannot be shipped and must be undone. With an
 * operator, some of those are parked, or wait, for what the operator does with them. What the ledger says when all is over is
 * the judge (I4), whatever anybody was told.
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
  /** How often an operator stepped in, by the verb. */
  readonly #operated = new Map<string, number>()
  readonly #twice: string[] = []
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
      agents: { buyer: sagas.map(({ name }) => String(name)) },
      servers: { "shop:1.0.0": { url: this.#shop.url } },
      compositions: sagas,
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
      if (this.#hasOperator) await this.operate(world)
      const left = this.#hasOperator ? ["parked", "waiting"] : []
      return (await runs(world, "running", "compensating", ...left)).length === 0
    }, "every run has ended")
    const wrong = [
      ...[...this.#books.twice, ...this.#twice].map((thing) => `twice: ${thing}`),
      ...(await runs(world, "parked")).map((run) => `parked: ${run["reason"]}`),
      ...[...this.#ledger].flatMap(([id, done]) => {
        const { ledger, status } = kindOf(id)
        const told = this.#told.get(id) ?? status
        const isRight = done.join() === ledger && told === status
        return isRight ? [] : `${id}, told ${told}: ${done.join()}`
      }),
    ]
    return wrong.length === 0 ? undefined : `${wrong.length}: ${wrong[0]}`
  }

  /** One look of an operator at what waits for one. */
  async operate(world: World): Promise<void> {
    for (const run of await runs(world, "parked", "waiting")) await this.#stepIn(world, run)
  }

  async #stepIn({ gateway }: World, run: JsonObject): Promise<void> {
    const id = String(run["key"]).split(":").slice(2).join(":")
    const { operator } = kindOf(id)
    if (operator === undefined || operator.finds !== run["status"]) return
    if (operator.mends) this.#mended.add(id)
    const request = {
      path: `/runs/${run["id"]}/${operator.verb}`,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ operator: "kim", reason: "night shift", ...operator.says }),
    }
    // Two operators find it at the same time. An answer counts once.
    const answers = await Promise.all([1, 2].map(() => http(gateway.adminPort, request)))
    const heard = answers.filter(({ status }) => status === 200).length
    if (heard > 1 && operator.verb === "answer") this.#twice.push(`answer to ${id}`)
    this.#operated.set(operator.verb, (this.#operated.get(operator.verb) ?? 0) + heard)
  }

  /** How often an operator stepped in, and with what. */
  get operated(): string {
    return [...this.#operated].map(([verb, times]) => `${times} ${verb}`).join(", ")
  }

  get count(): number {
    return this.#ledger.size
  }

  /** Orders that are neither all done nor all undone now. */
  get halfDone(): number {
    return [...this.#ledger].filter(([id, done]) => done.join() !== kindOf(id).ledger).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#lanes
    await this.#shop?.[Symbol.asyncDispose]()
  }

  async #serve(call: BackendCall): Promise<void> {
    const id = orderOf(call.arguments)
    await sleep(10)
    const { ledger, saga } = kindOf(id)
    const isStuck = call.tool === "uncharge" && saga === "doubtful" && !this.#mended.has(id)
    if (isStuck || (call.tool === "ship" && !ledger.endsWith("ship")))
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
      const id = `${this.#kindOfNext(count)}/${nth}-${count}`
      const answer = await callTool(world.gateway, "buyer", kindOf(id).saga, { id }).catch(
        () => undefined,
      )
      const meta = isObject(answer?.["_meta"]) ? answer["_meta"]["dev.postern/run"] : undefined
      const status = isObject(meta) ? String(meta["status"]) : "unheard"
      if (["completed", "compensated", "abandoned"].includes(status)) this.#told.set(id, status)
      await sleep(20)
    }
  }

  #kindOfNext(count: number): string {
    if (count % 2 === 0) return "good"
    if (!this.#hasOperator || count % 4 === 1) return "bad"
    return String(operated[Math.floor(count / 4) % operated.length])
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
