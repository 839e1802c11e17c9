import { decide } from "../../expr/evaluate.ts"
import type { Cache } from "../../plan/policies.ts"
import type { Result } from "../outcome.ts"
import { beginTally } from "../report.ts"
import type { CacheEntry } from "../state/cache-store.ts"
import { orStop } from "../stop.ts"
import { type Inner, stopped, type Work } from "../work.ts"
import { digestOf } from "./key.ts"

/** Gives what was given before: to the same caller, for the same key, for a time. Only values are kept. */
export async function underCache(cache: Cache, work: Work, inner: Inner): Promise<Result> {
  const { state, ports, callerScope } = work.run.parts
  const key = digestOf([callerScope, cache.space], cache.key, work)
  if (!key.ok) return key
  const nowMs = ports.clock.now()
  const entry = state.cache.get(key.digest, nowMs)
  if (entry === undefined) return together({ cache, key: key.digest }, work, inner)
  work.run.distrust()
  if (nowMs >= entry.freshUntilMs) renew({ cache, key: key.digest }, work, inner)
  return given(entry)
}

interface Keyed {
  readonly cache: Cache
  readonly key: string
}

const given = ({ value, raw }: CacheEntry): Result => ({ ok: true, value, raw, effect: "none" })

/** One call for all who want the same at the same time; when its caller gives up, another one makes it. */
async function together(keyed: Keyed, work: Work, inner: Inner): Promise<Result> {
  const { flights } = work.run.parts.state.cache
  for (;;) {
    const flight = flights.get(keyed.key)
    if (flight === undefined) return lead(keyed, work, inner)
    const waited = await orStop(flight, work.stop, "reason")
    if (waited.isStopped) return stopped(work, waited.reason)
    const landed = waited.value
    if (landed === undefined) continue
    work.run.distrust()
    if (landed.ok) return { ...landed, effect: "none" }
    return { ...landed, error: { ...landed.error, step: work.path } }
  }
}

const lead = (keyed: Keyed, work: Work, inner: Inner): Promise<Result> =>
  work.run.parts.state.cache.flights.lead(
    keyed.key,
    async () => {
      const result = await inner(work)
      if (result.ok) keep(result, keyed, work)
      return result
    },
    (result) => !result.ok && work.stop.reason !== undefined,
  )

function keep(result: Result & { ok: true }, { cache, key }: Keyed, { run, scope }: Work): void {
  const { value, raw } = result
  if (cache.if !== undefined) {
    const decided = decide(cache.if, value === undefined ? scope : { ...scope, item: value })
    if (!decided.ok || !decided.holds) return
  }
  const { state, ports } = run.parts
  const freshUntilMs = ports.clock.now() + cache.ttlMs
  const staleUntilMs = freshUntilMs + (cache.staleMs ?? 0)
  state.cache.set(key, { value, raw, freshUntilMs, staleUntilMs })
}

/** Makes the call once more, for those who come later. */
function renew(keyed: Keyed, work: Work, inner: Inner): void {
  const { cache, background } = work.run.parts.state
  if (cache.renewing.has(keyed.key)) return
  cache.renewing.add(keyed.key)
  const job = {
    id: `${work.authority.tool.name}/${work.path}`,
    run: async (stop: Work["stop"], deadlineMs: number) => {
      const run = work.run.apart(stop)
      const result = await lead(
        keyed,
        { ...work, run, stop, deadlineMs, tally: beginTally() },
        inner,
      )
      run.end()
      return result
    },
  }
  void background.add(job).then(() => void cache.renewing.delete(keyed.key))
}
