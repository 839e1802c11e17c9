import type { Catalog, CatalogServer, CatalogTool } from "../../registry/catalog.ts"
import { refOf, written } from "../../registry/model.ts"
import { asCaller } from "../as-caller.ts"
import { recordOf, unrecorded } from "../audit.ts"
import type { BackendReply, BackendRequest } from "../backends.ts"
import type { Caller } from "../caller.ts"
import { beginFacts, type Facts, warn } from "../facts.ts"
import type { Gateway } from "../gateway.ts"
import { tooManyHops } from "../hops.ts"
import { takesTasks, tasksExtension } from "../interaction/capabilities.ts"
import type { Peer, Respondent } from "../interaction/peer.ts"
import { unasked } from "../interaction/question.ts"
import type { TaskPlace } from "../interaction/task-ids.ts"
import type { RateLimits } from "../limits/rate-limits.ts"
import { unlessExceeded } from "../limits/unless-exceeded.ts"
import { forwardedMeta } from "../meta.ts"
import { permit } from "../permit.ts"
import type { Refusal } from "../refusal.ts"
import type { Asking } from "./asking.ts"
import { askLegacyCallers } from "./legacy-callers.ts"
import { askModernCallers } from "./modern-callers.ts"
import { askRun } from "./runs/ask-run.ts"
import { relatedTo, statusMethod, taskMark } from "./shape.ts"
import type { TaskRequest } from "./task-request.ts"

/**
 * The way of a request about a task: identify, find it, permit its tool, ask its server, check the result where there is
 * one, audit. What comes back is in the words of the caller's era. Never rejects but for a bug, and that is recorded, too.
 */
export async function askTask(request: TaskRequest, gateway: Gateway): Promise<BackendReply> {
  const catalog = gateway.catalog()
  const facts = beginFacts(gateway.now(), catalog.digest)
  let reply: BackendReply | undefined // stays undefined when a bug throws
  let isRecorded = false
  try {
    reply = await travel({ request, gateway, facts, catalog, rates: ratesFor(request, gateway) })
  } finally {
    const id = request.id ?? gateway.id()
    isRecorded = await gateway.audit(recordOf("request", request, facts, reply, gateway.now(), id))
  }
  return isRecorded ? reply : refused(unrecorded)
}

/** The same where nobody asked: the gateway looks for itself at a task that it was asked for before, and records nothing. */
export function lookAtTask(request: TaskRequest, gateway: Gateway): Promise<BackendReply> {
  const catalog = gateway.catalog()
  const facts = beginFacts(gateway.now(), catalog.digest)
  return travel({ request, gateway, facts, catalog, rates: undefined })
}

/** To cancel is to ask for less. */
const ratesFor = ({ method }: TaskRequest, { rates }: Gateway): RateLimits | undefined =>
  method === "tasks/cancel" ? undefined : rates

interface Way {
  readonly request: TaskRequest
  readonly gateway: Gateway
  readonly facts: Facts
  readonly catalog: Catalog
  /** Undefined where it is not counted. */
  readonly rates: RateLimits | undefined
}

