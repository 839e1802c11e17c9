import type { Plan } from "../../../compose/plan/plan.ts"
import { Cancellation } from "../../../compose/run/cancellation.ts"
import type { Drive } from "../../../compose/run/durable/drive.ts"
import { inputDigest } from "../../../compose/run/durable/input-digest.ts"
import type { RunRecord, Tombstone } from "../../../compose/run/durable/record.ts"
import { isTerminal } from "../../../compose/run/durable/status.ts"
import type { Reason } from "../../../compose/run/stop.ts"
import type { JsonObject } from "../../../schema/json.ts"
import type { Answer, InsideLine, Way } from "../../call.ts"
import type { Permit } from "../../permit.ts"
import { writeTraceparent } from "../../trace/context.ts"
import { Teller } from "../teller.ts"
import { buried, conflict, parked, replayed, stillGoing, tooMany, unwritable } from "./answers.ts"
import { Approver } from "./approver.ts"
import { isJournalTrouble, type LiveRun } from "./durable-runs.ts"
import { isSamePrincipal, principalOf } from "./principal.ts"
import { runKeyOf } from "./run-key.ts"

/** One call of a durable composition. */
export interface Asked {
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
    const back = await broughtBack(asked)
    if (back !== undefined) return back
    const known = key.key === undefined ? undefined : await durable.journal.find(key.key)
    if (known !== undefined) return await attach(known, asked)
    if (!durable.takesMore) return tooMany(tool.name)
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
  const trace = way.span?.context ?? way.request.trace
  const run = {
    ...{ id, tool: name, plan: plan.digest, registry: way.catalog.digest },
    ...{ principal: principalOf(caller), input },
    ...(key !== undefined && { key }),
    ...(version !== undefined && { version }),
    ...(trace !== undefined && { trace: writeTraceparent(trace) }),
  }
  way.facts.note = { ...way.facts.note, run: id }
  const begun = await compositions.durable.begin(run, plan, {
    ...{ way: withoutCaller(way), caller, inside, tool },
  })
  if (!begun.isNew) return attach(begun.run, asked)
  return wait(begun.live, asked, {
    ...{ isReplayed: false, approver: new Approver(asked), untilMs: heldUntil(asked) },
  })
}

/** A run outlives its call: nothing of it goes to whoever called, and no token of it is used. */
function withoutCaller(way: Way): Way {
  const { request } = way
  const { respondent: _, cancellation: __, rounds: ___, ...rest } = request
  const evidence = { ...request.evidence, authorization: undefined }
  return { ...way, request: { ...rest, evidence, cancellation: undefined } }
}

/** A caller that was asked by a result has come back, whether or not with an answer. */
async function broughtBack(asked: Asked): Promise<Answer | undefined> {
  const { durable } = asked.way.gateway.compositions
  const approver = new Approver(asked)
  const id = approver.runAnswered
  const known = id === undefined ? undefined : await durable.journal.get(id)
  return known && attach(known, asked, approver)
}

async function attach(
  known: RunRecord | Tombstone,
  asked: Asked,
  approver = new Approver(asked),
): Promise<Answer> {
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
  const place = { isReplayed: true, approver, untilMs: heldUntil(asked) }
  return live === undefined ? watch(known, asked, place) : wait(live, asked, place)
}

/** As long as a caller can wait. */
async function wait(live: LiveRun, asked: Asked, place: Place): Promise<Answer> {
  const { isReplayed } = place
  const { plan, way } = asked
  const { request, gateway } = way
  const { durable } = gateway.compositions
  const leftMs = Math.max(0, place.untilMs - durable.clock.now())
  const patience = new Cancellation()
  const teller = isReplayed ? new Teller(plan, request, durable.clock, undefined) : undefined
  const listener = (event: Parameters<Teller["step"]>[0]) => teller?.step(event)
  if (teller?.isHeard) live.listeners.add(listener)
  const gone = Promise.withResolvers<"gone">()
  request.cancellation?.listen({ cancelled: () => gone.resolve("gone") })
  try {
    const held = durable.clock.sleep(leftMs, patience).then(() => "held" as const)
    const first = await Promise.race([live.ended, held, gone.promise])
    if (first === "gone") return await givenUp(live.record, asked, (reason) => live.cancel(reason))
    if (first === "held") return stillGoing({ ...live.record }, live.record.key !== undefined)
    if (first.status !== "waiting") return await answerOf(first, live.record, isReplayed, way)
  } finally {
    patience.cancel()
    live.listeners.delete(listener)
    if (!isReplayed) live.hush()
    request.cancellation?.release()
  }
  return watch(live.record, asked, place)
}

