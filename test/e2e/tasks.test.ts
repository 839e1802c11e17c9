import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type ConformanceGateway, openConformanceGateway } from "../support/conformance-gateway.ts"
import { modern, opened as openedStream, post, posting } from "../support/face-server.ts"
import { eventually, reading } from "../support/face-stream.ts"

const able = {
  "io.modelcontextprotocol/clientCapabilities": {
    elicitation: {},
    extensions: { "io.modelcontextprotocol/tasks": {} },
  },
}

describe("a modern server that answers with tasks", () => {
  let opened: ConformanceGateway
  beforeAll(async () => {
    opened = await openConformanceGateway("modern")
  }, 60_000)
  afterAll(() => opened[Symbol.asyncDispose]())

  const send = async (agent: string, method: string, params: object, _meta: object = able) => {
    const { message, headers } = modern(method, { ...params, _meta })
    const { taskId } = params as { taskId?: string }
    const { status, text } = await post(opened.gateway.port, message, {
      ...headers,
      ...(taskId !== undefined && { "mcp-name": taskId }),
      "x-agent-name": agent,
      "x-agent-version": "1",
    })
    return { status, ...JSON.parse(text) }
  }
  const begin = async (agent: string) => {
    const params = { name: "confirm_delete", arguments: { filename: "a.txt" } }
    return (await send(agent, "tools/call", params)).result
  }

  test("asks through its task, and its result comes back through it", async () => {
    const { resultType, taskId } = await begin("ann")
    expect(resultType).toBe("task")
    const { result: task } = await send("ann", "tasks/get", { taskId })
    expect(task).toMatchObject({ taskId, status: "input_required", resultType: "complete" })
    const { confirm } = task.inputRequests
    expect(confirm.params._meta).toEqual({ "dev.postern/server": "tasks@1.0.0" })
    const inputResponses = { confirm: { action: "accept", content: { confirm: true } } }
    await send("ann", "tasks/update", { taskId, inputResponses })
    await eventually(async () => (await send("ann", "tasks/get", { taskId })).result).toMatchObject(
      {
        status: "completed",
        result: { content: [{ text: "Deleted a.txt" }] },
      },
    )
  })

  test("has tasks for whom they were begun, and for nobody else", async () => {
    const { taskId } = await begin("ann")
    const unknown = { error: { code: -32602, message: "Unknown task" } }
    for (const method of ["tasks/get", "tasks/update", "tasks/cancel"]) {
      expect(await send("eve", method, { taskId, inputResponses: {} })).toMatchObject(unknown)
      expect(await send("ann", method, { taskId: `${taskId}x` })).toMatchObject(unknown)
      expect(await send("ann", method, { taskId: "1" })).toMatchObject(unknown)
    }
    expect(await send("ann", "tasks/cancel", { taskId })).toMatchObject({ result: {} })
    const { result } = await send("ann", "tasks/get", { taskId })
    expect(result).toMatchObject({ status: "cancelled" })
  })

  test("is told of the extension only for who declared it", async () => {
    const { taskId } = await begin("ann")
    const refused = {
      status: 400,
      error: { code: -32021, data: { requiredCapabilities: { extensions: {} } } },
    }
    expect(await send("ann", "tasks/get", { taskId }, {})).toMatchObject(refused)
    const params = { name: "confirm_delete", arguments: {} }
    expect(await send("ann", "tools/call", params, {})).toMatchObject(refused)
    const { result } = await send("ann", "server/discover", {})
    expect(result.capabilities.extensions).toHaveProperty("io.modelcontextprotocol/tasks")
  })

  const listen = async (agent: string, taskIds: unknown, _meta: object = able) => {
    const { message, headers } = modern(
      "subscriptions/listen",
      { notifications: { taskIds }, _meta },
      9,
    )
    const by = { "x-agent-name": agent, "x-agent-version": "1" }
    return reading(await openedStream(opened.gateway.port, posting(message, { ...headers, ...by })))
  }
  const mark = { "io.modelcontextprotocol/subscriptionId": 9 }

  test("is listened to about a task until it is over: its questions, and its result", async () => {
    const { taskId } = await begin("ann")
    const stream = await listen("ann", [taskId, taskId, "no task"])
    expect(await stream.arrived(2)).toMatchObject([
      {
        method: "notifications/subscriptions/acknowledged",
        params: { notifications: { taskIds: [taskId] }, _meta: mark },
      },
      {
        method: "notifications/tasks",
        params: {
          taskId,
          status: "input_required",
          inputRequests: {
            confirm: { params: { _meta: { "dev.postern/server": "tasks@1.0.0" } } },
          },
          _meta: mark,
        },
      },
    ])
    const inputResponses = { confirm: { action: "accept", content: { confirm: true } } }
    await send("ann", "tasks/update", { taskId, inputResponses })
    await eventually(() => stream.messages().at(-1)).toMatchObject({
      method: "notifications/tasks",
      params: { taskId, status: "completed", result: { content: [{ text: "Deleted a.txt" }] } },
    })
    expect(JSON.stringify(stream.messages())).not.toContain("resultType")
    const late = await listen("ann", [taskId])
    expect((await late.arrived(2)).at(1)).toMatchObject({ params: { taskId, status: "completed" } })
  })

  test("is listened to about nobody else's task, nor without the extension", async () => {
    const { taskId } = await begin("ann")
    const other = await listen("eve", [taskId])
    await other.over()
    expect(other.messages()).toMatchObject([{ params: { notifications: {} } }, { result: {} }])
    expect((await listen("ann", [taskId], {})).incoming.statusCode).toBe(400)
    const bad = await listen("ann", "all")
    await bad.over()
    expect(bad.text()).toMatch(/-32602.*taskIds: expected a list/)
    const many = await listen("ann", Array.from({ length: 1001 }, String))
    await many.over()
    expect(many.text()).toMatch(/-32602.*taskIds: more than/)
  })
})
