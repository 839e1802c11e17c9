import { isJournalTrouble } from "../../../compose/run/durable/journal.ts"
import type { RunRecord } from "../../../compose/run/durable/record.ts"
import { isTerminal } from "../../../compose/run/durable/status.ts"
import type { Catalog } from "../../../registry/catalog.ts"
import { written } from "../../../registry/model.ts"
import { isObject, type JsonObject, member } from "../../../schema/json.ts"
import { type BackendReply, refused } from "../../backends.ts"
import { callInside } from "../../call.ts"
import type { Caller } from "../../caller.ts"
import { Approver } from "../../composition/durable/approver.ts"
import { cancelRun } from "../../composition/durable/cancel.ts"
import { isSamePrincipal } from "../../composition/durable/principal.ts"
import { recoveredOrigin } from "../../composition/durable/recovered.ts"
import type { Facts } from "../../facts.ts"
import type { Gateway } from "../../gateway.ts"
import { permit } from "../../permit.ts"
import { signedAll } from "../asking.ts"
import { complete, nested } from "../shape.ts"
import type { TaskRequest } from "../task-request.ts"
import { awaitRun } from "./await-run.ts"
import type { RunAsking } from "./run-asking.ts"
import { runTask, type Standing, standingOf } from "./run-task.ts"

interface Asker {
  readonly caller: Caller
  readonly catalog: Catalog
  readonly gateway: Gateway
  readonly facts: Facts
}

/** Ids of runs: a time in base 36, and 128 bits in base64url. Nothing else is looked for. */
const idForm = /^[0-9a-z]{8}[\w-]{22}$/

/**
 * Answers a request about a task that is a durable run, in either era's way; undefined where the id is none of this
 * caller's. The catalog in use says whether the caller may still know of it.
 */
export async function askRun(
  request: TaskRequest,
  asker: Asker,
): Promise<BackendReply | undefined> {
  const { gateway, facts } = asker
  try {
    const run = await found(request.taskId, asker)
    if (run === undefined) return
    facts.target = { name: run.tool, ...(run.version !== undefined && { version: run.version }) }
    facts.note = { run: run.id }
    facts.executedMs = gateway.now()
    const reply = await answered(request, run, asker)
    facts.answeredMs = gateway.now()
    return reply
  } catch (error) {
    if (!isJournalTrouble(error)) throw error
    return refused({ code: "overloaded", reason: `the run journal: ${error.kind}`, retryAfterMs })
  }
}

const retryAfterMs = 1_000

async function found(
  id: string,
  { caller, catalog, gateway }: Asker,
): Promise<RunRecord | undefined> {
  if (!idForm.test(id)) return
  const run = await gateway.compositions.durable.find(id)
  if (run === undefined || !isSamePrincipal(run.principal, caller)) return
  const permitted = permit(catalog, caller, run.tool, gateway.levels)
  // One that cannot be called now is still the caller's.
  return permitted.ok || permitted.refusal.code === "backend_unavailable" ? run : undefined
}

function answered(
  request: TaskRequest,
  run: RunRecord,
  { caller, gateway, facts }: Asker,
): Promise<BackendReply> {
  const { respondent, cancellation } = request
  const approver = new Approver({
    way: { gateway, facts, request: { respondent, cancellation } },
    permit: { caller, tool: { name: run.tool, version: run.version } },
    inside: callInside,
  })
  const asking = { request, run, caller, gateway, facts, approver }
  switch (request.method) {
    case "tasks/get":
      return get(asking)
    case "tasks/update":
      return update(asking)
    case "tasks/result":
      return awaitRun(asking)
    default:
      return cancel(asking)
  }
}

/** In the form of this era: the modern one includes the outcome of the run and its questions. */
async function get({ request, run, gateway }: RunAsking): Promise<BackendReply> {
  const standing = await standingOf(run, request, gateway)
  const task = runTask(standing, request.era, gateway.compositions)
  const result = task["status"] === "completed" ? run.result : undefined
  if (request.era === "legacy") return done(nested({ ...task, ...(result && { result }) }))
  const { questions } = standing
  const inputRequests = questions.length > 0 && { inputRequests: requestsIn(standing) }
  return done(complete({ ...task, ...(result && { result: complete(result) }), ...inputRequests }))
}

const requestsIn = ({ run: { tool, version }, questions }: Standing): JsonObject =>
  signedAll(
    Object.fromEntries(
      questions.map(({ key, method, params }) => [key, { method, ...(params && { params }) }]),
    ),
    written({ name: tool, ...(version !== undefined && { version }) }),
  )

/** Takes the answers to what is asked; any others are no mistake: they crossed. */
async function update({ request, run, gateway, approver }: RunAsking): Promise<BackendReply> {
  const { respondent } = request
  const responses = respondent.kind === "rounds" ? respondent.responses : undefined
  const { questions } = await standingOf(run, request, gateway)
  for (const { key, path } of questions) {
    const response = member(responses ?? {}, key)
    if (!isObject(response)) continue
    const taken = await approver.take(run.id, path, response)
    if (taken !== "again") return taken
  }
  return acknowledged
}

/** The run goes back, or goes on to its end where it has to. */
async function cancel({ request, run, caller, gateway }: RunAsking): Promise<BackendReply> {
  const { durable } = gateway.compositions
  const { trouble } = durable.journal
  if (trouble !== undefined) throw trouble // what cannot be written now is not waited for: it is asked again
  const who = caller.name ?? caller.principal
  const taken = await cancelRun(durable, { id: run.id, who }, (record, plan) =>
    recoveredOrigin(record, plan, gateway, callInside),
  )
  if (taken === "busy") return refused({ code: "overloaded", reason: taken, retryAfterMs })
  if (request.era === "modern") return acknowledged
  const now = (await durable.journal.get(run.id)) ?? run
  const standing = await standingOf(now, request, gateway)
  const task = runTask(standing, request.era, gateway.compositions)
  if (task["status"] === "cancelled" && !isTerminal(run.status)) return done(nested(task))
  const message = `The task cannot be cancelled: ${whyNot[taken]}`
  return { kind: "error", error: { code: -32602, message } }
}

const whyNot = {
  taken: "it was cancelled before",
  over: "it has ended, goes back already, or waits for an operator",
  "past pivot": "it is past its point of no return, and goes on to its end",
} as const

const done = (result: JsonObject): BackendReply => ({ kind: "result", result })
const acknowledged = done({ resultType: "complete" })
