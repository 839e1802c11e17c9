import type { Plan } from "../../../compose/plan/plan.ts"
import { Cancellation } from "../../../compose/run/cancellation.ts"
import type { Drive } from "../../../compose/run/durable/drive.ts"
import { inputDigest } from "../../../compose/run/durable/input-digest.ts"
import { isJournalTrouble } from "../../../compose/run/durable/journal.ts"
import type { RunRecord, Tombstone } from "../../../compose/run/durable/record.ts"
import { isTerminal } from "../../../compose/run/durable/status.ts"
import { stepEventOf } from "../../../compose/run/durable/step-event.ts"
import { planOf } from "../../../compose/run/durable/stored-run.ts"
import { isList, isObject, type JsonObject } from "../../../schema/json.ts"
import { refused } from "../../backends.ts"
import type { Answer, InsideLine, Way } from "../../call.ts"
import type { Permit } from "../../permit.ts"
import { asTask } from "../../tasks/runs/run-task.ts"
import { writeTraceparent } from "../../trace/context.ts"
import { Teller } from "../teller.ts"
import { buried, conflict, parked, replayed, stillGoing, tooMany, unwritable } from "./answers.ts"
import { Approver } from "./approver.ts"
import { cancelRun } from "./cancel.ts"
import type { LiveRun } from "./durable-runs.ts"
import { isSamePrincipal, principalOf } from "./principal.ts"
import { recoveredOrigin } from "./recovered.ts"
import { runKeyOf } from "./run-key.ts"
import { type Follower, moved } from "./run-watch.ts"

/** One call of a durable composition. */
export interface Asked {
  readonly permit: Permit
  readonly plan: Plan
  readonly input: JsonObject
  readonly way: Way
  readonly inside: InsideLine
}

/** The call while it is here: whom its caller is asked through, and told by. */
interface Visit extends Asked {
  readonly approver: Approver
  readonly teller: Teller
}

/**
 * Begins a durable run, or attaches to the one that has its key, and waits for its end as long as a caller can. What was
 * begun goes on whatever becomes of the call.
 */
export async function runDurably(asked: Asked): Promise<Answer> {
  const { permit, plan, input, way } = asked
  const { clock, runIds } = way.gateway.compositions
  const key = runKeyOf(plan, input, permit.caller, { request: way.request, runIds })
  if (!key.ok) return refused({ code: "invalid_input", tool: permit.tool.name, faults: key.faults })
  const teller = new Teller(way.request, clock, undefined)
  try {
    const answer = await visit(key.key, { ...asked, teller, approver: new Approver(asked) })
    return isAtOnce(way) ? orError(answer) : answer
  } catch (error) {
    if (!isJournalTrouble(error)) throw error
    const { note } = way.facts
    way.facts.note = { ...note, failed: { class: "journal", kind: error.kind } }
    const id = note?.["run"]
    return typeof id === "string"
      ? stillGoing({ id, tool: permit.tool.name }, key.key !== undefined)
      : unwritable(permit.tool.name, error.kind)
  } finally {
    teller.close()
  }
}

/** A caller that was asked by a result may have come back, whether or not with an answer. */
async function visit(key: string | undefined, here: Visit): Promise<Answer> {
  const { durable } = here.way.gateway.compositions
  const answered = here.approver.runAnswered
  const back = answered === undefined ? undefined : await durable.journal.get(answered)
  const known = back ?? (key === undefined ? undefined : await durable.journal.find(key))
  if (known !== undefined) return attach(known, here)
  const { tool, caller } = here.permit
  const full = durable.full(caller.principal)
  return full === undefined ? begin(key, here) : tooMany(tool.name, full)
}

async function begin(key: string | undefined, here: Visit): Promise<Answer> {
  const { permit, plan, input, way, inside, teller } = here
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
  const begun = await compositions.durable.begin(run, plan, {
    ...{ way: withoutCaller(way), caller, inside, tool, teller },
  })
  if (!begun.isNew) return attach(begun.run, here)
  way.facts.note = { ...way.facts.note, run: id }
  const { live } = begun
  if (isAtOnce(way)) return asTask(live.record, way)
  return wait(live, here, { isReplayed: false, untilMs: heldUntil(way) })
}

