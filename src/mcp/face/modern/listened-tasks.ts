import type { Following } from "../../../call/following.ts"
import type { Gateway } from "../../../call/gateway.ts"
import { followTask, type TaskFollower } from "../../../call/tasks/follow-task.ts"
import type { JsonObject } from "../../../schema/json.ts"
import { isAgreed } from "../subscriptions.ts"

/** Who listens. */
type Listener = Omit<TaskFollower, "taskId" | "tell" | "meta" | "onNotification">

/** The tasks that one `subscriptions/listen` tells of (SEP-2663, `notifications/tasks`). */
export class ListenedTasks {
  readonly #gateway: Gateway
  readonly #listener: Listener
  readonly #told: (task: JsonObject) => void
  readonly #following: Following[] = []
  #isOver = false

  constructor(gateway: Gateway, listener: Listener, told: (task: JsonObject) => void) {
    this.#gateway = gateway
    this.#listener = listener
    this.#told = told
  }

  /** Returns those that are this caller's, as far as that is known in a moment. */
  async follow(taskIds: readonly string[]): Promise<string[]> {
    const asked = taskIds.map(async (taskId) => {
      const following = this.#begin(taskId)
      return (await isAgreed(following.agreed)) ? [taskId] : []
    })
    return (await Promise.all(asked)).flat()
  }

  #begin(taskId: string): Following {
    const tell = ({ resultType: _, ...task }: JsonObject) => {
      if (!this.#isOver) this.#told(task)
    }
    const quiet = { meta: undefined, onNotification: undefined }
    const following = followTask({ ...this.#listener, ...quiet, taskId, tell }, this.#gateway)
    this.#following.push(following)
    return following
  }

  end(): void {
    this.#isOver = true
    for (const following of this.#following.splice(0)) following.end()
  }
}
