import { isObject, type Json, type JsonObject } from "../../src/schema/json.ts"
import type { ToolDefinition } from "./conformance-tools.ts"

export const tasksExtension = "io.modelcontextprotocol/tasks"

/** How a request is answered; an error with the HTTP status that goes with it. */
export type Answer =
  | { readonly result: JsonObject }
  | { readonly error: JsonObject; readonly status: number }

/** The parameters of a request, and whether its sender can be answered with a task. */
export interface TaskRequest {
  readonly params: JsonObject
  readonly declared: boolean
}

export const refuse = (
  status: number,
  code: number,
  message: string,
  data?: JsonObject,
): Answer => ({ status, error: { code, message, ...(data && { data }) } })

/** For whoever cannot be answered with a task, where only a task will do. */
export const undeclared = refuse(400, -32021, "Missing required client capability", {
  requiredCapabilities: { extensions: { [tasksExtension]: {} } },
})

/** What a task will do: wait, ask, and end. */
interface Plan {
  readonly waitMs?: number
  readonly questions?: JsonObject
  end(answers: JsonObject): JsonObject
}

interface Task {
  readonly id: string
  readonly createdAt: string
  lastUpdatedAt: string
  /** `status`, and `result` or `error` once there is one. */
  state: JsonObject
  /** What is still to be answered, and what was. */
  readonly pending: Map<string, Json>
  readonly answers: JsonObject
  readonly plan: Plan
}

/** How long the fixture takes for what a caller calls a second: nobody gains by waiting. */
const secondMs = 100

const complete = { resultType: "complete" } as const
const content = (text: string) => ({ content: [{ type: "text", text }] })
const done = (text: string): Answer => ({ result: { ...complete, ...content(text) } })
const completed = (text: string) => ({ status: "completed", result: content(text) })

const confirmation = (message: string) => ({
  method: "elicitation/create",
  params: {
    mode: "form",
    message,
    requestedSchema: { type: "object", properties: { confirm: { type: "boolean" } } },
  },
})

/** A tool that is answered with a task, or not at all. */
const alwaysTask =
  (plan: (args: JsonObject) => Plan): TaskTool["run"] =>
  ({ args, declared, begin }) =>
    declared ? begin(plan(args)) : undeclared

interface TaskTool extends ToolDefinition {
  run(call: {
    readonly args: JsonObject
    readonly declared: boolean
    readonly responses: JsonObject
    readonly begin: (plan: Plan) => Answer
  }): Answer
}

const takes = (...names: readonly string[]): JsonObject => ({
  type: "object",
  properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
})

const tools: readonly TaskTool[] = [
  {
    name: "greet",
    description: "Greets at once",
    inputSchema: takes("name"),
    run: ({ args }) => done(`Hello, ${args["name"]}!`),
  },
  {
    name: "slow_compute",
    description: "Takes its time",
    inputSchema: {
      type: "object",
      properties: { seconds: { type: "number" }, label: { type: "string" } },
    },
    run({ args, declared, begin }) {
      const waitMs = Number(args["seconds"] ?? 0) * secondMs
      const words = `Computed ${args["label"]}`
      return declared && waitMs > 0 ? begin({ waitMs, end: () => completed(words) }) : done(words)
    },
  },
  {
    name: "failing_job",
    description: "Fails after a while, as tools do",
    inputSchema: takes(),
    run: alwaysTask(() => ({
      waitMs: secondMs,
      end: () => ({ status: "completed", result: { ...content("It broke."), isError: true } }),
    })),
  },
  {
    name: "protocol_error_job",
    description: "Fails after a while, as servers do",
    inputSchema: takes(),
    run: alwaysTask(() => ({
      waitMs: secondMs,
      end: () => ({ status: "failed", error: { code: -32603, message: "Internal error" } }),
    })),
  },
  {
    name: "confirm_delete",
    description: "Asks before it deletes",
    inputSchema: takes("filename"),
    run: alwaysTask(({ filename }) => ({
      questions: { confirm: confirmation(`Delete ${filename}?`) },
      end: () => completed(`Deleted ${filename}`),
    })),
  },
  {
    name: "multi_input",
    description: "Asks two things at once",
    inputSchema: takes(),
    run: alwaysTask(() => ({
      questions: { first: confirmation("First?"), second: confirmation("Second?") },
      end: (answers) => completed(`Answered: ${Object.keys(answers).join(", ")}`),
    })),
  },
  {
    name: "test_tool_with_task",
    description: "Asks for a name, then takes its time",
    inputSchema: takes(),
    run({ declared, responses, begin }) {
      const answer = responses["user_name"]
      const entered = isObject(answer) ? answer["content"] : undefined
      const name = isObject(entered) ? entered["name"] : undefined
      if (name !== undefined)
        return declared
          ? begin({ waitMs: secondMs, end: () => completed(`Hello, ${name}!`) })
          : undeclared
      const requestedSchema = { type: "object", properties: { name: { type: "string" } } }
      const params = { mode: "form", message: "What is your name?", requestedSchema }
      const user_name = { method: "elicitation/create", params }
      return { result: { resultType: "input_required", inputRequests: { user_name } } }
    },
  },
]

