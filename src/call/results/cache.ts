import { hash } from "node:crypto"
import type { CacheEntry } from "../../compose/run/state/cache-store.ts"
import type { CatalogTool, ServerTool } from "../../registry/catalog.ts"
import { refKey } from "../../registry/model.ts"
import { isObject, type JsonObject } from "../../schema/json.ts"
import { type BackendReply, refused } from "../backends.ts"
import type { Way } from "../call.ts"
import { cacheScopeOf } from "../caller.ts"
import type { Cancellation } from "../cancellation.ts"
import type { Input } from "../check-input.ts"
import { isFinal } from "../final.ts"
import { forwardedMeta } from "../meta.ts"
import type { Permit } from "../permit.ts"
import type { RefusalCode } from "../refusal.ts"
import type { Obtained } from "./obtain.ts"
import type { CacheRule } from "./result-rules.ts"

/** The member of `_meta` in which a result says that it was cached, and how old it is. */
const cacheKey = "dev.postern/cache"

/**
 * Equal for calls that have the same answer: calls of the same caller (of any caller, where configuration says that all
 * are answered alike), as long as the registry says the same of the tool and its servers. Undefined for a call that has
 * to be made.
 */
export function keyOf(
  { scope }: CacheRule,
  { caller, tool }: Permit,
  input: Input,
  { request }: Way,
): string | undefined {
  const { respondent, task } = request
  const { state, responses } = respondent?.kind === "rounds" ? respondent : noRounds
  const isAnswer = state !== undefined || responses !== undefined
  if (task !== undefined || isAnswer) return
  const whose = scope === "everyone" ? "" : cacheScopeOf(caller)
  const what = [entryOf(tool), input.arguments ?? null, metaOf(request.meta)]
  return `result ${hash("sha256", JSON.stringify([whose, ...what]))}`
}

/** What the registry says of a tool and of the servers that it goes to: the rest may change around it. */
function entryOf(tool: CatalogTool): string {
  const known = entries.get(tool)
  if (known !== undefined) return known
  const { entity, definition, implementation } = tool
  const servers =
    implementation.kind === "source"
      ? [implementation, ...(implementation.choice?.among ?? [])].map(({ server }) => server.entity)
      : []
  const entry = hash("sha256", JSON.stringify([entity, definition ?? null, servers]))
  entries.set(tool, entry)
  return entry
}

const entries = new WeakMap<CatalogTool, string>()

const noRounds = { state: undefined, responses: undefined }

/**
 * What a server is told beside the arguments, since its answer may depend on that, too. The count of gateways stays in
 * it, so that a call that comes back in a circle does not wait for itself.
 */
function metaOf(meta: JsonObject | undefined): JsonObject {
  const {
    progressToken: _,
    traceparent: _t,
    tracestate: _s,
    baggage: _b,
    ...rest
  } = forwardedMeta(meta, undefined)
  return rest
}

interface Wanted {
  readonly key: string
  readonly ttlMs: number
  readonly servers: readonly ServerTool[]
}

/**
 * What was kept; else one call for all who want the same at the same time. Where its caller gives up, the next of those
 * who wait makes it.
 */
export async function fromCache(
  wanted: Wanted,
  way: Way,
  ask: () => Promise<Obtained>,
): Promise<Obtained> {
  const { gateway, request } = way
  const { flights } = gateway.results
  const { cache } = gateway.compositions.state
  const { key } = wanted
  for (;;) {
    const nowMs = gateway.now()
    const kept = cache.get(key, nowMs)
    const known = kept && restored(kept, wanted, nowMs)
    if (known !== undefined) return noted(known, way, "hit")
    const flight = flights.get(key)
    if (flight === undefined) return flights.lead(key, () => asked(wanted, way, ask), isGivenUp)
    const landed = await unlessCancelled(flight, request.cancellation)
    if (landed === "cancelled") return cancelledMeanwhile
    if (landed !== undefined) return isForAll(landed.answer) ? noted(landed, way, "shared") : ask()
  }
}

async function asked(
  { key, ttlMs }: Wanted,
  { gateway }: Way,
  ask: () => Promise<Obtained>,
): Promise<Obtained> {
  const obtained = await ask()
  const { answer, server, warnings = [] } = obtained
  if (answer.kind !== "result" || server === undefined || !isGood(answer)) return obtained
  const { result, plain } = answer
  const nowMs = gateway.now()
  const raw = {
    result,
    ...(plain && { plain }),
    server: refKey(server.name, server.version),
    warnings: [...warnings],
    atMs: nowMs,
  }
  const untilMs = nowMs + ttlMs
  const entry = { value: undefined, raw, freshUntilMs: untilMs, staleUntilMs: untilMs }
  gateway.compositions.state.cache.set(key, entry)
  return obtained
}

const isGood = (answer: Extract<BackendReply, { kind: "result" }>): boolean => {
  const plain = answer.plain ?? answer.result
  return plain["isError"] !== true && isFinal(plain)
}

const isGivenUp = ({ answer }: Obtained): boolean =>
  answer.kind === "refusal" && answer.refusal.code === "cancelled"

/** Whether those who waited would have been answered the same. A question, for example, is for one caller alone. */
const isForAll = (answer: BackendReply): boolean =>
  answer.kind === "result"
    ? isGood(answer)
    : answer.kind === "refusal" && ofServer.has(answer.refusal.code)

const ofServer: ReadonlySet<RefusalCode> = new Set<RefusalCode>([
  "backend_unavailable",
  "backend_timeout",
  "backend_error",
  "overloaded",
])

/** As it was, if the server that said it may still be asked. */
function restored({ raw }: CacheEntry, { servers }: Wanted, nowMs: number): Obtained | undefined {
  const { result, plain, server: from, warnings, atMs } = raw ?? {}
  const one = servers.find(({ server }) => refKey(server.name, server.version) === from)
  if (one === undefined || !isObject(result)) return
  const ageMs = Math.max(0, Math.round(nowMs - Number(atMs)))
  return {
    answer: {
      kind: "result",
      result: marked(result, ageMs),
      ...(isObject(plain) && { plain: marked(plain, ageMs) }),
    },
    server: one.server,
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
  }
}

function marked(result: JsonObject, ageMs: number): JsonObject {
  const meta = result["_meta"]
  return { ...result, _meta: { ...(isObject(meta) ? meta : {}), [cacheKey]: { ageMs } } }
}

function noted(obtained: Obtained, { facts }: Way, cache: "hit" | "shared"): Obtained {
  facts.server = obtained.server
  facts.note = { ...facts.note, cache }
  return obtained
}

const cancelledMeanwhile: Obtained = {
  answer: refused({
    code: "cancelled",
    reason: "while another call asked for the same",
    fate: "unsent",
  }),
  server: undefined,
}

async function unlessCancelled<T>(
  promise: Promise<T>,
  cancellation: Cancellation | undefined,
): Promise<T | "cancelled"> {
  if (cancellation === undefined) return promise
  if (cancellation.isCancelled) return "cancelled"
  const { promise: left, resolve } = Promise.withResolvers<"cancelled">()
  cancellation.listen({ cancelled: () => resolve("cancelled") })
  try {
    return await Promise.race([promise, left])
  } finally {
    cancellation.release() // before whoever waited goes on: it may ask itself, and the server's call listens then
  }
}
