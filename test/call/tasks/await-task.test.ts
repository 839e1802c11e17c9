import { isDeepStrictEqual } from "node:util"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { BackendReply, BackendRequest } from "../../../src/call/backends.ts"
import { Cancellation } from "../../../src/call/cancellation.ts"
import { awaitTask } from "../../../src/call/tasks/await-task.ts"
import { begun, flat, nested, type TaskEra } from "../../../src/call/tasks/shape.ts"
import type { JsonObject } from "../../../src/schema/json.ts"

const request: BackendRequest = {
  method: "tools/call",
  subject: "tool",
  name: "own",
  params: { name: "own" },
  meta: undefined,
  cancellation: undefined,
  onNotification: undefined,
}

/** What comes of a task whose server answers so, one answer after the other and the last one again. */
function outcomeOf(era: TaskEra, ...answers: (JsonObject | BackendReply)[]) {
  const asked: string[] = []
  const send = (one: BackendRequest): Promise<BackendReply> => {
    asked.push(one.method)
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    const isReply = answer !== undefined && "kind" in answer
    return Promise.resolve(
      isReply ? (answer as BackendReply) : { kind: "result", result: (answer ?? {}) as JsonObject },
    )
  }
  return { asked, outcome: awaitTask({ id: "1", era, request, send }) }
}
const refused = (code: string) => ({ kind: "refusal", refusal: { code } })

describe("what a server says of a task", () => {
  test.each<[TaskEra, JsonObject]>([
    ["legacy", {}],
    ["legacy", { taskId: "2", status: "completed" }],
    ["modern", { taskId: "1", status: "purring" }],
    ["modern", { taskId: 1, status: "working" }],
    ["modern", { taskId: "1", status: "completed" }],
    ["modern", { taskId: "1", status: "completed", result: "done" }],
    ["modern", { taskId: "1", status: "input_required", inputRequests: { q: 1 } }],
    ["modern", { taskId: "1", status: "input_required", inputRequests: { q: {} } }],
  ])("is refused where it is none: %s %j", async (era, answer) => {
    expect(await outcomeOf(era, answer).outcome).toMatchObject(refused("backend_error"))
  })

  test("whose answer fails ends it", async () => {
    const error = { kind: "error", error: { code: -32602, message: "Task not found" } } as const
    expect(await outcomeOf("legacy", error).outcome).toEqual(error)
    const working = { taskId: "1", status: "working", pollInterval: 1 }
    expect(await outcomeOf("legacy", working, error).outcome).toEqual(error)
  })

  test("that failed without saying how is an error of the gateway's", async () => {
    const failed = { taskId: "1", status: "failed", statusMessage: "no paper", error: [] }
    expect(await outcomeOf("modern", failed).outcome).toEqual({
      kind: "error",
      error: { code: -32603, message: "The task failed: no paper" },
    })
  })

  test("who can be asked nothing is not asked", async () => {
    const question = { method: "elicitation/create", params: { message: "?" } }
    const asking = { taskId: "1", status: "input_required", inputRequests: { q: question } }
    expect(await outcomeOf("modern", asking).outcome).toMatchObject(refused("unanswered"))
  })

  test("is fetched where it is over, and not before", async () => {
    const working = { taskId: "1", status: "working", pollInterval: 1 }
    const { asked, outcome } = outcomeOf(
      "legacy",
      working,
      { ...working, status: "completed" },
      { content: [] },
    )
    expect(await outcome).toEqual({ kind: "result", result: { content: [] } })
    expect(asked).toEqual(["tasks/get", "tasks/get", "tasks/result"])
  })

  test("is waited for no longer once nobody wants it", async () => {
    const cancellation = new Cancellation()
    const working = { taskId: "1", status: "working", pollIntervalMs: 1e9 }
    const outcome = awaitTask({
      id: "1",
      era: "modern",
      request: { ...request, cancellation },
      send: () => Promise.resolve({ kind: "result", result: working }),
      onStatus: () => setImmediate(() => cancellation.cancel()),
    })
    expect(await outcome).toMatchObject(refused("cancelled"))
  })
})

describe("the two shapes of a task", () => {
  const json = fc.jsonValue() as fc.Arbitrary<JsonObject[string]>
  const tasks = fc.record({
    taskId: fc.string(),
    status: fc.constantFrom("working", "input_required", "completed", "failed", "cancelled"),
    ttl: fc.oneof(fc.nat(), fc.constant(null)),
    pollInterval: fc.nat(),
    statusMessage: fc.string(),
    future: json,
  })

  test("lose nothing on the way there and back", () => {
    const isKept = (task: JsonObject) => isDeepStrictEqual(nested(flat(task)), { ...task })
    expect(fc.check(fc.property(tasks, isKept))).toMatchObject({ failed: false })
  })

  test("are only seen where a server wrote one", () => {
    const see = (result: JsonObject) => begun({ kind: "result", result })
    expect(see({ task: { taskId: "1", status: "working" } })).toMatchObject({ era: "legacy" })
    expect(see({ resultType: "task", taskId: "1" })).toMatchObject({ era: "modern" })
    expect(see({ content: [], task: { taskId: "1" } })).toBeUndefined()
    expect(see({ task: "1" })).toBeUndefined()
    expect(see({ task: { taskId: 1 } })).toBeUndefined()
  })
})
