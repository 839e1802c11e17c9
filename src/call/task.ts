import type { Catalog, CatalogServer, CatalogTool } from "../registry/catalog.ts"
import { written } from "../registry/model.ts"
import { isObject, type JsonObject } from "../schema/json.ts"
import { asCaller } from "./as-caller.ts"
import { recordOf, refOf, unrecorded } from "./audit.ts"
import type { BackendReply } from "./backends.ts"
import type { Cancellation } from "./cancellation.ts"
import { checkOutput } from "./check-output.ts"
import { beginFacts, type Facts, warn } from "./facts.ts"
import type { Gateway } from "./gateway.ts"
import type { Inquiry } from "./inquiry.ts"
import { takesTasks, tasksExtension } from "./interaction/capabilities.ts"
import type { RoundsRespondent } from "./interaction/peer.ts"
import { unasked } from "./interaction/question.ts"
import { signed } from "./interaction/signed.ts"
import type { TaskPlace } from "./interaction/task-ids.ts"
import { forwardedMeta, withoutOurMeta } from "./meta.ts"
import { type Permit, permit } from "./permit.ts"
import type { Refusal } from "./refusal.ts"

/** `tasks/get`, `tasks/update` or `tasks/cancel` (SEP-2663), as a protocol face read it. */
export interface TaskRequest extends Inquiry {
  readonly taskId: string
  /** All parameters but `_meta`, with numbers digit for digit. */
  readonly params: JsonObject
  readonly meta: JsonObject | undefined
  readonly cancellation: Cancellation | undefined
  readonly respondent: RoundsRespondent
}

/**
 * The way of a request about a task: identify, find it, permit its tool, ask its server, check the result where there is
 * one, audit. Never rejects but for a bug, and that is recorded, too.
 */
export async function askTask(request: TaskRequest, gateway: Gateway): Promise<BackendReply> {
  const catalog = gateway.catalog()
  const facts = beginFacts(gateway.now(), catalog.digest)
  let reply: BackendReply | undefined // stays undefined when a bug throws
  let isRecorded = false
  try {
    reply = await travel(request, gateway, facts, catalog)
  } finally {
    const id = request.id ?? gateway.id()
    isRecorded = await gateway.audit(recordOf("request", request, facts, reply, gateway.now(), id))
  }
  return isRecorded ? reply : refused(unrecorded)
}

async function travel(
  request: TaskRequest,
  gateway: Gateway,
  facts: Facts,
  catalog: Catalog,
): Promise<BackendReply> {
  if (gateway.canAudit?.() === false) return refused(unrecorded)
  const { evidence, method, params, respondent, taskId } = request
  const identified = gateway.identify(evidence, catalog)
  const caller = identified instanceof Promise ? await identified : identified
  if (!caller.ok) return refused(caller.refusal)
  facts.caller = caller.value
  warn(facts, caller.value.warnings)
  if (!takesTasks(respondent.capabilities)) return refused(undeclared)

  const place = gateway.interactions.taskIds.open(taskId, caller.value.principal)
  if (place === undefined) return unknown("it is no task of this caller")
  const permitted = permit(catalog, caller.value, place.tool, gateway.levels)
  if (!permitted.ok) return unknown(`its tool may not be used: ${permitted.refusal.code}`)
  const { tool } = permitted.value
  const server = serverOf(tool, place)
  if (server === undefined) return unknown(`${place.server} does not provide ${place.tool}`)
  facts.target = refOf(tool)
  facts.server = server

  facts.executedMs = gateway.now()
  const backends = asCaller(gateway.backends, caller.value, evidence)
  const reply = await backends.request(server, {
    method,
    subject: place.tool,
    name: place.id,
    params: { ...params, taskId: place.id },
    meta: forwardedMeta(request.meta, undefined),
    caller: caller.value,
    peer: {
      capabilities: respondent.capabilities ?? {},
      ask: (asked) => unasked(asked, "no call"),
    },
    rounds: { responses: undefined, state: undefined },
    cancellation: request.cancellation,
    onNotification: undefined,
  })
  facts.answeredMs = gateway.now()
  if (reply.kind !== "result") return reply
  return told(reply, { taskId, place, permit: permitted.value }, gateway)
}

/** The servers that the tool's calls go to; a task of another is none of this tool's (any more). */
function serverOf({ implementation }: CatalogTool, place: TaskPlace): CatalogServer | undefined {
  if (implementation.kind !== "source") return
  const servers = [
    implementation.server,
    ...(implementation.choice?.among ?? []).map(({ server }) => server),
  ]
  return servers.find((server) => written(refOf(server)) === place.server)
}

interface Told {
  readonly taskId: string
  readonly place: TaskPlace
  readonly permit: Permit
}

/** What the server says of the task, under the caller's id for it; its result is held to the tool's schema. */
function told(
  reply: BackendReply & { readonly kind: "result" },
  { taskId, place, permit: permitted }: Told,
  gateway: Gateway,
): BackendReply {
  const said = withoutOurMeta(reply)
  if (said.kind !== "result") return said
  const { inputRequests, result } = said.result
  const task = {
    ...said.result,
    ...(said.result["taskId"] === place.id && { taskId }),
    ...(isObject(inputRequests) && { inputRequests: signedAll(inputRequests, place.server) }),
  }
  if (!isObject(result)) return { kind: "result", result: task }
  const plain = said.plain?.["result"]
  const made = withoutOurMeta({ kind: "result", result, ...(isObject(plain) && { plain }) })
  if (made.kind !== "result") return made
  const output = checkOutput(permitted, made, gateway)
  return output.ok
    ? { kind: "result", result: { ...task, result: output.value.reply.result } }
    : refused(output.refusal)
}

const signedAll = (requests: JsonObject, server: string): JsonObject =>
  Object.fromEntries(
    Object.entries(requests).map(([key, one]) => {
      const params = isObject(one) && isObject(one["params"]) ? one["params"] : undefined
      return [key, isObject(one) ? { ...one, params: signed(params, server) } : one]
    }),
  )

const undeclared: Refusal = {
  code: "missing_capability",
  subject: "tasks",
  needed: { extensions: { [tasksExtension]: {} } },
}
const refused = (refusal: Refusal): BackendReply => ({ kind: "refusal", refusal })
const unknown = (reason: string): BackendReply => refused({ code: "unknown_task", reason })
