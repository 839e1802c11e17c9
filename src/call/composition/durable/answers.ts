import type { Question } from "../../../compose/run/durable/event.ts"
import type { TroubleKind } from "../../../compose/run/durable/journal.ts"
import type { RunRecord, Tombstone } from "../../../compose/run/durable/record.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import type { Answer } from "../../call.ts"
import type { Full } from "../../shares.ts"

const runKey = "dev.postern/run"
const refusalKey = "dev.postern/refusal"

/** The stored result of a run for one who did not begin it. */
export function replayed(result: JsonObject): Answer {
  const meta = isObject(result["_meta"]) ? result["_meta"] : {}
  const run = isObject(meta[runKey]) ? meta[runKey] : {}
  const marked = { ...meta, [runKey]: { ...run, replayed: true } }
  return { kind: "result", result: { ...result, _meta: marked } }
}

type Named = Pick<RunRecord, "id" | "tool"> & Partial<Pick<RunRecord, "status" | "reason">>

/** It waits for an operator. */
export const parked = ({ id, tool, reason = "see the run" }: Named): Answer =>
  told("run_parked", { id, status: "parked" }, [
    `${tool} has stopped half way and waits for an operator: ${reason}.`,
    `Do not call it again before that is settled. Run ${id}.`,
  ])

/** It takes longer than a caller can wait. */
export const stillGoing = ({ id, tool, status = "running" }: Named, hasKey: boolean): Answer =>
  told("overloaded", { id, status }, [
    `${tool} is not done yet, and goes on (${status}).`,
    hasKey ? `Call it again with the same arguments to get its result. Run ${id}.` : elsewhere(id),
  ])

/** It waits for a person whom this caller cannot be. */
export const stillWaiting = ({ id, tool }: Named, hasKey: boolean, to: Question["to"]): Answer =>
  told("overloaded", { id, status: "waiting" }, [
    to === "operator"
      ? `${tool} waits for approval by an operator.`
      : `${tool} waits for approval, and nobody could be asked through this client (elicitation).`,
    hasKey ? `Call it again with the same arguments${comeBack[to]}. Run ${id}.` : elsewhere(id),
  ])

const comeBack = {
  operator: " to get its result",
  caller: ", from a client that can be asked, or later to get its result",
}

const elsewhere = (id: string): string => `Calling it again would begin another run. Run ${id}.`

/** The id, or the key, is that of a run with other input, or of somebody else's: the caller is not told which. */
export const conflict = (tool: string): Answer =>
  told("run_conflict", undefined, [
    `${tool} was called with this id before, and not with these arguments by this caller.`,
    "Take the arguments of that call, or an id of your own.",
  ])

/** It ended so long ago that only this is known. */
export const buried = ({ id, status }: Tombstone, tool: string): Answer =>
  told("run_conflict", { id, status }, [
    `${tool} was called with this id before, and that run has ended (${status}).`,
    `Its result is not kept any more. Run ${id}.`,
  ])

/**
 * Nothing can be written down, so nothing is called. A database, or a disk, that stopped answering may have stored the
 * run all the same: then the run is found later and continued.
 */
export const unwritable = (tool: string, kind: TroubleKind): Answer =>
  told("overloaded", undefined, [
    `${tool} was not run: its steps cannot be recorded now. Nothing was called; try again later.`,
    ...(kind === "unreachable"
      ? [
          `If the run journal stored the run before it stopped answering, the run goes on by itself later: unless ${tool} takes an id or a key of yours, find out what was done before you call again.`,
        ]
      : []),
  ])

export const tooMany = (tool: string, full: Full): Answer =>
  told("overloaded", undefined, [
    full === "all"
      ? `${tool} was not run: as many runs are open as may (limits.runsOpen). Try again later.`
      : `${tool} was not run: as many runs of this caller are open as may (limits.runsOpenPerCaller). Try again when some have ended.`,
  ])

const told = (
  code: "run_parked" | "overloaded" | "run_conflict",
  run: JsonObject | undefined,
  lines: readonly string[],
): Answer => ({
  kind: "result",
  result: {
    content: [{ type: "text", text: lines.join("\n") }],
    isError: true,
    _meta: { [refusalKey]: { code }, ...(run && { [runKey]: run }) },
  },
})
