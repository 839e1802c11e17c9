import { setTimeout as sleep } from "node:timers/promises"
import type { JsonObject } from "../../schema/json.ts"
import type { BackendReply } from "../backends.ts"
import { Cancellation } from "../cancellation.ts"
import type { Following } from "../following.ts"
import type { Gateway } from "../gateway.ts"
import { askTask, lookAtTask } from "./ask-task.ts"
import { pollWaitMs } from "./await-task.ts"
import { isOver } from "./shape.ts"
import type { TaskRequest } from "./task-request.ts"

/** Who wants to hear of which task: a modern caller, by its own id of it. */
export type TaskFollower = Omit<TaskRequest, "method" | "params" | "cancellation"> & {
  /** Told how the task is, first of all and then whenever it is another thing; as `tasks/get` says it. */
  tell(task: JsonObject): void
}

/**
 * Looks at a task of a caller as often as its server wants to be asked, until it is over, nobody may see it any more,
 * or nobody follows. Servers of both eras are polled, because not all of them report by themselves. A task that the
 * caller does not have is not agreed to, and nobody is told. The first look is recorded like any `tasks/get`.
 */
export function followTask({ tell, ...follower }: TaskFollower, gateway: Gateway): Following {
  const cancellation = new Cancellation()
  const over = new AbortController()
  const { promise: agreed, resolve } = Promise.withResolvers<boolean>()
  const request = { ...follower, method: "tasks/get", params: {}, cancellation }
  void keepLooking(askTask(request, gateway), {
    look: () => lookAtTask(request, gateway),
    tell,
    agree: resolve,
    over: over.signal,
  })
  return {
    agreed,
    end() {
      over.abort()
      cancellation.cancel()
    },
  }
}

interface Looking {
  look(): Promise<BackendReply>
  tell(task: JsonObject): void
  agree(isTheirs: boolean): void
  readonly over: AbortSignal
}

async function keepLooking(
  first: Promise<BackendReply>,
  { look, tell, agree, over }: Looking,
): Promise<void> {
  const news = whenOther(tell)
  let reply = await first
  agree(reply.kind === "result" || isAway(reply))
  while (!over.aborted && (reply.kind === "result" || isAway(reply))) {
    const task = reply.kind === "result" ? reply.result : {}
    if (reply.kind === "result") news(task)
    if (isOver(task)) return
    await sleep(pollWaitMs(task), undefined, { signal: over, ref: false }).catch(() => {}) // nobody follows any more
    if (!over.aborted) reply = await look()
  }
}

/** Tells of a task, but not the same again. */
function whenOther(tell: (task: JsonObject) => void): (task: JsonObject) => void {
  let said: string | undefined
  return (task) => {
    const now = JSON.stringify([task["status"], task["statusMessage"], task["inputRequests"]])
    if (now !== said) tell(task)
    said = now
  }
}

/** The server cannot be asked now: that says nothing of the task. */
const isAway = (reply: BackendReply): boolean =>
  reply.kind === "refusal" && away.has(reply.refusal.code)

const away: ReadonlySet<string> = new Set(["backend_unavailable", "backend_timeout", "overloaded"])
