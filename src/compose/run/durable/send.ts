import type { Json } from "../../../schema/json.ts"
import type { CallNode } from "../../plan/plan.ts"
import { writtenTarget } from "../../plan/target.ts"
import { type Failed, failure, notSent, type Result } from "../outcome.ts"
import { fail, stopped, type Work } from "../work.ts"
import type { RunLog } from "./run-log.ts"

interface Sending {
  readonly node: CallNode
  readonly input: Json
  readonly work: Work
  readonly log: RunLog
}

/**
 * Makes a call of a durable run: announced before it is made, unless it only reads, and noted when it has ended. It is
 * made only when everything that the run knows is on the disk.
 */
export async function sendDurably(
  { node, input, work, log }: Sending,
  send: (node: CallNode, input: Json, work: Work) => Promise<Result>,
): Promise<Result> {
  const { path } = work
  const refused = log.refusalOf(path)
  if (refused !== undefined) return stopped(work, refused)
  const isCovered = log.isCovered(path)
  const isAnnounced = node.effect !== "read" && !isCovered
  if (isAnnounced) log.intend(path, input, writtenTarget(node.target))
  const isHeld = await log.durable()
  const result = unsent(isHeld, work) ?? (await send(node, input, work))
  if (!isCovered && !isCutShort(result, work)) log.end(path, result)
  return result
}

/** What has come up while the journal was waited for, if something has. */
function unsent(isHeld: boolean, work: Work): Failed | undefined {
  if (!isHeld)
    return fail(work, failure("journal", "not called: the run belongs to somebody else now"))
  const { run, stop } = work
  if (run.halt.reason !== undefined) return fail(work, { ...run.halt.reason, code: notSent })
  return stop.reason && stopped(work, stop.reason)
}

/** A run that comes to rest gives up what only reads: it is read again when the run goes on. */
const isCutShort = (result: Result, { run }: Work): boolean =>
  run.halt.reason !== undefined &&
  !result.ok &&
  result.error.class === "cancelled" &&
  result.error.effect === "none" &&
  result.error.code !== notSent