/** A run outlives its call: nothing of it goes to whoever called, and no token of it is used. */
function withoutCaller(way: Way): Way {
  const { request } = way
  const { respondent: _, cancellation: __, rounds: ___, ...rest } = request
  const evidence = { ...request.evidence, authorization: undefined }
  return { ...way, request: { ...rest, evidence, cancellation: undefined } }
}

async function attach(known: RunRecord | Tombstone, here: Visit): Promise<Answer> {
  const { permit, input, way } = here
  const { durable } = way.gateway.compositions
  const { name } = permit.tool
  way.facts.note = { ...way.facts.note, run: known.id, attached: true }
  if (known.inputDigest !== inputDigest(input)) return conflict(name)
  if (!("principal" in known)) return buried(known, name)
  if (known.tool !== here.plan.tool.name || !isSamePrincipal(known.principal, permit.caller))
    return conflict(name)
  if (isAtOnce(way)) return asTask(known, way)
  if (known.result !== undefined && isTerminal(known.status)) return replayed(known.result)
  const live = durable.live(known.id)
  const place = { isReplayed: true, untilMs: heldUntil(way) }
  return live === undefined ? watch(known, here, place) : wait(live, here, place)
}

/** A caller of 2025-11-25 that asked for a task has one, whatever becomes of the run. */
const isAtOnce = ({ request }: Way): boolean =>
  request.task !== undefined && request.era === "legacy"

/** Whoever waits for a task can read nothing else but an error. */
function orError(answer: Answer): Answer {
  if (answer.kind !== "result" || answer.result["resultType"] === "task") return answer
  const { content, _meta: data } = answer.result
  const [said] = isList(content) ? content : []
  const message = isObject(said) ? String(said["text"]) : "there is no task"
  return { kind: "error", error: { code: -32603, message, ...(data !== undefined && { data }) } }
}

/** What a caller that cannot wait any longer gets: the run as a task, where it accepts tasks. */
const long = (run: RunRecord, { way }: Visit, told: Answer): Answer | Promise<Answer> =>
  way.request.task === undefined ? told : asTask(run, way)

const going = (run: RunRecord, here: Visit, status = run.status): Answer | Promise<Answer> =>
  long(run, here, stillGoing({ ...run, status }, run.key !== undefined))

/** As long as a caller can wait. */
async function wait(live: LiveRun, here: Visit, place: Place): Promise<Answer> {
  const { way, teller } = here
  const { request, gateway } = way
  const { durable } = gateway.compositions
  const leftMs = Math.max(0, place.untilMs - durable.clock.now())
  const patience = new Cancellation()
  live.audience.add(teller)
  const gone = Promise.withResolvers<"gone">()
  request.cancellation?.listen({ cancelled: () => gone.resolve("gone") })
  try {
    const held = durable.clock.sleep(leftMs, patience).then(() => "held" as const)
    const first = await Promise.race([live.ended, held, gone.promise])
    if (first === "gone") return await givenUp(live.record, here)
    if (first === "held") return await going(live.record, here, live.status())
    const isOver = first.status !== "waiting" && first.status !== "left"
    if (isOver || durable.isClosing) return await answerOf(first, live.record, place, here)
  } finally {
    patience.cancel()
    live.audience.remove(teller)
    request.cancellation?.release()
  }
  return watch(live.record, here, place)
}

interface Place {
  readonly isReplayed: boolean
  /** A caller can wait so long. */
  readonly untilMs: number
}

/**
 * The caller has gone (compositions §11.3). In the modern era that is a lost connection: where a call with the same key
 * would find the run, it goes on. Otherwise, and where the caller said so, it goes back, unless it is past its pivot.
 */