async function travel({ request, gateway, facts, catalog, rates }: Way): Promise<BackendReply> {
  if (gateway.canAudit?.() === false) return refused(unrecorded)
  const { era, evidence, respondent, taskId } = request
  const identified = gateway.identify(evidence, catalog)
  const caller = identified instanceof Promise ? await identified : identified
  if (!caller.ok) return refused(caller.refusal)
  facts.caller = caller.value
  warn(facts, caller.value.warnings)
  const circling = tooManyHops(request.method, request.meta, gateway.hopsMax)
  if (circling !== undefined) return refused(circling)
  const excess = await rates?.content(caller.value, request.method)
  if (excess !== undefined) return refused(excess)
  if (era === "modern" && !hasExtension(respondent)) return refused(undeclared)

  const place = gateway.interactions.taskIds.open(taskId, caller.value.principal)
  if (place === undefined) {
    const run = await askRun(request, { caller: caller.value, catalog, gateway, facts })
    return run ?? unknown("it is no task of this caller")
  }
  const permitted = permit(catalog, caller.value, place.tool, gateway.levels)
  if (!permitted.ok) return unknown(`its tool may not be used: ${permitted.refusal.code}`)
  const { tool } = permitted.value
  const server = serverOf(tool, place)
  if (server === undefined) return unknown(`${place.server} does not provide ${place.tool}`)
  facts.target = refOf(tool)
  facts.server = server

  facts.executedMs = gateway.now()
  const { results } = gateway
  const backends = asCaller(gateway.backends, caller.value, evidence)
  const asking: Asking = {
    taskId,
    place,
    permit: permitted.value,
    gateway,
    facts,
    tell: request.onNotification,
    responses: respondent.kind === "rounds" ? respondent.responses : undefined,
    request: {
      ...onward(request, place, caller.value, gateway),
      redacting: results.redacting(results.about(tool).forms, facts),
    },
    send: (one) => backends.request(server, one),
  }
  const reply = await unlessExceeded(rates?.send(server, caller.value, tool.name), () =>
    (era === "modern" ? askModernCallers : askLegacyCallers)(asking),
  )
  facts.answeredMs = gateway.now()
  return reply
}

const hasExtension = (respondent: Respondent): boolean =>
  respondent.kind === "rounds" && takesTasks(respondent.capabilities)

/** The servers that the tool's calls go to; a task of another is none of this tool's (any more). */
function serverOf({ implementation }: CatalogTool, place: TaskPlace): CatalogServer | undefined {
  if (implementation.kind !== "source") return
  const servers = [
    implementation.server,
    ...(implementation.choice?.among ?? []).map(({ server }) => server),
  ]
  return servers.find((server) => written(server) === place.server)
}

/** In the server's terms, and where it knows the task: in the session that it was begun in. */
function onward(
  request: TaskRequest,
  place: TaskPlace,
  caller: Caller,
  gateway: Gateway,
): BackendRequest {
  const { session } = place
  return {
    method: request.method,
    subject: place.tool,
    name: place.id,
    params: { ...request.params, taskId: place.id },
    meta: forwardedMeta(request.meta, undefined),
    caller,
    session,
    peer: peerOf(request, place, gateway),
    task: taskMark(place.era),
    cancellation: request.cancellation,
    onNotification: withoutStatus(request.onNotification),
  }
}

/** Of the task's status the gateway tells itself: what servers say of it is about their own ids, and need not be about this one. */
const withoutStatus = (tell: TaskRequest["onNotification"]): TaskRequest["onNotification"] =>
  tell &&
  ((notification) => {
    if (notification["method"] !== statusMethod) tell(notification)
  })

/** A client that answers while its request is open is asked what it can be asked; another comes back for its questions. */
function peerOf(
  { respondent, taskId }: TaskRequest,
  { capabilities, server }: TaskPlace,
  { interactions }: Gateway,
): Peer | undefined {
  if (capabilities === undefined) return
  if (respondent.kind !== "live") return { capabilities, ask: (asked) => unasked(asked, "no call") }
  const talk = interactions.conversation(respondent.capabilities, server, (question) =>
    respondent.put(question),
  )
  return {
    capabilities,
    ask: ({ params, ...asked }) =>
      talk.ask({ ...asked, params: params && relatedTo(taskId, params) }),
  }
}

/** Of a modern caller that wants something of tasks and has not declared the extension (SEP-2663). */
export const undeclared: Refusal = {
  code: "missing_capability",
  subject: "tasks",
  needed: { extensions: { [tasksExtension]: {} } },
}
const refused = (refusal: Refusal): BackendReply => ({ kind: "refusal", refusal })
const unknown = (reason: string): BackendReply => refused({ code: "unknown_task", reason })