interface Place {
  readonly isReplayed: boolean
  readonly approver: Approver
  /** A caller can wait so long. */
  readonly untilMs: number
}

/**
 * The caller has gone (compositions §11.3). In the modern era that is a lost connection: where a call with the same key
 * would find the run, it goes on. Otherwise, and where the caller said so, it goes back, unless it is past its pivot.
 */
async function givenUp(
  record: RunRecord,
  { plan, way }: Asked,
  cancel: (reason: Reason) => void | Promise<void>,
): Promise<Answer> {
  const { request } = way
  const isLost = request.era === "modern"
  const onLost = plan.root.saga?.onCancel ?? (record.key === undefined ? "compensate" : "finish")
  if (!isLost || onLost === "compensate")
    await cancel({ class: "cancelled", message: "cancelled by the caller" })
  const reason = `the caller has gone; run ${record.id} goes on by itself`
  return { kind: "refusal", refusal: { code: "cancelled", reason, fate: "lost" } }
}

async function answerOf(
  drive: Exclude<Drive, { readonly status: "waiting" }>,
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

/** A run that another process drives, or that waits for a person. */
async function watch(run: RunRecord, asked: Asked, place: Place): Promise<Answer> {
  const { way } = asked
  const { durable } = way.gateway.compositions
  const look = durable.look(run.id)
  let { untilMs } = place
  try {
    for (;;) {
      const live = durable.live(run.id)
      if (live !== undefined) return await wait(live, asked, { ...place, untilMs })
      const now = (await durable.journal.get(run.id)) ?? run
      const end = endOf(now, place)
      if (end !== undefined) return end
      const answer = await askOf(now, asked, { ...place, untilMs })
      if (answer === "again") untilMs = heldUntil(asked)
      else if (answer !== undefined) return answer
      else if (isLeft(untilMs, asked)) return stillGoing(now, now.key !== undefined)
      else await moved(look.moved(now), untilMs, asked)
    }
  } finally {
    look.close()
  }
}

/** Nobody waits for it here any more. */
function isLeft(untilMs: number, { way }: Asked): boolean {
  const { clock, isClosing } = way.gateway.compositions.durable
  return isClosing || clock.now() >= untilMs || way.request.cancellation?.isCancelled === true
}

/** Waits no longer than the caller does. */
async function moved(look: Promise<void>, untilMs: number, { way }: Asked): Promise<void> {
  const { clock } = way.gateway.compositions.durable
  const { cancellation } = way.request
  const patience = new Cancellation()
  cancellation?.listen({ cancelled: () => patience.cancel() })
  await Promise.race([look, clock.sleep(untilMs - clock.now(), patience)])
  patience.cancel()
  cancellation?.release()
}

/** Of a run that waits for a person, who may be whoever calls. */
async function askOf(
  run: RunRecord,
  asked: Asked,
  { approver, untilMs }: Place,
): Promise<Answer | "again" | undefined> {
  if (run.status !== "waiting") return
  const { request, gateway } = asked.way
  const answer = await approver.ask(run)
  if (answer !== undefined) return answer
  if (request.cancellation?.isCancelled === true)
    return givenUp(run, asked, () => approver.dismiss(run.id))
  return gateway.compositions.durable.clock.now() < untilMs ? undefined : approver.vain(run)
}

const heldUntil = ({ way }: Asked): number => {
  const { durable, holdMs } = way.gateway.compositions
  return durable.clock.now() + holdMs
}

function endOf(run: RunRecord, { isReplayed }: Place): Answer | undefined {
  const { result, status } = run
  if (status === "parked") return parked(run)
  if (result === undefined || !isTerminal(status)) return
  return isReplayed ? replayed(result) : { kind: "result", result }
}
