import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client"
import { createTaskSessionFromClient } from "@modelcontextprotocol/ext-tasks/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import { type BackendCall, openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import { startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { ask, modern, opened, posting } from "../../support/face-server.ts"
import { reading } from "../../support/face-stream.ts"
import { postgresPrograms, startPostgres } from "../../support/postgres.ts"
import { agentOf, sourceTool, toolDependency } from "../../support/registries.ts"

/*
 * Durable runs as tasks, through whole gateways: the official clients of tasks of both eras, a gateway that is ended by
 * SIGKILL in the middle, and another one on the same journal.
 */

const names = ["reserve", "charge", "unreserve"]
const reserve = {
  ...{ id: "reserve", action: { tool: "reserve" }, onUnknown: "retry" },
  compensate: { tool: "unreserve" },
}
const charge = { id: "charge", action: { tool: "charge" }, onUnknown: "retry" }
const saga = (name: string, ...steps: object[]) => ({
  ...{ name, version: "1.0.0", description: "Takes its time." },
  inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
  depends: names.map((tool) => toolDependency(tool)),
  spec: { saga: { sagaIdPath: "$.id", steps } },
})
const registry = JSON.stringify({
  schemaVersion: "2.0",
  servers: [{ name: "shop", version: "1.0.0", provides: names.map((tool) => ({ tool })) }],
  tools: [
    ...names.map((name) => sourceTool(name, { source: { server: "shop", tool: name } })),
    saga("order", reserve, charge),
    saga("loan", reserve, { id: "ask", action: { approve: { message: "Lend it?" } } }, charge),
  ],
  agents: ["buyer", "other"].map((name) =>
    agentOf(name, [toolDependency("order"), toolDependency("loan")], { version: "1.0.0" }),
  ),
})

/** A shop that does a thing once, whatever is sent again, and nothing before the test lets it. */
async function openShop() {
  const held = new Map<string, PromiseWithResolvers<void>>()
  const done = new Map<unknown, string>()
  const sent: { readonly thing: string; readonly trace: unknown }[] = []
  const act = async ({ tool, arguments: args, headers, send }: BackendCall) => {
    const thing = `${tool} ${String(isObject(args as JsonObject) ? Object(args).id : "")}`
    sent.push({ thing, trace: headers["traceparent"] })
    await held.get(thing)?.promise
    done.set(headers["idempotency-key"], thing)
    send({ result: { content: [{ type: "text", text: thing }], resultType: "complete" } })
  }
  const backend: TestBackend = await openBackend(
    Object.fromEntries(names.map((name) => [name, (call: BackendCall) => void act(call)])),
  )
  return {
    sent,
    /** What was really done, each key once. */
    done: (id: string) => [...done.values()].filter((thing) => thing.endsWith(` ${id}`)),
    hold(thing: string): () => void {
      const gate = Promise.withResolvers<void>()
      held.set(thing, gate)
      return () => {
        held.delete(thing)
        gate.resolve()
      }
    },
    asked: (thing: string, times = 1) =>
      becomes(() => sent.filter((one) => one.thing === thing).length >= times, `${thing} is sent`),
    servers: { "shop:1.0.0": { url: backend.url } },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  }
}
type Shop = Awaited<ReturnType<typeof openShop>>

const start = ({ servers }: Shop, more: { folder?: string; config?: JsonObject } = {}) =>
  startGateway({
    ...{ registry, servers, ...more },
    config: {
      state: { runs: "sqlite:./runs.db" },
      limits: { runTaskAfter: "50ms", runLease: "2s", shutdownTimeout: "1s" },
      ...more.config,
    },
  })

const tasks = "io.modelcontextprotocol/tasks"
const able = { elicitation: { form: {} }, extensions: { [tasks]: {} } }
const by = (agent: string) => ({ "x-agent-name": agent, "x-agent-version": "1.0.0" })

/** One request of a modern caller that takes tasks, as it is on the wire. */
async function send(
  { port }: TestGateway,
  method: string,
  params: JsonObject,
  headers: Record<string, string> = {},
): Promise<JsonObject> {
  const _meta = { "io.modelcontextprotocol/clientCapabilities": able }
  const { taskId } = params
  const named = typeof taskId === "string" ? { "mcp-name": taskId } : {}
  const { text } = await ask(
    port,
    "buyer@1.0.0",
    method,
    { ...params, _meta },
    {
      ...named,
      ...headers,
    },
  )
  return JSON.parse(text)
}

const resultOf = (answer: JsonObject): JsonObject => Object(answer["result"])

async function begin(gateway: TestGateway, name: string, id: string, headers = {}) {
  const created = resultOf(await send(gateway, "tools/call", { name, arguments: { id } }, headers))
  expect(created).toMatchObject({ resultType: "task" })
  return String(created["taskId"])
}

