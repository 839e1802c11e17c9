import type { Plan } from "../../../compose/plan/plan.ts"
import { Cancellation } from "../../../compose/run/cancellation.ts"
import type { Drive } from "../../../compose/run/durable/drive.ts"
import { inputDigest } from "../../../compose/run/durable/input-digest.ts"
import type { RunRecord, Tombstone } from "../../../compose/run/durable/record.ts"
import { isTerminal } from "../../../compose/run/durable/status.ts"
import type { JsonObject } from "../../../schema/json.ts"
import type { Answer, InsideLine, Way } from "../../call.ts"
import type { Permit } from "../../permit.ts"
import { Teller } from "../teller.ts"
import { buried, conflict, parked, replayed, stillGoing, tooMany, unwritable } from "./answers.ts"
import { isJournalTrouble, type LiveRun } from "./durable-runs.ts"
import { isSamePrincipal, principalOf } from "./principal.ts"
import { runKeyOf } from "./run-key.ts"

/** One call of a durable composition. */
interface Asked {
  readonly permit: Permit
  readonly plan: Plan
  readonly input: JsonObject
  readonly way: Way
  readonly inside: InsideLine
}

/**
 * Begins a durable run, or attaches to the one that has its key, and waits for its end as long as a caller can. What was
 * begun goes on whatever becomes of the call.
 */
export async function runDurably(asked: Asked): Promise<Answer> {
  const { permit, plan, input, way } = asked
  const { durable } = way.gateway.compositions
  const { tool, caller } = permit
  const key = runKeyOf(plan, input, caller, way.request)
  if (!key.ok)
    return {
      kind: "refusal",
      refusal: { code: "invalid_input", tool: tool.name, faults: key.faults },
    }
  try {
    const known = key.key === undefined ? undefined : await durable.journal.find(key.key)
    if (known !== undefined) return await attach(known, asked)
    if (!durable.hasRoom) return tooMany(tool.name)
    return await begin(key.key, asked)
  } catch (error) {
    if (!isJournalTrouble(error)) throw error
    way.facts.note = { ...way.facts.note, failed: { class: "journal", kind: error.kind } }
    return unwritable(tool.name)
  }
}

async function begin(key: string | undefined, asked: Asked): Promise<Answer> {
  const { permit, plan, input, way, inside } = asked
  const { compositions } = way.gateway
  const { tool, caller } = permit
  const id = compositions.runId()
  const { name, version } = plan.tool
  const trace = way.request.trace
  const run = {
    ...{ id, tool: name, plan: plan.digest, registry: way.catalog.digest },
    ...{ principal: principalOf(caller), input },
    ...(key !== undefined && { key }),
    ...(version !== undefined && { version }),
    ...(trace !== undefined && { trace }),
  }
  way.facts.note = { ...way.facts.note, run: id }
  const begun = await compositions.durable.begin(run, plan, {
    ...{ way: withoutCaller(way), caller, inside, tool },
  })
  if (!begun.isNew) return attach(begun.run, asked)
  return wait(begun.live, asked, { isReplayed: false })
}

/** A run outlives its call: nothing of it goes to whoever called, and no token of it is used. */
function withoutCaller(way: Way): Way {
  const { request } = way
  const { respondent: _, cancellation: __, ...rest } = request
  const evidence = { ...request.evidence, authorization: undefined }
  return { ...way, request: { ...rest, evidence, cancellation: undefined } }
}

async function attach(known: RunRecord | Tombstone, asked: Asked): Promise<Answer> {
  const { permit, input, way } = asked
  const { durable } = way.gateway.compositions
  const { name } = permit.tool
  way.facts.note = { ...way.facts.note, run: known.id, attached: true }
  if (known.inputDigest !== inputDigest(input)) return conflict(name)
  if (!("principal" in known)) return buried(known, name)
  if (known.tool !== asked.plan.tool.name || !isSamePrincipal(known.principal, permit.caller))
    return conflict(name)
  if (known.result !== undefined && isTerminal(known.status)) return replayed(known.result)
  if (known.status === "parked") return parked(known)
  const live = durable.live(known.id)
  return live === undefined ? watch(known, asked) : wait(live, asked, { isReplayed: true })
}

/** As long as a caller can wait. */
async function wait(live: LiveRun, asked: Asked, { isReplayed }: Place): Promise<Answer> {
  const { plan, way } = asked
  const { request, gateway } = way
  const { durable, holdMs } = gateway.compositions
  const patience = new Cancellation()
  const teller = isReplayed ? new Teller(plan, request, durable.clock, undefined) : undefined
  const listener = (event: Parameters<Teller["step"]>[0]) => teller?.step(event)
  if (teller?.isHeard) live.listeners.add(listener)
  const gone = Promise.withResolvers<"gone">()
  request.cancellation?.listen({ cancelled: () => gone.resolve("gone") })
  try {
    const held = durable.clock.sleep(holdMs, patience).then(() => "held" as const)
    const first = await Promise.race([live.ended, held, gone.promise])
    if (first === "gone") return givenUp(live, asked)
    if (first === "held") return stillGoing({ ...live.record }, live.record.key !== undefined)
    return answerOf(first, live.record, isReplayed, way)
  } finally {
    patience.cancel()
    live.listeners.delete(listener)
    if (!isReplayed) live.hush()
    request.cancellation?.release()
  }
}

interface Place {
  readonly isReplayed: boolean
}

/**
 * The caller has gone (compositions §11.3). In the modern era that is a lost connection: where a call with the same key
 * would find the run, it goes on. Otherwise, and where the caller said so, it goes back, unless it is past its pivot.
 */
function givenUp(live: LiveRun, { plan, way }: Asked): Answer {
  const { request } = way
  const isLost = request.era === "modern"
  const onLost =
    plan.root.saga?.onCancel ?? (live.record.key === undefined ? "compensate" : "finish")
  if (!isLost || onLost === "compensate")
    live.cancel({ class: "cancelled", message: "cancelled by the caller" })
  const reason = `the caller has gone; run ${live.record.id} goes on by itself`
  return { kind: "refusal", refusal: { code: "cancelled", reason, fate: "lost" } }
}

async function answerOf(
  drive: Drive,
  record: RunRecord,
  isReplayed: boolean,
  way: Way,
): Promise<Answer> {
  const { durable } = way.gateway.compositions
  if (drive.status === "left") return stillGoing(record, record.key !== undefined)
  way.facts.note = { ...way.facts.note, status: drive.status }
  if (drive.status === "parked") {
    const now = await durable.journal.get(record.id)
    return parked(now ?? record)
  }
  return isReplayed ? replayed(drive.result) : { kind: "result", result: drive.result }
}

/** How often a run is looked at that another process drives, or nobody yet. */
const lookMs = 250

async function watch(run: RunRecord, asked: Asked): Promise<Answer> {
  const { way } = asked
  const { durable, holdMs } = way.gateway.compositions
  const endMs = durable.clock.now() + holdMs
  for (;;) {
    const live = durable.live(run.id)
    if (live !== undefined) return wait(live, asked, { isReplayed: true })
    const now = await durable.journal.get(run.id)
    if (now?.result !== undefined && isTerminal(now.status)) return replayed(now.result)
    if (now?.status === "parked") return parked(now)
    if (durable.clock.now() >= endMs || way.request.cancellation?.isCancelled === true)
      return stillGoing(now ?? run, true)
    await durable.clock.sleep(lookMs, new Cancellation())
  }
}
