import type { RunLog } from "../durable/run-log.ts"
import { effectOf, type Failed, type Result, withEffect } from "../outcome.ts"
import { isInCompensation } from "../paths.ts"
import type { Inner, Work } from "../work.ts"
import { isAnyUnknownInside, type Means, settled } from "./settle.ts"

/**
 * The step of a durable run, or one item of it: what is known of it already is not done again, and in a saga it is not
 * over before it is known whether it happened.
 */
export const underJournal =
  (means: Means): Inner =>
  (work) => {
    const { log } = work.run.parts
    return log === undefined ? means.inner(work) : journaled(work, log, means)
  }

async function journaled(work: Work, log: RunLog, means: Means): Promise<Result> {
  const known = log.state.step(work.path)
  const isLeaf = work.step.node.kind !== "graph" && work.step.node.kind !== "value"
  const isSingle = work.step.policies.once !== undefined // who leads has to say how it ended
  if (known?.standing === "done" && ((isLeaf && !isSingle) || known.isForced)) {
    work.tally.attempts = Math.max(known.attempts, 1)
    work.run.distrust()
    return { ok: true, value: known.value, effect: known.effect }
  }
  const { onUnknown } = work.step
  // A run that is resumed asks the probe again; only retry-step makes the call whatever the probe says.
  if (known?.again === "resume" && known.standing === "unknown" && typeof onUnknown === "object") {
    const error = known.problem?.error
    if (error !== undefined) return settled({ ok: false, error }, work, means)
  }
  const result = await means.inner(work)
  if (isLeaf && isNews(result, work)) log.end(work.path, result)
  if (result.ok || onUnknown === undefined || !isUnknown(result, work)) return result
  if (isInCompensation(work.path)) return result // it is made again, with the same key
  return settled(withEffect(result, "unknown"), work, means)
}

/** Also where the last attempt did nothing for certain, and nobody knows of one before. */
function isUnknown(result: Failed, work: Work): boolean {
  const { run, path } = work
  if (effectOf(result) === "unknown") return true
  if (run.halt.reason !== undefined) return false
  return run.parts.log?.state.step(path)?.standing === "unknown" || isAnyUnknownInside(work)
}

/** An outcome that came about without a call of this run: from a cache, from another run, or because nothing was called. */
function isNews(result: Result, { run, path }: Work): boolean {
  const standing = run.parts.log?.state.step(path)?.standing
  if (run.halt.reason !== undefined || standing === "started") return false
  return result.ok ? standing !== "done" : standing === undefined || standing === "pending"
}
