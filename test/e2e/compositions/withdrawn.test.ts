import { expect, test } from "vitest"
import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import { Books, orderOf, refused } from "../../support/books.ts"
import { type BackendCall, openBackend } from "../../support/e2e-backend.ts"
import { callTool, logged, startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { http } from "../../support/face-server.ts"
import { agentOf, sourceTool, toolDependency } from "../../support/registries.ts"

/*
 * A run goes by the plan that it began with, whatever becomes of the registry meanwhile; what is taken away makes it go back,
 * and what it cannot undo any more waits for an operator.
 */

const names = ["reserve", "charge", "ship", "unreserve", "uncharge"]
const step = (id: string) => ({
  ...{ id, action: { tool: id }, onUnknown: "retry" },
  compensate: { tool: `un${id}` },
})

/** A registry with these tools, in which an order is made of these steps. */
function registryOf(tools: readonly string[], steps: readonly object[], buyer = "buyer"): string {
  return JSON.stringify({
    schemaVersion: "2.0",
    servers: [{ name: "shop", version: "1.0.0", provides: tools.map((tool) => ({ tool })) }],
    tools: [
      ...tools.map((name) => sourceTool(name, { source: { server: "shop", tool: name } })),
      {
        ...{ name: "order", version: "1.0.0", description: "Reserve, charge, ship." },
        inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
        depends: tools.map((name) => toolDependency(name)),
        spec: { saga: { sagaIdPath: "$.id", steps } },
      },
    ],
    agents: [agentOf(buyer, [toolDependency("order")], { version: "1.0.0" })],
  })
}

const ship = { id: "ship", action: { tool: "ship" } }
const steps = [step("reserve"), step("charge"), ship]
const whole = registryOf(names, steps)
/** The same saga in other words, without the tool that puts back what was reserved. */
const changed = registryOf(["charge", "uncharge"], [step("charge")])
const withoutSaga = whole.replaceAll('"order"', '"trade"')
const withoutBuyer = registryOf(names, steps, "stranger")

const runOf = (result: JsonObject): JsonObject => {
  const meta = isObject(result["_meta"]) ? result["_meta"] : {}
  return Object(meta["dev.postern/run"])
}

async function reload(gateway: TestGateway, registry: string, generation: number): Promise<void> {
  gateway.writeRegistry(registry)
  await logged(gateway, "registry_loaded", (line) => line["generation"] === generation)
}

/** A server that answers no charge before it is told to. */
async function openShop() {
  const books = new Books()
  const held = new Map<string, BackendCall>()
  const refusing = new Set<string>()
  const act = (call: BackendCall) => {
    const order = orderOf(call.arguments)
    if (call.tool !== "charge") call.send({ result: books.act(call) })
    else if (refusing.has(order)) call.send({ result: refused("no money") })
    else held.set(order, call)
  }
  const backend = await openBackend(Object.fromEntries(names.map((name) => [name, act])))
  return {
    ...{ backend, books, held, refusing },
    release(order: string) {
      const call = held.get(order)
      if (call === undefined) throw new Error(`nobody asks for ${order}`)
      call.send({ result: books.act(call) })
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  }
}

test("a run outlives the saga, the tools and the agent that it began with", {
  timeout: 90_000,
}, async () => {
  await using shop = await openShop()
  const { books, held } = shop
  const sketch = {
    registry: whole,
    servers: { "shop:1.0.0": { url: shop.backend.url } },
    config: { state: { runs: "sqlite:./runs.db" }, limits: { runHold: "20s" } },
  }
  const begin = async (gateway: TestGateway, id: string) => {
    const answer = callTool(gateway, "buyer", "order", { id }).catch(() => ({}))
    await becomes(() => held.has(id), `${id} is held`)
    return { answer }
  }

  await using first = await startGateway(sketch)
  const pinned = await begin(first, "pinned")
  await reload(first, changed, 2)
  shop.release("pinned")
  expect(runOf(await pinned.answer)).toMatchObject({ status: "completed" })
  expect(books.of("pinned")).toEqual(["charge", "reserve", "ship"])

  // The process ends, and the next one has no tool that would put back what was reserved.
  await reload(first, whole, 3)
  const stranded = await begin(first, "stranded")
  first.running.child.kill("SIGKILL")
  await stranded.answer
  shop.refusing.add("stranded")
  await using second = await startGateway({ ...sketch, registry: changed, folder: first.folder })
  const parked = await callTool(second, "buyer", "order", { id: "stranded" })
  expect(runOf(parked)).toMatchObject({ status: "parked" })
  expect(JSON.stringify(parked["content"])).toContain(
    "cannot undo reserve: its tool is not registered",
  )
  expect(books.of("stranded")).toEqual(["reserve"])
  await reload(second, whole, 2)
  const resumed = await http(second.adminPort, {
    path: `/runs/${runOf(parked)["id"]}/resume`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ operator: "kim", reason: "the tool is back" }),
  })
  expect(resumed.status).toBe(200)
  await becomes(
    async () =>
      runOf(await callTool(second, "buyer", "order", { id: "stranded" }))["status"] ===
      "compensated",
    "undone",
  )
  expect(books.of("stranded")).toEqual([])

  const revoked = await begin(second, "revoked")
  await reload(second, withoutBuyer, 3)
  shop.release("revoked")
  expect(JSON.stringify(await revoked.answer)).toContain("agent buyer is not registered any more")
  expect(books.of("revoked")).toEqual([])
  expect(books.twice).toEqual([])
})

test("what waits for a person goes back at once when its agent, or the saga, is taken away", {
  timeout: 90_000,
}, async () => {
  await using shop = await openShop()
  const ask = { id: "ask", action: { approve: { message: "ship it?", to: "operator" } } }
  const asking = registryOf(names, [step("reserve"), ask, ship])
  const sketch = {
    registry: asking,
    servers: { "shop:1.0.0": { url: shop.backend.url } },
    config: { state: { runs: "sqlite:./runs.db" }, limits: { runHold: "1ms" } },
  }
  const statusOf = async (gateway: TestGateway, key: string) => {
    const { runs } = JSON.parse((await gateway.admin("/runs")).text)
    return runs.find((run: JsonObject) => run["key"] === key)?.status
  }
  const becomesOf = (gateway: TestGateway, id: string, status: string) =>
    becomes(async () => (await statusOf(gateway, `saga:order:${id}`)) === status, status)
  const wait = async (gateway: TestGateway, id: string) => {
    await callTool(gateway, "buyer", "order", { id })
    await becomesOf(gateway, id, "waiting")
  }

  await using first = await startGateway(sketch)
  await wait(first, "revoked")
  await reload(first, registryOf(names, steps, "stranger"), 2)
  await becomesOf(first, "revoked", "compensated")
  expect(shop.books.of("revoked")).toEqual([])

  await reload(first, asking, 3)
  await wait(first, "gone")
  first.running.child.kill("SIGKILL")
  await first.running.exited
  const { folder } = first
  await using second = await startGateway({ ...sketch, registry: withoutSaga, folder })
  await becomesOf(second, "gone", "compensated")
  expect(shop.books.orders).toEqual(["revoked", "gone"])
  expect(shop.books.of("gone")).toEqual([])
})
