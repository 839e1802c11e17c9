import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { CreateTaskResultSchema, ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { afterAll, beforeAll, describe, test } from "vitest"
import { startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { modern, opened, post, posting } from "../support/face-server.ts"
import { reading } from "../support/face-stream.ts"

const everything = join(
  import.meta.dirname,
  "../../node_modules/@modelcontextprotocol/server-everything/dist/index.js",
)
const patience = { interval: 50, timeout: 30_000 }
const research = "simulate-research-query"

/** A task tool of a real server of 2025-11-25, for callers of both eras. It takes seconds: side by side. */
describe("a legacy server with tasks", { timeout: 60_000, concurrent: true }, () => {
  let gateway: TestGateway
  let server: ChildProcess
  beforeAll(async () => {
    const port = await freePort()
    server = spawn(process.execPath, [everything, "streamableHttp"], {
      env: { ...process.env, PORT: String(port) },
      stdio: ["ignore", "ignore", "pipe"],
    })
    await once(server.stderr as Readable, "data") // it says that it listens
    gateway = await startGateway({
      registry: {
        tools: { [research]: { server: "everything" }, echo: { server: "everything" } },
        agents: { ann: [research, "echo"], eve: [research] },
      },
      servers: {
        "everything:1.0.0": { url: `http://127.0.0.1:${port}/mcp` },
      },
    })
    await using client = await connect("ann")
    await client.callTool({ name: "echo", arguments: { message: "up" } })
  }, 60_000)
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    server.kill("SIGKILL")
  })

  async function connect(agent: string, capabilities = {}) {
    const client = new Client({ name: "test", version: "1" }, { capabilities })
    const requestInit = { headers: { "x-agent-name": agent, "x-agent-version": "1.0.0" } }
    await client.connect(
      new StreamableHTTPClientTransport(new URL(gateway.url), { requestInit }) as never,
    )
    return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() })
  }

  test("the official client makes a task, and comes back for its result", async ({ expect }) => {
    await using client = await connect("ann")
    expect(client.getServerCapabilities()?.tasks).toEqual({
      cancel: {},
      requests: { tools: { call: {} } },
    })
    const params = { name: research, arguments: { topic: "whales" } }
    const seen: string[] = []
    let taskId = ""
    for await (const message of client.experimental.tasks.callToolStream(params, undefined, {
      task: { ttl: 60_000 },
    })) {
      seen.push(message.type)
      if (message.type === "taskCreated") taskId = message.task.taskId
      if (message.type === "taskStatus") expect(message.task.taskId).toBe(taskId)
      if (message.type === "error") throw message.error
      if (message.type !== "result") continue
      expect(JSON.stringify(message.result)).toMatch(/Research Report: whales/)
      expect(message.result._meta).toEqual({
        "io.modelcontextprotocol/related-task": { taskId },
      })
    }
    expect(seen.at(0)).toBe("taskCreated")
    expect(seen.at(-1)).toBe("result")
  })

  test("a caller that knows of no tasks has the result, and progress on its way", async ({
    expect,
  }) => {
    await using client = await connect("ann")
    const said: unknown[] = []
    const result = await client.callTool(
      { name: research, arguments: { topic: "bees" } },
      undefined,
      { onprogress: ({ message }) => said.push(message) },
    )
    expect(JSON.stringify(result)).toMatch(/Research Report: bees/)
    expect(JSON.stringify(result)).not.toMatch(/related-task/)
    expect(said).toContain("Generating report...")
  })

  test("asks the person of a legacy client within tasks/result", async ({ expect }) => {
    await using client = await connect("ann", { elicitation: {} })
    const asked: object[] = []
    client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
      asked.push(params)
      return { action: "accept", content: { interpretation: "snake" } }
    })
    const params = { name: research, arguments: { topic: "python", ambiguous: true } }
    let taskId = ""
    for await (const message of client.experimental.tasks.callToolStream(params, undefined, {
      task: {},
    })) {
      if (message.type === "error") throw message.error
      if (message.type === "taskCreated") taskId = message.task.taskId
      if (message.type === "result") expect(JSON.stringify(message.result)).toMatch(/snake/)
    }
    expect(asked).toMatchObject([
      {
        _meta: {
          "io.modelcontextprotocol/related-task": { taskId },
          "dev.postern/server": "everything@1.0.0",
        },
      },
    ])
  })

  test("is cancelled, by its own caller alone", async ({ expect }) => {
    await using ann = await connect("ann")
    await using eve = await connect("eve")
    const { task } = await ann.request(
      { method: "tools/call", params: { name: research, arguments: { topic: "x" }, task: {} } },
      CreateTaskResultSchema,
    )
    const { taskId } = task
    for (const id of [taskId, "1", `${taskId}x`])
      await expect(eve.experimental.tasks.getTask(id)).rejects.toMatchObject({ code: -32602 })
    await expect(eve.experimental.tasks.cancelTask(taskId)).rejects.toMatchObject({ code: -32602 })
    expect(await ann.experimental.tasks.cancelTask(taskId)).toMatchObject({
      taskId,
      status: "cancelled",
    })
    expect(await ann.experimental.tasks.getTask(taskId)).toMatchObject({ status: "cancelled" })
    await expect(ann.experimental.tasks.cancelTask(taskId)).rejects.toMatchObject({ code: -32602 })
    await expect(ann.experimental.tasks.listTasks()).rejects.toMatchObject({ code: -32601 })
  })

  const send = async (agent: string, method: string, params: object, capabilities: object) => {
    const _meta = { "io.modelcontextprotocol/clientCapabilities": capabilities }
    const { message, headers } = modern(method, { ...params, _meta })
    const { taskId } = params as { taskId?: string }
    const { text } = await post(gateway.port, message, {
      ...headers,
      ...(taskId !== undefined && { "mcp-name": taskId }),
      "x-agent-name": agent,
      "x-agent-version": "1.0.0",
    })
    return JSON.parse(text)
  }
  const extended = { elicitation: {}, extensions: { "io.modelcontextprotocol/tasks": {} } }

  test("a modern caller with the extension has a task, is asked through it, and has its result", async ({
    expect,
  }) => {
    const params = { name: research, arguments: { topic: "python", ambiguous: true } }
    const { result: created } = await send("ann", "tools/call", params, extended)
    expect(created).toMatchObject({ resultType: "task", status: "working", ttlMs: 300_000 })
    expect(created).not.toHaveProperty("ttl")
    expect(created).not.toHaveProperty("pollInterval")
    const { taskId } = created
    const get = async () => (await send("ann", "tasks/get", { taskId }, extended)).result
    await expect.poll(get, patience).toMatchObject({ taskId, status: "input_required" })
    const { inputRequests } = await get()
    const [[key, question]] = Object.entries<{ method: string; params: object }>(inputRequests) as [
      [string, { method: string; params: object }],
    ]
    expect(question).toMatchObject({
      method: "elicitation/create",
      params: { _meta: { "dev.postern/server": "everything@1.0.0" } },
    })
    expect(JSON.stringify(await send("eve", "tasks/get", { taskId }, extended))).toMatch(/-32602/)
    const inputResponses = { [key]: { action: "accept", content: { interpretation: "comedy" } } }
    expect(await send("ann", "tasks/update", { taskId, inputResponses }, extended)).toMatchObject({
      result: { resultType: "complete" },
    })
    await expect.poll(get, patience).toMatchObject({
      taskId,
      resultType: "complete",
      status: "completed",
      result: { content: [{ text: expect.stringMatching(/comedy/) }] },
    })
  })

  test("a modern caller listens to its task: what it asks, and what it comes to", async ({
    expect,
  }) => {
    const args = { topic: "python", ambiguous: true }
    const { result } = await send(
      "ann",
      "tools/call",
      { name: research, arguments: args },
      extended,
    )
    const { taskId } = result
    const _meta = { "io.modelcontextprotocol/clientCapabilities": extended }
    const wish = { notifications: { taskIds: [taskId] }, _meta }
    const { message, headers } = modern("subscriptions/listen", wish, 9)
    const by = { "x-agent-name": "ann", "x-agent-version": "1.0.0" }
    const stream = reading(await opened(gateway.port, posting(message, { ...headers, ...by })))
    type Told = { params?: { status?: string; inputRequests?: object } }
    const told = () => stream.messages() as Told[]
    const statuses = () => told().flatMap(({ params }) => params?.status ?? [])
    const asked = () =>
      Object.keys(
        told().findLast(({ params }) => params?.inputRequests)?.params?.inputRequests ?? {},
      )
    await expect.poll(asked, patience).toHaveLength(1)
    const answer = { action: "accept", content: { interpretation: "comedy" } }
    const inputResponses = Object.fromEntries(asked().map((key) => [key, answer]))
    await send("ann", "tasks/update", { taskId, inputResponses }, extended)
    await expect
      .poll(() => told().at(-1), patience)
      .toMatchObject({
        method: "notifications/tasks",
        params: { taskId, result: { content: [{ text: expect.stringMatching(/comedy/) }] } },
      })
    expect(statuses()).toEqual(expect.arrayContaining(["working", "input_required", "completed"]))
  })

  test("a modern caller without it has the result", async ({ expect }) => {
    const params = { name: research, arguments: { topic: "ants" } }
    const { result } = await send("ann", "tools/call", params, {})
    expect(result).toMatchObject({
      resultType: "complete",
      content: [{ text: expect.stringMatching(/Research Report: ants/) }],
    })
  })

  test("a modern caller cancels its task, once and again", async ({ expect }) => {
    const params = { name: research, arguments: { topic: "x" } }
    const { taskId } = (await send("ann", "tools/call", params, extended)).result
    for (let time = 0; time < 2; time++)
      expect(await send("ann", "tasks/cancel", { taskId }, extended)).toMatchObject({
        result: { resultType: "complete" },
      })
    const { result } = await send("ann", "tasks/get", { taskId }, extended)
    expect(result).toMatchObject({ status: "cancelled" })
  })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}
