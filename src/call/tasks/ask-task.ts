import type { Catalog, CatalogServer, CatalogTool } from "../../registry/catalog.ts"
import { refOf, written } from "../../registry/model.ts"
import { admit } from "../admit.ts"
import { asCaller } from "../as-caller.ts"
import { type BackendReply, type BackendRequest, refused } from "../backends.ts"
import type { Caller } from "../caller.ts"
import { beginFacts } from "../facts.ts"
import type { Gateway } from "../gateway.ts"
import { takesTasks, tasksExtension } from "../interaction/capabilities.ts"
import type { Peer, Respondent } from "../interaction/peer.ts"
import { unasked } from "../interaction/question.ts"
import type { TaskPlace } from "../interaction/task-ids.ts"
import type { RateLimits } from "../limits/rate-limits.ts"
import { unlessExceeded } from "../limits/unless-exceeded.ts"
import { forwardedMeta } from "../meta.ts"
import { permit } from "../permit.ts"
import { type Recorded, recorded } from "../recorded.ts"
import type { Refusal } from "../refusal.ts"
import { sourcesOf } from "../servers.ts"
import type { Asking } from "./asking.ts"
import { askLegacyCallers } from "./legacy-callers.ts"
import { askModernCallers } from "./modern-callers.ts"
import { askRun } from "./runs/ask-run.ts"
import { relatedTo, statusMethod, taskMark } from "./shape.ts"
import type { TaskRequest } from "./task-request.ts"

/**
 * The way of a request about a task: identify, find it, permit its tool, ask its server, check the result where there
 * is one, audit. What comes back is in the words of the caller's era. Rejects only for a bug, which is recorded as
 * well.
 */
export function askTask(request: TaskRequest, gateway: Gateway): Promise<BackendReply> {
  return recorded(wayOf(request, gateway, ratesFor(request, gateway)), travel)
}

/**
 * The same where nobody asked: the gateway looks on its own account at a task that it was asked for before, and records
 * nothing.
 */
export function lookAtTask(request: TaskRequest, gateway: Gateway): Promise<BackendReply> {
  return travel(wayOf(request, gateway, undefined))
}

/** To cancel is to ask for less. */
const ratesFor = ({ method }: TaskRequest, { rates }: Gateway): RateLimits | undefined =>
  method === "tasks/cancel" ? undefined : rates

interface Way extends Recorded {
  readonly request: TaskRequest
  readonly catalog: Catalog
  /** Undefined where it is not counted. */
  readonly rates: RateLimits | undefined
}

function wayOf(request: TaskRequest, gateway: Gateway, rates: Way["rates"]): Way {
  const catalog = gateway.catalog()
  const facts = beginFacts(gateway.now(), catalog.digest)
  const id = request.id ?? gateway.id()
  return { kind: "request", id, request, gateway, catalog, facts, span: undefined, rates }
}

async function travel(way: Way): Promise<BackendReply> {
  const { request, gateway, facts, catalog, rates } = way
  const { era, evidence, meta, method, respondent, taskId } = request
  const caller = await admit({ ...way, subject: method, meta })
  if (!caller.ok) return refused(caller.refusal)
  const excess = await rates?.content(caller.value, method)
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
const serverOf = ({ implementation }: CatalogTool, place: TaskPlace): CatalogServer | undefined =>
  sourcesOf(implementation).find(({ server }) => written(server) === place.server)?.server

/** In the server's terms, and in the session that the task was begun in, where the server knows it. */
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

/** A client that answers while its request is open is asked directly; any other comes back for its questions. */
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
const unknown = (reason: string): BackendReply => refused({ code: "unknown_task", reason })
