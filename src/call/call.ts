/*
 * The way of a call. A request goes through these steps from top to bottom; each is one file that can be read alone,
 * and each can end the way with a refusal. What is not a call takes the same steps as far as it needs them:
 *
 * | step         | call.ts `tools/call` | list.ts `tools/list`  | greet.ts: anything else      | file                  |
 * | ------------ | -------------------- | --------------------- | ---------------------------- | --------------------- |
 * | identify     | yes                  | yes                   | yes                          | identify.ts           |
 * | permit       | the one tool         | every tool in scope   | –                            | permit.ts             |
 * | rate limits  | yes                  | –                     | –                            | limits/rate-limits.ts |
 * | check input  | yes                  | –                     | –                            | check-input.ts        |
 * | resolve      | within check input   | –                     | –                            | arguments, servers.ts |
 * | announce     | where it has effects | –                     | –                            | audit.ts              |
 * | execute      | yes                  | –                     | –                            | execute.ts            |
 * | check output | yes                  | –                     | –                            | check-output.ts       |
 * | audit        | one record           | one record            | when refused, and on session | audit.ts              |
 *
 * The catalog is taken once and kept to the end, whatever is reloaded meanwhile. A backend cannot be asked without a
 * permit: `execute` takes one, and only permit.ts makes one. The record is written before the answer leaves; what cannot be
 * recorded is not answered. Where the tool is a composition, `execute` runs it, and each of its calls comes back here, to
 * `permit`. It is treated as a caller's call is, except that the composition's `depends` decide what it may call.
 */
import type { Catalog, CatalogTool } from "../registry/catalog.ts"
import { refOf } from "../registry/model.ts"
import type { JsonObject } from "../schema/json.ts"
import { beginOf, unrecorded } from "./audit.ts"
import { type BackendReply, type LogWish, refused } from "./backends.ts"
import type { Caller } from "./caller.ts"
import type { Cancellation } from "./cancellation.ts"
import { checkInput } from "./check-input.ts"
import { checkOutput } from "./check-output.ts"
import { type InnerCall, innerRequest } from "./composition/inner-call.ts"
import type { InnerAnswer } from "./composition/outcome.ts"
import { inCallersNames } from "./content/callers-names.ts"
import { hasLinks } from "./content/links.ts"
import { beginFacts, warn } from "./facts.ts"
import type { Gateway } from "./gateway.ts"
import { tooManyHops } from "./hops.ts"
import type { Inquiry } from "./inquiry.ts"
import type { Respondent, Rounds } from "./interaction/peer.ts"
import type { Deadline } from "./limits/deadline.ts"
import { type Permit, permit, permitInside } from "./permit.ts"
import { type Recorded, recorded } from "./recorded.ts"
import { cancelledBefore, type Result } from "./refusal.ts"
import { obtain } from "./results/obtain.ts"

/** One `tools/call`, as a protocol face read it. */
export interface CallRequest extends Inquiry {
  readonly tool: string
  /** To validate. Undefined where the caller sent none. */
  readonly arguments: JsonObject | undefined
  /**
   * To send on: the same with its numbers digit for digit (see `parseExact`), and the same object wherever a double
   * carries them all, which is nearly always.
   */
  readonly exactArguments: JsonObject | undefined
  /** The `_meta` of the request without the four keys that MCP 2026-07-28 reserves. */
  readonly meta: JsonObject | undefined
  /**
   * Of the logical call, for tools that take one; the same however often the call is made. Only compositions set it.
   */
  readonly key?: string
  /** The caller's own key for the whole call, where it came outside `_meta`. */
  readonly idempotencyKey?: string | undefined
  /** Its arguments are proved to fit what callers are shown. Only compositions set it. */
  readonly isProven?: true
  /** The caller takes a task in place of the result: the `task` of a legacy one, such as `{ttl}`. Of a modern one only compositions have it. */
  readonly task?: JsonObject | undefined
  readonly cancellation: Cancellation | undefined
  /** Of a caller that says how long it waits. */
  readonly deadline?: Deadline
  readonly onNotification: ((notification: JsonObject) => void) | undefined
  /** The server wants to be polled for the answer. */
  readonly onPause?: (() => void) | undefined
  /** The log messages that are wanted; undefined: none. */
  readonly logs?: LogWish | undefined
  /** Who answers what backends ask meanwhile; undefined where nobody does. */
  readonly respondent?: Respondent | undefined
  /** What a caller brought back that the gateway itself had asked, by the result of an earlier request. */
  readonly rounds?: Rounds
}

/** What a call comes to: the tool's result, the backend's own JSON-RPC error, or a refusal. */
export type Answer = BackendReply

/** No promise where there is nothing to wait for: a promise within a promise costs as much as a step. */
type Going = Answer | Promise<Answer>

/** One call on its way, and what it keeps to the end. */
export interface Way extends Recorded {
  /** `step`: a composition makes it. */
  readonly kind: "call" | "step"
  readonly request: CallRequest
  readonly catalog: Catalog
}

/** Rejects only for a bug, which is recorded as well. */
export function call(request: CallRequest, gateway: Gateway): Promise<Answer> {
  const catalog = gateway.catalog()
  const facts = beginFacts(gateway.now(), catalog.digest, { name: request.tool })
  const id = request.id ?? gateway.id()
  const span = gateway.tracing?.request(request, facts)
  const go = request.deadline === undefined ? travel : travelInTime
  return recorded({ kind: "call", id, request, gateway, catalog, facts, span }, go)
}

