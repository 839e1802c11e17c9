import type { RunRecord } from "../../../compose/run/durable/record.ts"
import { isTerminal } from "../../../compose/run/durable/status.ts"
import type { JsonObject } from "../../../schema/json.ts"
import { type BackendReply, refused } from "../../backends.ts"
import { questionsOf } from "../../composition/durable/answer.ts"
import { moved } from "../../composition/durable/run-watch.ts"
import { Teller } from "../../composition/teller.ts"
import type { Refusal } from "../../refusal.ts"
import { waitMaxMs } from "../await-task.ts"
import { statusTeller } from "../legacy-callers.ts"
import { resultOf } from "../shape.ts"
import type { RunAsking } from "./run-asking.ts"
import { runTask, standingOf } from "./run-task.ts"

/**
 * `tasks/result` of MCP 2025-11-25: waits for the outcome of the run. Meanwhile the client is told the state and the
 * progress of the task, where it wants to know, and is asked what the run waits for.
 */
export async function awaitRun(asking: RunAsking): Promise<BackendReply> {
  const { request, gateway, run } = asking
  const { durable } = gateway.compositions
  const { clock } = durable
  const teller = new Teller(request, clock, undefined)
  const tell = statusTeller({ taskId: run.id, tell: request.onNotification })
  const look = durable.look(run.id)
  const untilMs = clock.now() + waitMaxMs
  try {
    while (clock.now() < untilMs && !durable.isClosing) {
      durable.live(run.id)?.audience.add(teller)
      const seen = await lookAt(asking, tell)
      if ("kind" in seen) return seen
      if (request.cancellation?.isCancelled) return refused(cancelled)
      await moved(look.moved(seen), untilMs, request.cancellation, clock)
    }
  } finally {
    teller.close()
    durable.live(run.id)?.audience.remove(teller)
    look.close()
  }
  return refused({ ...late, subject: run.tool, reason: "its run did not end in time" })
}

const late = { code: "backend_timeout", waitedMs: waitMaxMs, fate: "late" } as const
const cancelled: Refusal = { code: "cancelled", reason: "while its run was waited for" }

/** The answer, or how the run was seen to stand: there is nothing to do but to wait. */
async function lookAt(
  { request, gateway, approver, run: { id, tool } }: RunAsking,
  tell: (task: JsonObject) => void,
): Promise<BackendReply | RunRecord> {
  const { compositions } = gateway
  const run = await compositions.durable.find(id)
  if (run === undefined) return refused({ code: "unknown_task", reason: "it was forgotten" })
  const standing = await standingOf(run, request, gateway)
  tell(runTask(standing, request.era, compositions))
  if (isTerminal(run.status)) return resultOf(id, { kind: "result", result: run.result ?? {} })
  if (run.status !== "waiting") return run
  const answer = await approver.ask(run)
  if (answer !== undefined && answer !== "again") return answer
  const open = (await questionsOf(compositions.durable, id)) ?? []
  if (!open.some(({ to }) => to === "caller")) return run // an operator is asked, or it has been answered
  const words = "its client cannot be asked (elicitation), or did not answer; the task waits"
  return refused({ code: "unanswered", subject: tool, words })
}
