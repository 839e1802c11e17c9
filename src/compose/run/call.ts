import { written } from "../../registry/model.ts"
import { isObject, type Json } from "../../schema/json.ts"
import type { CallNode } from "../plan/plan.ts"
import { writtenTarget } from "../plan/target.ts"
import { depthMax, isNestedAtMost } from "../text.ts"
import { Cancellation } from "./cancellation.ts"
import { inGrace } from "./durable/grace.ts"
import type { RunLog } from "./durable/run-log.ts"
import { sendDurably } from "./durable/send.ts"
import { type Failed, failure, type Happened, type Outcome, type Result } from "./outcome.ts"
import { isInCompensation } from "./paths.ts"
import type { CallOptions } from "./ports.ts"
import { bytesOf } from "./size.ts"
import { orStop } from "./stop.ts"
import { fail, held, stopped, tooLarge, type Work } from "./work.ts"

/** Makes one call: the only place where a run touches the world. */
export function call(node: CallNode, work: Work): Promise<Result> {
  const { run, path } = work
  const log = path.includes("?") ? undefined : run.parts.log // of a probe its finding is noted
  const known = log?.recall(path)
  if (known === undefined) return made(node, work, log)
  run.distrust()
  return Promise.resolve(known.ok ? held(known.value, work, known.effect) : known)
}

/** Makes it, unless something is wrong with it. */
function made(node: CallNode, work: Work, log: RunLog | undefined): Promise<Result> {
  const { run, stop, path } = work
  const input = sendable(node, work.scope.self)
  if (input === undefined) return refused(node, fail(work, unsendable(work.scope.self)))
  if (!run.fits(input)) return refused(node, tooLarge(work))
  if (stop.reason !== undefined) return refused(node, stopped(work, stop.reason))
  // What has to be undone is not held against the run.
  if (!isInCompensation(path) && !run.takeCall())
    return refused(node, fail(work, tooManyCalls(run.parts.limits.maxCalls)))
  return log === undefined ? send(node, input, work) : sendDurably({ node, input, work, log }, send)
}

const refused = (node: CallNode, failed: Failed): Promise<Result> =>
  Promise.resolve(named(failed, node))

/** The answer, or the stop: a call that only reads is given up as soon as nothing depends on it. */
async function send(node: CallNode, input: Json, work: Work): Promise<Result> {
  const { run, stop } = work
  const { ports, state, log } = run.parts
  state.retries.get(backendOf(node)).called(ports.clock.now())
  const isRead = node.effect === "read"
  const cancellation = new Cancellation()
  const answer = ports.invoke(node.target, input, optionsOf(node, work, cancellation))
  const inTime = await orStop(answer, stop, isRead ? "reason" : "aborted")
  const waited =
    inTime.isStopped && !isRead && log !== undefined
      ? await inGrace(answer, inTime.reason, work)
      : inTime
  if (!waited.isStopped) return resultOf(waited.value, node, work)
  cancellation.cancel()
  return named(stopped(work, waited.reason, isRead ? "none" : "unknown"), node)
}

function optionsOf(node: CallNode, work: Work, cancellation: Cancellation): CallOptions {
  const { run, deadlineMs, authority, path } = work
  const key = node.effect === "read" ? undefined : `${run.parts.runId}/${path}`
  const isProven = isProvenFor(node, work) && run.isTrusted
  return { key, cancellation, deadlineMs, authority, path, node, isProven }
}

function resultOf(outcome: Outcome, node: CallNode, work: Work): Result {
  if (outcome.ok) return kept(outcome, node, work)
  const failed = fail(work, outcome.error, outcome.effect)
  const { retryAfterMs } = outcome
  return named({ ...failed, ...(retryAfterMs !== undefined && { retryAfterMs }) }, node)
}

/** What is proved of a step holds of each that it may call. */
function isProvenFor(node: CallNode, { step }: Work): boolean {
  if (step.isProven !== true) return false
  if (step.node.kind !== "choose") return step.node === node
  return step.node.among.some((candidate) => candidate.node === node)
}

/** The value, if the run may keep it. That the call was made is true all the same. */
function kept(outcome: Outcome & { ok: true }, node: CallNode, work: Work): Result {
  const { limits } = work.run.parts
  const effect: Happened = node.effect === "read" ? "none" : "done"
  const { value, raw } = outcome
  const max = limits.stepOutputBytes
  if (bytesOf(value, max) > max) {
    const message = `the answer is larger than ${max} bytes (limit stepOutputBytes)`
    return named(fail(work, failure("output", message), effect), node)
  }
  if (work.run.parts.log !== undefined && !isNestedAtMost(value, depthMax)) {
    const message = `the answer is nested deeper than ${depthMax} levels`
    return named(fail(work, failure("output", message), effect), node)
  }
  const result = held(value, work, effect)
  return result.ok ? { ...result, raw } : named(result, node)
}

/** Arguments of tools are objects; a value that is none is put into the one property that it can be meant for. */
function sendable(node: CallNode, input: Json | undefined): Json | undefined {
  if (input === undefined || isObject(input) || node.target.kind === "agent") return input
  return node.wrap === undefined ? undefined : Object.fromEntries([[node.wrap, input]])
}

const unsendable = (input: Json | undefined) =>
  failure(
    "binding",
    input === undefined
      ? "there is nothing to call it with: its input is absent"
      : "its input is no object, and the tool has no single property that it could be meant for",
  )

const tooManyCalls = (max: number) =>
  failure("budget", `the run has made ${max} calls already (limit maxCalls)`)

const named = (failed: Failed, node: CallNode): Failed => ({
  ...failed,
  error: { ...failed.error, tool: writtenTarget(node.target) },
})

/** What shares a budget of retries. */
export const backendOf = ({ server, target }: CallNode): string => {
  if (server !== undefined) return written(server)
  return target.kind === "direct"
    ? written({
        name: target.server,
        ...(target.serverVersion !== undefined && { version: target.serverVersion }),
      })
    : writtenTarget(target)
}
