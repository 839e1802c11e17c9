import { isObject, type Json } from "../../../schema/json.ts"
import type { Once } from "../../plan/policies.ts"
import type { OnceTaker } from "../durable/journal.ts"
import type { RunLog } from "../durable/run-log.ts"
import { failure, type Result, type StepError } from "../outcome.ts"
import { fail, type Inner, pause, stopped, type Work } from "../work.ts"
import { digestOf } from "./key.ts"

/** Who asks for what another run is at looks again so often. */
const lookMs = 100

/** Does a thing once per key, whoever asks. What failed without any effect was not done, and may be asked for again. */
export async function underOnce(once: Once, work: Work, inner: Inner): Promise<Result> {
  const { log } = work.run.parts
  if (log === undefined) return fail(work, failure("journal", "what is done once needs a journal"))
  const key = digestOf([once.space], once.key, work)
  if (!key.ok) return key
  for (;;) {
    const taken = await log.ask((journal) => journal.takeOnce(key.digest, takerOf(once, work)))
    if (taken === undefined)
      return fail(work, failure("journal", "not called: the run belongs to somebody else now"))
    if (taken.is === "taken") return lead({ once, key: key.digest, log }, work, inner)
    if (taken.is === "settled") {
      work.run.distrust()
      return repeated(once, taken, work)
    }
    const reason = await pause(lookMs, work)
    if (reason !== undefined) return stopped(work, reason)
  }
}

function takerOf({ ttlMs }: Once, { run, path }: Work): OnceTaker {
  const { runId, callerScope, ports } = run.parts
  const nowMs = ports.clock.now()
  const untilMs = ttlMs === undefined ? undefined : nowMs + ttlMs
  return { run: runId, step: path, scope: callerScope, untilMs, nowMs }
}

interface Led {
  readonly once: Once
  readonly key: string
  readonly log: RunLog
}

async function lead({ once, key, log }: Led, work: Work, inner: Inner): Promise<Result> {
  const result = await inner(work)
  if (work.run.halt.reason !== undefined) return result // the run keeps the key, and goes on with it
  const isDone = result.ok || result.error.effect !== "none"
  const outcome = isDone ? storable(result) : undefined
  await log.ask((journal) => journal.settleOnce(key, takerOf(once, work), outcome))
  return result
}

function storable(result: Result): Json {
  if (!result.ok) return { ok: false, error: { ...result.error } }
  const { value, raw } = result
  return { ok: true, ...(value !== undefined && { value }), ...(raw !== undefined && { raw }) }
}

interface Kept {
  readonly scope: string
  readonly outcome: Json
}

function repeated(once: Once, { scope, outcome }: Kept, work: Work): Result {
  if (once.onDuplicate === "skip") return { ok: true, value: null, effect: "none" }
  if (once.onDuplicate === "error" || scope !== work.run.parts.callerScope || !isObject(outcome))
    return conflict(once, work)
  const { ok, value, raw, error } = outcome
  if (ok === true) return { ok, value, effect: "none", ...(isObject(raw) && { raw }) }
  const kept = error as unknown as StepError // as it was stored
  return { ok: false, error: { ...kept, step: work.path } }
}

const conflict = ({ space }: Once, work: Work): Result =>
  fail(work, failure("conflict", `this was asked for before, with the same key (once of ${space})`))
