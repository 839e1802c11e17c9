import type { Gateway } from "../../../call/gateway.ts"
import { followTask, type TaskFollower } from "../../../call/tasks/follow-task.ts"
import type { JsonObject } from "../../../schema/json.ts"

/** The tasks that one `subscriptions/listen` tells of (SEP-2663, `notifications/tasks`). */
export class ListenedTasks {
  readonly #gateway: Gateway
  readonly #caller: Omit<TaskFollower, "taskId" | "tell" | "meta" | "onNotification">
  readonly #told: (task: JsonObject) => void
  readonly #ends: (() => void)[] = []
  #isOver = false

  constructor(
    gateway: Gateway,
    caller: Omit<TaskFollower, "taskId" | "tell" | "meta" | "onNotification">,
    told: (task: JsonObject) => void,
  ) {
    this.#gateway = gateway
    this.#caller = caller
    this.#told = told
  }

  /** Returns those that are this caller's. */
  async follow(taskIds: readonly string[]): Promise<string[]> {
    const asked = taskIds.map(async (taskId) => {
      const end = await followTask(
        {
          ...this.#caller,
          taskId,
          meta: undefined,
          onNotification: undefined,
          tell: ({ resultType: _, ...task }) => {
            if (!this.#isOver) this.#told(task)
          },
        },
        this.#gateway,
      )
      if (end === undefined) return []
      if (this.#isOver) end()
      else this.#ends.push(end)
      return [taskId]
    })
    return (await Promise.all(asked)).flat()
  }

  end(): void {
    this.#isOver = true
    for (const end of this.#ends.splice(0)) end()
  }
}
