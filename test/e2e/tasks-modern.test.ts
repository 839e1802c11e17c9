import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import {
  CallToolResultSchema,
  CreateTaskResultSchema,
  ElicitRequestSchema,
  GetTaskResultSchema,
  TaskStatusNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type ConformanceGateway, openConformanceGateway } from "../support/conformance-gateway.ts"
import { openTasksFixture } from "../support/conformance-tasks.ts"
import { startGateway } from "../support/e2e-gateway.ts"

async function connectTo(url: string, agent: string, capabilities = {}) {
  const client = new Client({ name: "test", version: "1" }, { capabilities })
  const requestInit = { headers: { "x-agent-name": agent, "x-agent-version": "1.0.0" } }
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit })
  await client.connect(transport as never) // its own types disagree under exactOptionalPropertyTypes
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() })
}

/** Tasks of a modern server, for the official client of 2025-11-25. */
describe("a modern server with tasks, and legacy callers", { timeout: 60_000 }, () => {
  let opened: ConformanceGateway
  beforeAll(async () => {
    opened = await openConformanceGateway("modern")
  }, 60_000)
  afterAll(() => opened[Symbol.asyncDispose]())

  const connect = (agent: string, capabilities = {}) =>
    connectTo(opened.gateway.url, agent, capabilities)
  type TestClient = Awaited<ReturnType<typeof connect>>

  const begin = async (client: TestClient, name: string, args: object) => {
    const params = { name, arguments: args, task: {} }
    return (await client.request({ method: "tools/call", params }, CreateTaskResultSchema)).task
  }

  test("has a task for a call that asks for one, and its result comes through it", async () => {
    await using client = await connect("ann")
    const task = await begin(client, "slow_compute", { seconds: 2, label: "pi" })
    expect(task).toMatchObject({ status: "working", ttl: 60_000, pollInterval: 100 })
    expect(task).not.toHaveProperty("ttlMs")
    const { taskId } = task
    const tasks = client.experimental.tasks
    expect(await tasks.getTaskResult(taskId, CallToolResultSchema)).toMatchObject({
      content: [{ text: "Computed pi" }],
      _meta: { "io.modelcontextprotocol/related-task": { taskId } },
    })
    const ended = await tasks.getTask(taskId)
    expect(ended).toMatchObject({ taskId, status: "completed" })
    expect(ended).not.toHaveProperty("result")
    expect(ended).not.toHaveProperty("resultType")
  })

  test("tells of the task's status while its result is waited for", async () => {
    await using client = await connect("ann", { elicitation: {} })
    const told: unknown[] = []
    client.setNotificationHandler(TaskStatusNotificationSchema, ({ params }) => {
      told.push(params)
    })
    client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept", content: {} }))
    const { taskId } = await begin(client, "confirm_delete", { filename: "b.txt" })
    await client.experimental.tasks.getTaskResult(taskId, CallToolResultSchema)
    expect(told).toMatchObject([{ taskId, status: "completed", ttl: 60_000 }])
  })

  test("answers at once where no task was asked for", async () => {
    await using client = await connect("ann")
    const params = { name: "slow_compute", arguments: { seconds: 2, label: "e" } }
    expect(await client.callTool(params)).toMatchObject({ content: [{ text: "Computed e" }] })
  })

  test("wants a task of a caller that knows of none: the gateway makes it", async () => {
    await using client = await connect("ann")
    expect(await client.callTool({ name: "failing_job", arguments: {} })).toMatchObject({
      isError: true,
      content: [{ text: "It broke." }],
    })
  })

  test("asks the client while its result is waited for", async () => {
    await using client = await connect("ann", { elicitation: {} })
    client.setRequestHandler(ElicitRequestSchema, () => ({
      action: "accept",
      content: { confirm: true },
    }))
    const { taskId } = await begin(client, "confirm_delete", { filename: "a.txt" })
    expect(
      await client.experimental.tasks.getTaskResult(taskId, CallToolResultSchema),
    ).toMatchObject({
      content: [{ text: "Deleted a.txt" }],
    })
  })

  test("a client that cannot be asked is told so, and its task waits", async () => {
    await using client = await connect("ann")
    const { taskId } = await begin(client, "confirm_delete", { filename: "a.txt" })
    const tasks = client.experimental.tasks
    await expect(tasks.getTaskResult(taskId, CallToolResultSchema)).rejects.toThrow(/elicitation/)
    expect(await tasks.getTask(taskId)).toMatchObject({ status: "input_required" })
    expect(await tasks.cancelTask(taskId)).toMatchObject({ taskId, status: "cancelled" })
    await expect(tasks.cancelTask(taskId)).rejects.toMatchObject({ code: -32602 })
    await expect(tasks.getTaskResult(taskId, CallToolResultSchema)).rejects.toMatchObject({
      code: -32603,
    })
  })

  test("how a task failed is told in this era's way", async () => {
    await using client = await connect("ann")
    const tasks = client.experimental.tasks
    const tool = await begin(client, "failing_job", {})
    expect(await tasks.getTaskResult(tool.taskId, CallToolResultSchema)).toMatchObject({
      isError: true,
    })
    expect(await tasks.getTask(tool.taskId)).toMatchObject({ status: "failed" })
    const server = await begin(client, "protocol_error_job", {})
    await expect(tasks.getTaskResult(server.taskId, CallToolResultSchema)).rejects.toMatchObject({
      code: -32603,
    })
    expect(await tasks.getTask(server.taskId)).toMatchObject({ status: "failed" })
  })

  test("a task that is no object, or no id, is refused", async () => {
    await using client = await connect("ann")
    const params = { name: "slow_compute", arguments: {}, task: 5 }
    const bad = { code: -32602, message: expect.stringMatching(/expected/) }
    await expect(
      client.request({ method: "tools/call", params }, CreateTaskResultSchema),
    ).rejects.toMatchObject(bad)
    await expect(
      client.request({ method: "tasks/get", params: { taskId: 1 } } as never, GetTaskResultSchema),
    ).rejects.toMatchObject(bad)
  })

  test("nobody else knows of it", async () => {
    await using ann = await connect("ann")
    await using eve = await connect("eve")
    const { taskId } = await begin(ann, "slow_compute", { seconds: 1, label: "x" })
    const tasks = eve.experimental.tasks
    const unknown = { code: -32602, message: expect.stringMatching(/Unknown task/) }
    await expect(tasks.getTask(taskId)).rejects.toMatchObject(unknown)
    await expect(tasks.getTaskResult(taskId, CallToolResultSchema)).rejects.toMatchObject(unknown)
    await expect(tasks.cancelTask(taskId)).rejects.toMatchObject(unknown)
  })
})

test("a task goes on at another replica, and after a restart", { timeout: 60_000 }, async () => {
  await using fixture = await openTasksFixture()
  const start = () =>
    startGateway({
      registry: { tools: { slow_compute: { server: "tasks" } }, agents: { ann: ["slow_compute"] } },
      servers: { "tasks:1.0.0": { url: fixture.url } },
      config: { session: { key: "${SESSION_KEY}" } },
      env: { SESSION_KEY: "a session key that only a test would use" },
    })
  const first = await start()
  const before = await connectTo(first.url, "ann")
  const params = {
    name: "slow_compute",
    arguments: { seconds: 1, label: "pi" },
    task: {},
  }
  const { task } = await before.request({ method: "tools/call", params }, CreateTaskResultSchema)
  await before.close()
  await first[Symbol.asyncDispose]()

  await using second = await start()
  await using after = await connectTo(second.url, "ann")
  const { taskId } = task
  const result = await after.experimental.tasks.getTaskResult(taskId, CallToolResultSchema)
  expect(result).toMatchObject({ content: [{ text: "Computed pi" }] })
})
