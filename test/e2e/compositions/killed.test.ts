import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import { type BackendCall, openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import { callTool, startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { agentOf, sourceTool, toolDependency } from "../../support/registries.ts"

/*
 * The gateway is a real process that is ended by SIGKILL, at each boundary of a saga that there is on the backend's side;
 * the books are kept in this process, which lives on.
 */

const folder = mkdtempSync(join(tmpdir(), "killed-"))
afterAll(() => rmSync(folder, { recursive: true }))

const names = ["reserve", "charge", "ship", "unreserve", "uncharge"]
const step = (id: string, more: object = {}) => ({
  id,
  action: { tool: id },
  onUnknown: "retry",
  ...more,
})
const undone = (id: string) => ({
  compensate: { tool: `un${id}`, retry: { maxAttempts: 20, backoffMs: 10 } },
})
const registry = JSON.stringify({
  schemaVersion: "2.0",
  servers: [{ name: "shop", version: "1.0.0", provides: names.map((tool) => ({ tool })) }],
  tools: [
    ...names.map((name) => sourceTool(name, { source: { server: "shop", tool: name } })),
    {
      name: "order",
      version: "1.0.0",
      description: "Reserve, charge, ship.",
      inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
      depends: names.map((name) => toolDependency(name)),
      spec: {
        saga: {
          sagaIdPath: "$.id",
          steps: [
            step("reserve", undone("reserve")),
            step("charge", undone("charge")),
            step("ship"),
          ],
        },
      },
    },
  ],
  agents: [agentOf("buyer", [toolDependency("order")], { version: "1.0.0" })],
})

/** What stands in the books for each order, and how often each thing was really done. */
class Books {
  readonly #done = new Map<string, Set<string>>()
  readonly #keys = new Map<string, JsonObject>()
  readonly #times = new Map<string, number>()
  deliveries = 0

  /** What the call comes to; the same key is the same thing. */
  act({ tool, arguments: args, headers }: BackendCall): JsonObject {
    this.deliveries++
    const order = String(isObject(args) ? args["id"] : "")
    const key = String(headers["idempotency-key"])
    const known = this.#keys.get(key)
    if (known !== undefined) return known
    if (tool === "ship" && order.startsWith("bad")) return said("no boxes", true)
    const done = this.#done.get(order) ?? new Set()
    this.#done.set(order, done)
    if (tool.startsWith("un")) done.delete(tool.slice(2))
    else done.add(tool)
    const thing = `${order} ${tool}`
    this.#times.set(thing, (this.#times.get(thing) ?? 0) + 1)
    const result = said(`${tool} of ${order}`, false)
    this.#keys.set(key, result)
    return result
  }

  of(order: string): readonly string[] {
    return [...(this.#done.get(order) ?? [])].sort()
  }

  /** Things that were done more than once. */
  get twice(): readonly string[] {
    return [...this.#times].flatMap(([thing, times]) => (times > 1 ? thing : []))
  }
}

const said = (text: string, isError: boolean): JsonObject => ({
  content: [{ type: "text", text }],
  ...(isError && { isError }),
  resultType: "complete",
})

interface Shop extends AsyncDisposable {
  readonly backend: TestBackend
  readonly books: Books
  /** What happens at the next call of a tool, instead of the usual. */
  readonly next: Map<string, (call: BackendCall) => void>
}

async function openShop(): Promise<Shop> {
  const books = new Books()
  const next: Shop["next"] = new Map()
  const act = (call: BackendCall) => {
    const special = next.get(call.tool)
    next.delete(call.tool)
    if (special !== undefined) special(call)
    else call.send({ result: books.act(call) })
  }
  const backend = await openBackend(Object.fromEntries(names.map((name) => [name, act])))
  return { backend, books, next, [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose]() }
}

const start = ({ backend }: Shop, config: JsonObject = {}) =>
  startGateway({
    registry,
    folder,
    servers: { "shop:1.0.0": { url: backend.url } },
    config: { state: { runs: "sqlite:./runs.db" }, limits: { runHold: "20s" }, ...config },
  })

const order = (gateway: TestGateway, id: string) =>
  callTool(gateway, "buyer", "order", { id }).catch(() => undefined)

const runOf = (result: JsonObject | undefined) => Object(result?.["_meta"])["dev.postern/run"]

const kill = async ({ running }: TestGateway) => {
  running.child.kill("SIGKILL")
  await running.exited
}

describe("a gateway that is killed", () => {
  test("at each boundary of a call goes on after a restart, and the books balance", async () => {
    await using shop = await openShop()
    const { books, next } = shop
    const before = (gateway: TestGateway) => (call: BackendCall) => {
      void kill(gateway)
      call.response.destroy()
    }
    const after = (gateway: TestGateway) => (call: BackendCall) => {
      books.act(call) // it happened, and nobody hears of it
      void kill(gateway)
      call.response.destroy()
    }
    const answered = (gateway: TestGateway) => (call: BackendCall) => {
      call.send({ result: books.act(call) })
      void kill(gateway)
    }
    const points = [
      ["good", "reserve", after],
      ["good", "charge", before],
      ["bad", "ship", answered],
      ["bad", "uncharge", after],
      ["bad", "unreserve", before],
      ["bad", "unreserve", answered],
    ] as const
    let gateway = await start(shop)
    for (const [index, [kind, tool, how]] of points.entries()) {
      const id = `${kind}-${index}`
      next.set(tool, how(gateway))
      const first = await order(gateway, id)
      await gateway.running.exited
      expect([id, tool, runOf(first)?.status]).toEqual([id, tool, undefined])
      gateway = await start(shop)
      const result = await order(gateway, id)
      const [status, things] =
        kind === "good" ? ["completed", ["charge", "reserve", "ship"]] : ["compensated", []]
      expect([id, tool, runOf(result)]).toMatchObject([id, tool, { status, replayed: true }])
      expect([id, tool, books.of(id)]).toEqual([id, tool, things])
    }
    expect(books.twice).toEqual([])
    await expect(start(shop, { audit: { file: "./other.jsonl" } })).rejects.toThrow(
      /run journal cannot be opened: .*runs\.db is in use by another process/,
    )
    await gateway.stop()
  }, 120_000)

  test("at random, with many sagas under way, leaves none half done", async () => {
    await using shop = await openShop()
    const { books, backend } = shop
    const ids = Array.from({ length: 60 }, (_, n) => `${n % 3 === 0 ? "bad" : "good"}-r${n}`)
    let gateway = await start(shop)
    for (const share of [30, 60]) {
      const calls = backend.called.length
      for (const id of ids.slice(share - 30, share)) void order(gateway, id)
      await becomes(() => backend.called.length > calls + share / 2, "some calls")
      await kill(gateway)
      gateway = await start(shop)
    }
    const results = await Promise.all(ids.map((id) => order(gateway, id)))
    for (const [index, id] of ids.entries()) {
      const isGood = id.startsWith("good")
      expect([id, runOf(results[index])?.status]).toEqual([
        id,
        isGood ? "completed" : "compensated",
      ])
      expect([id, books.of(id)]).toEqual([id, isGood ? ["charge", "reserve", "ship"] : []])
    }
    expect(books.twice).toEqual([])
    expect(await gateway.stop()).toEqual({ code: 0, signal: null })
  }, 120_000)
})
