import type { RunRecord } from "../../../compose/run/durable/record.ts"
import { RunState } from "../../../compose/run/durable/state.ts"
import type { JsonObject } from "../../../schema/json.ts"
import type { Answer, CallRequest, Way } from "../../call.ts"
import { questionsOf } from "../../composition/durable/answer.ts"
import { askable } from "../../composition/durable/approver.ts"
import type { Gateway } from "../../gateway.ts"
import { withoutTasks } from "../../interaction/capabilities.ts"

/*
 * A durable run as a task (compositions §11.7). It is one already: the id of the task is that of the run, which nobody can
 * guess and which is of no use to anybody but whom the run is for; and the journal is what makes it last.
 */

/** What of a run its task is told by. */
export interface Standing {
  readonly run: RunRecord
  /** What the caller who asks can answer. */
  readonly questions: ReturnType<typeof askable>
  /** It was cancelled through its task, or by its call. */
  readonly isCancelled: boolean
}

/** How often a task is to be polled; and one that waits for somebody else, who is in no hurry. */
const pollMs = { usual: 1_000, others: 5_000 }

/** The task, flat, without what it came to and what it asks. */
export function runTask(
  standing: Standing,
  era: "legacy" | "modern" | undefined,
  { retentionMs }: Pick<Gateway["compositions"], "retentionMs">,
): JsonObject {
  const { id, createdMs, updatedMs, status } = standing.run
  const isWaiting = status === "waiting" && standing.questions.length === 0
  return {
    taskId: id,
    ...(era === "legacy" && standing.isCancelled ? asCancelled(standing) : statusOf(standing)),
    createdAt: new Date(createdMs).toISOString(),
    lastUpdatedAt: new Date(updatedMs).toISOString(),
    ttlMs: Math.ceil(retentionMs + updatedMs - createdMs), // kept so long after its last change
    pollIntervalMs: isWaiting || status === "parked" ? pollMs.others : pollMs.usual,
  }
}

function statusOf({ run, questions, isCancelled }: Standing): JsonObject {
  const { tool, reason = "see the run" } = run
  switch (run.status) {
    case "running":
      return working(
        isCancelled ? `${tool} was cancelled, and comes to its end` : `${tool} is under way`,
      )
    case "compensating":
      return working(`${tool} goes back: what it did is being undone`)
    case "parked":
      return working(`${tool} has stopped half way and waits for an operator: ${reason}`)
    case "waiting":
      return questions.length > 0
        ? { status: "input_required", statusMessage: `${tool} waits for an answer` }
        : working(`${tool} waits for an operator, or a person whom this client cannot ask`)
    case "compensated":
    case "failed":
      return isCancelled
        ? {
            status: "cancelled",
            statusMessage: `${tool} was cancelled${run.status === "compensated" ? ", and undone" : ""}`,
          }
        : { status: "completed" }
    case "completed":
    case "abandoned":
      return { status: "completed" }
  }
}

/** In this era what was cancelled is so from then on (MCP 2025-11-25, Tasks, Task Cancellation), also while it goes back. */
function asCancelled(standing: Standing): JsonObject {
  const { status, ...rest } = statusOf(standing)
  return { status: status === "completed" ? status : "cancelled", ...rest }
}

const working = (statusMessage: string): JsonObject => ({ status: "working", statusMessage })

/** In place of the result of a call: its run goes on, and its caller comes back for it. */
export async function asTask(run: RunRecord, { request, gateway, facts }: Way): Promise<Answer> {
  facts.note = { ...facts.note, task: run.status }
  const standing = await standingOf(run, request, gateway)
  const task = runTask(standing, request.era, gateway.compositions)
  return { kind: "result", result: { resultType: "task", ...task } }
}

/** A run, and what of it whoever asks can answer. */
export async function standingOf(
  run: RunRecord,
  { era, respondent }: Pick<CallRequest, "era" | "respondent">,
  { compositions }: Pick<Gateway, "compositions">,
): Promise<Standing> {
  const { durable } = compositions
  const { id, status } = run
  const open = status === "waiting" ? await questionsOf(durable, id) : []
  const able = respondent?.kind === "mute" ? undefined : respondent?.capabilities
  const questions = askable(open ?? [], withoutTasks(able))
  // Its events are read only where its status hangs on them.
  const mayBe = status === "compensated" || status === "failed" || era === "legacy"
  const isCancelled =
    mayBe && RunState.of(await durable.journal.events(id)).cancelled?.by === "caller"
  return { run, questions, isCancelled }
}
