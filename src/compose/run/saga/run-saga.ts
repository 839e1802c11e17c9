import type { Graph } from "../../plan/plan.ts"
import type { RunLog } from "../durable/run-log.ts"
import { runForward } from "../forward.ts"
import { codes, type Failed, failure, type Result, whatFailed, withEffect } from "../outcome.ts"
import { fail, type Site } from "../work.ts"
import { undoAll } from "./compensate.ts"
import { SagaScope } from "./saga-scope.ts"

/**
 * A saga (compositions §9): forward, and when that fails, back: what was done is undone in the reverse order of its
 * completion. Past its pivot it does not go back, but waits for an operator.
 */
export async function runSaga(graph: Graph, site: Site): Promise<Result> {
  const { run, path } = site
  const { log } = run.parts
  if (log === undefined)
    return fail(site, failure("journal", "a saga cannot be run here: this run has no journal"))
  const saga = new SagaScope()
  const result = checked(await runForward(graph, { ...site, saga }), site)
  if (run.halt.reason !== undefined) return halted(result, site)
  const back = log.state.backOf(path)
  const unwanted = back === undefined ? cancelledMeanwhile(result, saga, { log, site }) : undefined
  if (result.ok && back === undefined && unwanted === undefined) {
    site.saga?.adopt(saga)
    return result
  }
  const failed =
    unwanted ?? (back === undefined || !result.ok ? whyFailed(result, log, site) : asked(site, log))
  if (saga.isPastPivot && !log.state.isForcedBack) {
    const { error } = failed
    run.park({ reason: `past its pivot, step ${error.step} failed: ${error.message}`, error })
    return failed
  }
  if (back === undefined) goBack(failed, site, log)
  const left = await undoAll(graph, saga, site)
  return withEffect(failed, left)
}

/** What the whole composition promises is a part of its success: what breaks it is undone. */
function checked(result: Result, site: Site): Result {
  const fault = result.ok && site.path === "" ? site.run.parts.faultOf?.(result.value) : undefined
  return fault === undefined || !result.ok ? result : fail(site, fault, result.effect)
}

/** Whoever cancelled it has been told that it goes back, also where its last step was under way then. */
function cancelledMeanwhile(
  result: Result,
  { isPastPivot }: SagaScope,
  { log, site }: { readonly log: RunLog; readonly site: Site },
): Failed | undefined {
  const { cancelled } = log.state
  if (cancelled === undefined || !result.ok || isPastPivot || site.path !== "") return
  return fail(site, failure("cancelled", cancelled.words), result.effect)
}

/** The error that it went back for stays the error, whatever is found when it is gone through again. */
function whyFailed(result: Result, log: RunLog, site: Site): Failed {
  const error = log.state.backOf(site.path)?.error
  if (error !== undefined) return { ok: false, error }
  return result.ok ? asked(site, log) : result
}

function asked(site: Site, log: RunLog): Failed {
  const { error, reason } = log.state.backOf(site.path) ?? {}
  if (error !== undefined) return { ok: false, error }
  return fail(site, failure("cancelled", reason ?? "an operator had it undone"), "done")
}

/** The one that matters: `running` to `compensating` for the outermost saga, in one with what led to it. */
function goBack({ error }: Failed, { path }: Site, log: RunLog): void {
  const reason = whatFailed(error)
  const change = path === "" ? { status: "compensating" as const, reason } : undefined
  log.note({ kind: "turn", step: path, data: { to: "compensating", reason, error } }, change)
}

const halted = (result: Result, site: Site): Result => {
  if (!result.ok) return result
  const message = site.run.halt.reason?.message ?? "it has come to rest"
  return fail(site, { class: "cancelled", code: codes.cancelled, message }, result.effect)
}