async function givenUp({ id, key }: RunRecord, here: Visit): Promise<Answer> {
  const { plan, way, permit, inside } = here
  const { request, gateway } = way
  const isLost = request.era === "modern"
  const onLost = plan.root.saga?.onCancel ?? (key === undefined ? "compensate" : "finish")
  const { name, principal } = permit.caller
  if (!isLost || onLost === "compensate")
    await cancelRun(gateway.compositions.durable, { id, who: name ?? principal }, (run, its) =>
      recoveredOrigin(run, its, gateway, inside),
    )
  const reason = `the caller has gone; run ${id} goes on by itself`
  return refused({ code: "cancelled", reason, fate: "lost" })
}

async function answerOf(
  drive: Drive,
  record: RunRecord,
  { isReplayed }: Place,
  here: Visit,
): Promise<Answer> {
  const { way } = here
  const { durable } = way.gateway.compositions
  if (drive.status === "left" || drive.status === "waiting") return going(record, here)
  way.facts.note = { ...way.facts.note, status: drive.status }
  if (drive.status === "parked") {
    const now = (await durable.journal.get(record.id)) ?? record
    return long(now, here, parked(now))
  }
  return isReplayed ? replayed(drive.result) : { kind: "result", result: drive.result }
}

/** A run that another process drives, or that waits for a person. */
async function watch(run: RunRecord, here: Visit, place: Place): Promise<Answer> {
  const { way } = here
  const { durable } = way.gateway.compositions
  const look = durable.look(run.id, await follower(run, here))
  let { untilMs } = place
  try {
    for (;;) {
      const live = durable.live(run.id)
      if (live !== undefined) return await wait(live, here, { ...place, untilMs })
      const now = (await durable.journal.get(run.id)) ?? run
      const end = await endOf(now, here, place)
      if (end !== undefined) return end
      const answer = (await askOf(now, here, untilMs)) ?? (await parting(now, here, untilMs))
      if (answer === "again") untilMs = heldUntil(way)
      else if (answer !== undefined) return answer
      else await moved(look.moved(now), untilMs, way.request.cancellation, durable.clock)
    }
  } finally {
    look.close()
  }
}

/** Nobody here can tell how far a run is that another process drives, except by what that process writes. */
async function follower(run: RunRecord, { teller, way }: Visit): Promise<Follower | undefined> {
  if (!teller.wantsProgress) return
  const plan = await planOf(run, way.gateway.compositions.durable.journal)
  if (plan === undefined) return
  teller.join(plan)
  return (events) => teller.steps(events.flatMap((event) => stepEventOf(event) ?? []))
}

/** What whoever waits no more gets. */
async function parting(run: RunRecord, here: Visit, untilMs: number): Promise<Answer | undefined> {
  if (hasGone(here)) return givenUp(run, here)
  const { clock, isClosing } = here.way.gateway.compositions.durable
  return isClosing || clock.now() >= untilMs ? going(run, here) : undefined
}

const hasGone = ({ way }: Visit): boolean => way.request.cancellation?.isCancelled === true

/** Of a run that waits for a person, who may be whoever calls. */
async function askOf(
  run: RunRecord,
  here: Visit,
  untilMs: number,
): Promise<Answer | "again" | undefined> {
  if (run.status !== "waiting") return
  const { approver, way } = here
  const { request, gateway } = way
  const answer = await approver.ask(run)
  if (answer !== undefined) return answer
  if (hasGone(here)) return givenUp(run, here)
  if (request.task !== undefined) return asTask(run, way) // for days, maybe
  return gateway.compositions.durable.clock.now() < untilMs ? undefined : approver.vain(run)
}

function heldUntil({ request, gateway }: Way): number {
  const { durable, holdMs, taskAfterMs } = gateway.compositions
  return durable.clock.now() + (request.task === undefined ? holdMs : Math.min(holdMs, taskAfterMs))
}

async function endOf(
  run: RunRecord,
  here: Visit,
  { isReplayed }: Place,
): Promise<Answer | undefined> {
  const { result, status } = run
  if (status === "parked") return long(run, here, parked(run))
  if (result === undefined || !isTerminal(status)) return
  return isReplayed ? replayed(result) : { kind: "result", result }
}
