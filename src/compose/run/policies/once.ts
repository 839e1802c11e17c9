import type { Once } from "../../plan/policies.ts"
import { failure, type Result } from "../outcome.ts"
import type { OnceEntry, OnceStore } from "../state/once-store.ts"
import { orStop } from "../stop.ts"
import { fail, type Inner, stopped, type Work } from "../work.ts"
import { digestOf } from "./key.ts"

/** Does a thing once per key, whoever asks. What failed without any effect was not done, and may be asked for again. */
export async function underOnce(work: Work, inner: Inner): Promise<Result> {
  const { once } = work.step.policies
  if (once === undefined) return inner(work)
  const { state, ports } = work.run.parts
  const key = digestOf([once.space], once.key, work)
  if (!key.ok) return key
  const store = state.once
  for (;;) {
    const entry = store.get(key.digest, ports.clock.now())
    if (entry !== undefined) {
      work.run.distrust()
      return repeated(once, entry, work)
    }
    const flight = store.flights.get(key.digest)
    if (flight === undefined) return lead({ once, key: key.digest, store }, work, inner)
    const waited = await orStop(flight, work.stop, "reason")
    if (waited.isStopped) return stopped(work, waited.reason)
  }
}

interface Led {
  readonly once: Once
  readonly key: string
  readonly store: OnceStore
}

async function lead({ once, key, store }: Led, work: Work, inner: Inner): Promise<Result> {
  const { ports, callerScope } = work.run.parts
  const { clock } = ports
  if (!store.hasRoom(clock.now()))
    return fail(
      work,
      failure("budget", "no more can be remembered (limits onceEntries and onceBytes)"),
    )
  const act = async () => {
    const result = await inner(work)
    if (result.ok || result.error.effect !== "none") {
      const untilMs = once.ttlMs === undefined ? undefined : clock.now() + once.ttlMs
      store.set(key, { scope: callerScope, result, untilMs })
    }
    return result
  }
  return store.flights.lead(key, act, () => false)
}

function repeated(once: Once, { scope, result }: OnceEntry, work: Work): Result {
  if (once.onDuplicate === "skip") return { ok: true, value: null, effect: "none" }
  if (once.onDuplicate === "error" || scope !== work.run.parts.callerScope)
    return conflict(once, work)
  if (result.ok) return { ...result, effect: "none" }
  return { ...result, error: { ...result.error, step: work.path } }
}

const conflict = ({ space }: Once, work: Work): Result =>
  fail(work, failure("conflict", `this was asked for before, with the same key (once of ${space})`))
