import type { BackendReply } from "../../src/call/backends.ts"
import type { RoundsRespondent } from "../../src/call/interaction/peer.ts"
import { askTask } from "../../src/call/tasks/ask-task.ts"
import type { TaskRequest } from "../../src/call/tasks/task-request.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { composed, pipeline, resultIn, value } from "./composed.ts"
import { evidence } from "./evidence.ts"
import { agentOf, toolDependency } from "./registries.ts"

const able = { elicitation: {}, extensions: { "io.modelcontextprotocol/tasks": {} } }
const names = ["book", "pay", "ship", "unbook", "unpay"]
const step = (id: string, more: JsonObject = {}): JsonObject => ({
  id,
  action: { tool: { name: id } },
  ...more,
})
const undone = (id: string): JsonObject => ({ compensate: { tool: { name: `un${id}` } } })
const ask = { id: "ask", action: { approve: { message: "Refund it?" } } }
const saga = (...steps: JsonObject[]): JsonObject => ({ saga: { sagaIdPath: "$.order", steps } })

interface Sketch {
  readonly taskAfterMs?: number
  /** What a tool answers; well otherwise. */
  readonly answers?: Readonly<Record<string, BackendReply>>
}

/** Sagas of which tools answer when the test lets them, and two agents that may call them. */
export function runTasksWorld({ taskAfterMs = 0, answers = {} }: Sketch = {}) {
  const held = new Map<string, PromiseWithResolvers<void>>()
  const begun = new Map<string, PromiseWithResolvers<void>>()
  const waits = (map: typeof held, name: string) => {
    const known = map.get(name) ?? Promise.withResolvers<void>()
    map.set(name, known)
    return known
  }
  const made = composed({
    tools: Object.fromEntries(names.map((name) => [name, {}])),
    compositions: {
      order: saga(
        step("book", undone("book")),
        step("pay", { ...undone("pay"), pivot: true }),
        step("ship"),
      ),
      refund: saga(step("book", undone("book")), ask, step("pay")),
      quote: pipeline(
        { id: "book", operation: { tool: { name: "book" } } },
        { id: "ask", operation: { approve: { message: "Book it?" } } },
        { id: "pay", operation: { tool: { name: "pay" } } },
      ),
      beside: saga(step("pay", { ...undone("pay"), after: [] }), { ...ask, after: [] }),
    },
    runs: { limits: { runTaskAfter: taskAfterMs } },
    more: {
      agents: ["a", "b"].map((name) => ({
        ...agentOf(
          name,
          ["order", "refund", "beside", "quote"].map((tool) => toolDependency(tool)),
        ),
        version: "1",
      })),
    },
    async backend({ name }) {
      const tool = String(name)
      waits(begun, tool).resolve()
      await held.get(tool)?.promise
      return answers[tool] ?? value({ [tool]: 1 })
    },
  })
  const { gateway, runs, requests } = made
  const { durable } = runs
  /** `tasks/get` and the others, of a modern caller. */
  const tasks = (method: string, taskId: string, more: Partial<TaskRequest> = {}) =>
    askTask(
      {
        ...{ era: "modern", method: `tasks/${method}`, taskId, params: {}, meta: undefined },
        ...{ evidence: evidence({ agentName: "a", agentVersion: "1" }), trace: undefined },
        ...{ cancellation: undefined, onNotification: undefined, respondent: rounds() },
        ...more,
      },
      gateway,
    )
  return {
    ...made,
    tasks,
    called: () => requests.map(({ name }) => name),
    hold: (tool: string) => waits(held, tool),
    begun: (tool: string) => waits(begun, tool).promise,
    begin: async (tool: string, more: object = { respondent: rounds() }) =>
      resultIn(await made.call(tool, { order: 7 }, more)),
    ended: async (id: string) => (await durable.live(id)?.ended)?.status,
  }
}

export const rounds = (more: Partial<RoundsRespondent> = {}): RoundsRespondent => ({
  kind: "rounds",
  capabilities: able,
  responses: undefined,
  state: undefined,
  ...more,
})

export const taskIn = (result: JsonObject): string => String(result["taskId"])
