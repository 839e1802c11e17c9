import { setTimeout as sleep } from "node:timers/promises"
import type { JsonObject } from "../../schema/json.ts"
import type { BackendReply } from "../backends.ts"
import { Cancellation } from "../cancellation.ts"
import type { Gateway } from "../gateway.ts"
import { askTask, lookAtTask, type TaskRequest } from "./ask-task.ts"
import { pollWaitMs } from "./await-task.ts"
import { isOver } from "./shape.ts"

/** Who wants to hear of which task: a modern caller, by its own id of it. */
export type TaskFollower = Omit<TaskRequest, "method" | "params" | "cancellation"> & {
  /** Told how the task is, first of all and then whenever it is another thing; as `tasks/get` says it. */
  tell(task: JsonObject): void
}

/**
 * Looks at a task of a caller as often as its server wants to be asked, until it is over, nobody may see it any more, or
 * the returned function is called. A server of either era is looked at: not all of them say by themselves how a task is.
 * Undefined, and nobody is told, where the caller has no such task; the first look is recorded like any `tasks/get`.
 */
export async function followTask(
  { tell, ...follower }: TaskFollower,
  gateway: Gateway,
): Promise<(() => void) | undefined> {
  const cancellation = new Cancellation()
  const request = { ...follower, method: "tasks/get", params: {}, cancellation }
  const first = await askTask(request, gateway)
  if (first.kind !== "result") return
  const end = new AbortController()
  void keepLooking(first.result, {
    look: () => lookAtTask(request, gateway),
    tell,
    over: end.signal,
  })
  return () => {
    end.abort()
    cancellation.cancel()
  }
}

interface Looking {
  look(): Promise<BackendReply>
  tell(task: JsonObject): void
  readonly over: AbortSignal
}

async function keepLooking(first: JsonObject, { look, tell, over }: Looking): Promise<void> {
  let task = first
  let said: string | undefined
  while (!over.aborted) {
    const now = JSON.stringify([task["status"], task["statusMessage"], task["inputRequests"]])
    if (now !== said) tell(task)
    said = now
    if (isOver(task)) return
    await sleep(pollWaitMs(task), undefined, { signal: over, ref: false }).catch(() => {}) // nobody follows any more
    const reply = over.aborted ? undefined : await look()
    if (reply?.kind === "result") task = reply.result
    else if (!isAway(reply)) return
  }
}

/** The server cannot be asked now: that says nothing of the task. */
const isAway = (reply: BackendReply | undefined): boolean =>
  reply?.kind === "refusal" && away.has(reply.refusal.code)

const away: ReadonlySet<string> = new Set(["backend_unavailable", "backend_timeout", "overloaded"])