const get = async (gateway: TestGateway, taskId: string) =>
  resultOf(await send(gateway, "tasks/get", { taskId }))

const ends = async (gateway: TestGateway, taskId: string, status: string) => {
  await expect
    .poll(async () => (await get(gateway, taskId))["status"], { timeout: 20_000, interval: 50 })
    .toBe(status)
  return get(gateway, taskId)
}

/** A call of the official client of 2025-11-25, which takes no tasks. */
async function heldCall(
  { url }: TestGateway,
  id: string,
  onprogress: (progress: object) => void,
): Promise<unknown> {
  const client = new Client({ name: "test", version: "1" })
  const requestInit = { headers: by("buyer") }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }) as never)
  const params = { name: "order", arguments: { id } }
  const result = await client.callTool(params, undefined, { onprogress })
  await client.close()
  return result
}

async function kill({ running }: TestGateway): Promise<void> {
  running.child.kill("SIGKILL")
  await running.exited
}

describe("a durable run as a task", { timeout: 60_000 }, () => {
  let shop: Shop
  let gateway: TestGateway
  beforeAll(async () => {
    shop = await openShop()
    gateway = await start(shop)
  }, 60_000)
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await shop[Symbol.asyncDispose]()
  })

  test("the official client of the tasks extension takes it, answers it and has its result", async () => {
    const info = { name: "test", version: "1" }
    const client = new ModernClient(info, {
      capabilities: able,
      versionNegotiation: { mode: { pin: "2026-07-28" } },
    })
    const requestInit = { headers: by("buyer") }
    await client.connect(new ModernTransport(new URL(gateway.url), { requestInit }))
    const session = createTaskSessionFromClient(client, {
      endpointId: "shop",
      v2RequestFraming: {
        protocolVersion: "2026-07-28",
        clientInfo: info,
        clientCapabilities: able,
      },
      async rawDispatch(request) {
        const { method, params } = Object(request)
        const name = params.taskId ?? params.name
        const answer = await ask(gateway.port, "buyer@1.0.0", method, params, { "mcp-name": name })
        const { result, error } = JSON.parse(answer.text)
        return error === undefined ? { kind: "result", result } : { kind: "error", error }
      },
      onInputRequest: async () => ({ action: "accept", content: {} }) as never,
    })
    const release = shop.hold("reserve official")
    const execution = await session.callTool("loan", { id: "official" })
    expect(execution.kind).toBe("task")
    release()
    const { outcome, lastTask } = await execution.settle()
    expect(outcome).toMatchObject({
      status: "completed",
      result: { _meta: { "dev.postern/run": { id: execution.handle?.taskId } } },
    })
    expect(lastTask).toMatchObject({ status: "completed", retentionMs: expect.any(Number) })
    await session.close()
    await client.close()
    expect(shop.done("official")).toEqual(["reserve official", "charge official"])
  })

  test("the official client of 2025-11-25 takes it, as the list of tools says that it may", async () => {
    const client = new Client({ name: "test", version: "1" }, { capabilities: { elicitation: {} } })
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: {} }))
    const requestInit = { headers: by("buyer") }
    await client.connect(
      new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit }) as never,
    )
    const { tools } = await client.listTools()
    expect(tools.map(({ execution }) => execution)).toEqual(
      tools.map(() => ({ taskSupport: "optional" })),
    )
    const seen: string[] = []
    const params = { name: "loan", arguments: { id: "elder" } }
    for await (const message of client.experimental.tasks.callToolStream(params)) {
      seen.push(message.type)
      if (message.type === "error") throw message.error
      if (message.type === "result")
        expect(message.result).toMatchObject({
          _meta: { "dev.postern/run": { status: "completed" } },
        })
    }
    expect([seen.at(0), seen.at(-1)]).toEqual(["taskCreated", "result"])
    expect(shop.done("elder")).toEqual(["reserve elder", "charge elder"])
    await client.close()
  })

  test("a client of 2025-11-25 that takes none is held, and told how far the run is", async () => {
    const told: object[] = []
    const release = shop.hold("charge held")
    const result = await heldCall(gateway, "held", (progress) => {
      told.push(progress)
      release()
    })
    expect(result).toMatchObject({ _meta: { "dev.postern/run": { status: "completed" } } })
    expect(told.at(0)).toEqual({ progress: 1, total: 2, message: "reserve" })
  })

  test("a hundred callers look at one task, and all see the same; to another principal there is none", async () => {
    const release = shop.hold("reserve crowd")
    const taskId = await begin(gateway, "order", "crowd")
    const looks = await Promise.all(Array.from({ length: 100 }, () => get(gateway, taskId)))
    expect(new Set(looks.map((look) => JSON.stringify(look)))).toHaveLength(1)
    expect(looks[0]).toMatchObject({ taskId, status: "working" })
    const unknown = await send(gateway, "tasks/get", { taskId: "A".repeat(22) })
    for (const method of ["tasks/get", "tasks/update", "tasks/cancel"])
      expect(await send(gateway, method, { taskId }, by("other"))).toEqual(unknown)
    release()
    const results = await ends(gateway, taskId, "completed")
    expect(results).toHaveProperty("result.content")
    expect(gateway.audit().at(-1)).toMatchObject({ method: "tasks/get", note: { run: taskId } })
  })

  test("goes on after a SIGKILL, under the same id and in the same trace, and is told of", async () => {
    const first = await start(shop)
    const release = shop.hold("charge killed")
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`
    const taskId = await begin(first, "order", "killed", { traceparent })
    await shop.asked("charge killed")
    await kill(first)
    await using second = await start(shop, { folder: first.folder })
    expect(await get(second, taskId)).toMatchObject({ taskId, status: "working" })
    const wish = {
      notifications: { taskIds: [taskId] },
      _meta: { "io.modelcontextprotocol/clientCapabilities": able },
    }
    const { message, headers } = modern("subscriptions/listen", wish, 9)
    const stream = reading(
      await opened(second.port, posting(message, { ...headers, ...by("buyer") })),
    )
    await stream.arrived(2)
    await shop.asked("charge killed", 2)
    const told: object[] = []
    const attached = await heldCall(second, "killed", (progress) => {
      told.push(progress)
      release()
    })
    expect(told.at(0)).toEqual({ progress: 1, total: 2, message: "reserve" })
    expect(attached).toMatchObject({ _meta: { "dev.postern/run": { replayed: true } } })
    const { result } = await ends(second, taskId, "completed")
    expect(result).toMatchObject({ _meta: { "dev.postern/run": { id: taskId } } })
    await expect
      .poll(() => stream.messages().at(-1), { timeout: 10_000 })
      .toMatchObject({
        method: "notifications/tasks",
        params: { taskId, status: "completed", result },
      })
    expect(shop.done("killed")).toEqual(["reserve killed", "charge killed"])
    const traces = shop.sent.filter(({ thing }) => thing === "charge killed")
    for (const { trace } of traces) expect(trace).toContain(traceId)
  })

  test("is cancelled for good, also by a gateway that is killed with the answer", async () => {
    const first = await start(shop)
    const release = shop.hold("charge undone")
    const taskId = await begin(first, "order", "undone")
    await shop.asked("charge undone")
    expect(resultOf(await send(first, "tasks/cancel", { taskId }))).toMatchObject({
      resultType: "complete",
    })
    await kill(first)
    release()
    await using second = await start(shop, { folder: first.folder })
    const task = await ends(second, taskId, "cancelled")
    expect(task).not.toHaveProperty("result")
    expect(shop.done("undone")).toContain("unreserve undone")
    expect(await send(second, "tasks/cancel", { taskId })).toHaveProperty("result")
  })
})

describe.skipIf(postgresPrograms === undefined)(
  "a durable run as a task of two gateways on one PostgreSQL (skipped where there is none)",
  { timeout: 60_000 },
  () => {
    test("is looked at, answered and cancelled at either, whichever drives it", async () => {
      const database = await startPostgres(postgresPrograms ?? "")
      await using shop = await openShop()
      const config = { state: { runs: database.database("tasks") } }
      await using a = await start(shop, { config })
      await using b = await start(shop, { config })
      const release = shop.hold("reserve loan")
      const loan = await begin(a, "loan", "loan")
      expect(await get(b, loan)).toMatchObject({ status: "working" })
      release()
      const { inputRequests } = await ends(b, loan, "input_required")
      expect(inputRequests).toMatchObject({ "approve:ask": { method: "elicitation/create" } })
      const inputResponses = { "approve:ask": { action: "accept", content: {} } }
      await send(b, "tasks/update", { taskId: loan, inputResponses })
      await ends(a, loan, "completed")
      expect(shop.done("loan")).toEqual(["reserve loan", "charge loan"])

      const releaseFar = shop.hold("charge far")
      const far = await begin(a, "order", "far")
      await shop.asked("charge far")
      await send(b, "tasks/cancel", { taskId: far })
      await shop.asked("charge far", 2) // whoever took it over finds out what became of it
      releaseFar()
      await ends(a, far, "cancelled")
      expect(shop.done("far")).toEqual(["reserve far", "charge far", "unreserve far"])
      await database.close()
    })
  },
)