/**
 * A call that a composition makes goes the same way, with the same catalog and a record of its own. Who calls is known;
 * what decides is what the composition may call, and never the rights of its caller.
 */
export async function callInside(inner: InnerCall, outer: Way): Promise<InnerAnswer> {
  const { gateway, catalog } = outer
  const request = innerRequest(inner, outer.request)
  const facts = beginFacts(gateway.now(), catalog.digest, { name: request.tool })
  facts.caller = inner.caller
  facts.note = inner.note
  const span = outer.span?.step(request, facts)
  const way: Way = { kind: "step", id: gateway.id(), request, gateway, catalog, facts, span }
  const answer = await recorded(way, () => travelInside(inner, way))
  return { answer, wasAsked: facts.executedMs !== undefined }
}
export type InsideLine = typeof callInside

async function travelInTime(way: Way): Promise<Answer> {
  const { deadline, tool } = way.request
  const answer = await travel(way)
  return deadline?.judged(answer, tool) ?? answer
}

function travel(way: Way): Going {
  const { request, gateway, catalog } = way
  if (gateway.canAudit?.() === false) return refused(unrecorded) // nothing happens that cannot be recorded

  const identified = gateway.identify(request.evidence, catalog)
  return identified instanceof Promise
    ? identified.then((caller) => enter(caller, way))
    : enter(identified, way)
}

function enter(caller: Result<Caller>, way: Way): Going {
  const { request, gateway, catalog, facts, span } = way
  if (!caller.ok) return refused(caller.refusal)
  facts.caller = caller.value
  span?.identified(caller.value)
  warn(facts, caller.value.warnings)
  const circling = tooManyHops(request.tool, request.meta, gateway.hopsMax)
  if (circling !== undefined) return refused(circling)

  const permitted = permit(catalog, caller.value, request.tool, gateway.levels, given(request))
  if (!permitted.ok && permitted.refusal.code === "unknown_tool") return later(caller.value, way)
  return permitted.ok ? pass(permitted.value, way) : refused(permitted.refusal)
}

/** Nobody registered the tool; a server that exposes its tools to this caller may have it, and may not have said so yet. */
async function later(caller: Caller, way: Way): Promise<Answer> {
  const { request, gateway, catalog } = way
  const known = (await gateway.learn?.(catalog, caller.agent)) ?? catalog
  const permitted = permit(known, caller, request.tool, gateway.levels, given(request))
  return permitted.ok ? pass(permitted.value, way) : refused(permitted.refusal)
}

function travelInside(inner: InnerCall, way: Way): Going {
  const { gateway, catalog, request } = way
  if (gateway.canAudit?.() === false) return refused(unrecorded)
  const { caller, authority, target } = inner
  const { levels } = gateway
  const permitted = permitInside(catalog, caller, authority, target, levels, given(request))
  return permitted.ok ? pass(permitted.value, way) : refused(permitted.refusal)
}

/** The arguments as rules see them: where the caller sent none, an empty object, as it is for schemas. */
const given = ({ arguments: args }: CallRequest): JsonObject => args ?? noArguments
const noArguments: JsonObject = {}
const none: readonly string[] = []

/** From the permit to the answer. */
async function pass(permit: Permit, way: Way): Promise<Answer> {
  const { request, gateway, facts, span } = way
  const { tool, warnings } = permit
  span?.permitted()
  if (tool.implementation.kind === "source") facts.server = tool.implementation.server
  facts.target = refOf(tool)
  warn(facts, warnings)
  const verdict = gateway.rates?.call(tool, permit.caller, askers[way.kind])
  const excess = verdict instanceof Promise ? await verdict : verdict
  if (excess !== undefined) return refused(excess)

  facts.in = gateway.digest(request.exactArguments)?.digested
  const input = checkInput(permit, request, gateway)
  if (!input.ok) return refused(input.refusal)
  warn(facts, input.value.warnings)

  facts.server = input.value.servers[0]?.server
  if (request.cancellation?.isCancelled) return refused(cancelledBefore)
  if (isAnnounced(tool, gateway.begins) && !(await gateway.audit(beginOf(request, facts, way.id))))
    return refused(unrecorded)
  facts.executedMs = gateway.now()
  const {
    answer,
    server,
    warnings: taken = none,
  } = await obtain(permit, input.value, way, callInside)
  facts.answeredMs = gateway.now()
  warn(facts, taken)
  if (answer.kind !== "result") return answer
  const reply = hasLinks(answer.result)
    ? await inCallersNames(answer, { permit, server }, way)
    : answer

  const output = checkOutput(permit, reply, gateway)
  const printed = gateway.digest(output.ok ? output.value.reply.result : reply.result)
  facts.out = printed?.digested
  if (!output.ok) return refused(output.refusal)
  warn(facts, output.value.warnings)
  return printed === undefined ? output.value.reply : { ...output.value.reply, text: printed.text }
}

const askers = { call: "caller", step: "composition" } as const

/** What may change something is recorded before it is done: a crash in between must leave a trace. */
function isAnnounced({ shown, implementation }: CatalogTool, begins: Gateway["begins"]): boolean {
  if (implementation.kind !== "source" || begins === "none") return false
  return begins === "all" || shown.annotations?.["readOnlyHint"] !== true
}