export const taskTools: readonly ToolDefinition[] = tools.map(
  ({ name, description, inputSchema }) => ({ name, description, inputSchema }),
)

const unknown = refuse(200, -32602, "Unknown task")

/** The tools, and the tasks that their calls have become. */
export function createTaskTools(newId: () => string) {
  const tasks = new Map<string, Task>()
  const withTask =
    (answer: (task: Task, params: JsonObject) => JsonObject) =>
    (params: JsonObject): Answer => {
      const task = tasks.get(String(params["taskId"]))
      return task === undefined ? unknown : { result: { ...complete, ...answer(task, params) } }
    }
  const begin = (plan: Plan): Answer => {
    const task = newTask(newId(), plan)
    tasks.set(task.id, task)
    const result = { ...shown(task), resultType: "task" }
    start(task)
    return { result }
  }
  return {
    call({ params, declared }: TaskRequest): Answer {
      const tool = tools.find(({ name }) => name === params["name"])
      if (tool === undefined) return refuse(200, -32602, "Unknown tool")
      const [args, responses] = [params["arguments"], params["inputResponses"]].map((given) =>
        isObject(given) ? given : {},
      )
      return tool.run({ args: args ?? {}, responses: responses ?? {}, declared, begin })
    },
    get: withTask((task) => ({
      ...shown(task),
      ...(task.state["status"] === "input_required" && {
        inputRequests: Object.fromEntries(task.pending),
      }),
    })),
    update: withTask((task, { inputResponses }) => {
      take(task, isObject(inputResponses) ? inputResponses : {})
      return {}
    }),
    cancel: withTask((task) => {
      if (!isOver(task)) move(task, { status: "cancelled" })
      return {}
    }),
  }
}

function newTask(id: string, plan: Plan): Task {
  const createdAt = new Date().toISOString()
  const pending = new Map(Object.entries(plan.questions ?? {}))
  const state = { status: "working" }
  return { id, createdAt, lastUpdatedAt: createdAt, state, pending, answers: {}, plan }
}

function start(task: Task): void {
  const { pending, plan } = task
  if (pending.size > 0) move(task, { status: "input_required" })
  else setTimeout(() => end(task), plan.waitMs ?? 0).unref()
}

/** Answers to what was not asked, or is answered already, count for nothing. */
function take(task: Task, responses: JsonObject): void {
  const { pending, answers } = task
  if (task.state["status"] !== "input_required") return
  for (const [key, response] of Object.entries(responses))
    if (pending.delete(key)) Object.assign(answers, { [key]: response })
  if (pending.size > 0) return
  move(task, { status: "working" })
  start(task)
}

function end(task: Task): void {
  if (!isOver(task)) move(task, task.plan.end(task.answers))
}

function move(task: Task, state: JsonObject): void {
  task.state = state
  task.lastUpdatedAt = new Date().toISOString()
}

const isOver = ({ state }: Task) =>
  ["completed", "failed", "cancelled"].includes(String(state["status"]))

const shown = ({ id, createdAt, lastUpdatedAt, state }: Task): JsonObject => ({
  taskId: id,
  createdAt,
  lastUpdatedAt,
  ttlMs: 60_000,
  pollIntervalMs: secondMs,
  ...state,
})
