import type { Catalog } from "../../registry/catalog.ts"
import { isList, isObject, type JsonObject } from "../../schema/json.ts"
import { admit } from "../admit.ts"
import { asCaller } from "../as-caller.ts"
import type { Target } from "../audit.ts"
import { type BackendReply, type Backends, type LogWish, refused } from "../backends.ts"
import type { Cancellation } from "../cancellation.ts"
import { beginFacts, warn } from "../facts.ts"
import type { Gateway } from "../gateway.ts"
import type { Inquiry } from "../inquiry.ts"
import type { Respondent } from "../interaction/peer.ts"
import { sendOn } from "../interaction/send-on.ts"
import { unlessExceeded } from "../limits/unless-exceeded.ts"
import { forwardedMeta } from "../meta.ts"
import { type Reach, reachOf } from "../permit.ts"
import { type Recorded, recorded } from "../recorded.ts"
import { cancelledBefore, type Refusal } from "../refusal.ts"
import { ofContent, redact } from "../results/redact.ts"
import { hasLinks, renamed } from "./links.ts"
import { type Found, unlisted } from "./shelf.ts"
import { seePrompts, seeResources } from "./views.ts"

/** A request for a resource or a prompt, or for the completion of what either takes, as a protocol face read it. */
export interface RelayRequest extends Inquiry {
  readonly wish: Wish
  /** All parameters but `_meta`, with numbers digit for digit; names in it are the caller's. */
  readonly params: JsonObject
  readonly meta: JsonObject | undefined
  readonly cancellation: Cancellation | undefined
  readonly onNotification: ((notification: JsonObject) => void) | undefined
  /** The log messages that are wanted; undefined: none. */
  readonly logs?: LogWish | undefined
  /** Answers what the backend asks meanwhile; undefined where nobody does. */
  readonly respondent?: Respondent | undefined
}

/** What is asked for, by the caller's name for it. */
export type Wish =
  | { readonly kind: "resource"; readonly name: string }
  | { readonly kind: "prompt"; readonly name: string }
  /** A method beyond MCP, which configuration hands to one server. */
  | { readonly kind: "method"; readonly name: string }
  | { readonly kind: "completion"; readonly of: "resource" | "prompt"; readonly name: string }

/**
 * The way of a request that is no call of a tool: identify, permit, resolve, execute, audit, in that order and with one
 * record. Rejects only for a bug, which is recorded as well.
 */
export function relay(request: RelayRequest, gateway: Gateway): Promise<BackendReply> {
  const catalog = gateway.catalog()
  const facts = beginFacts(gateway.now(), catalog.digest, targetOf(request.wish))
  const id = request.id ?? gateway.id()
  const span = gateway.tracing?.request(request, facts)
  return recorded({ kind: "request", id, request, gateway, catalog, facts, span }, travel)
}

const targetOf = (wish: Wish): Target => ({
  type: subjectOf(wish),
  name: wish.name,
})

/** One such request on its way. */
interface Way extends Recorded {
  readonly request: RelayRequest
  readonly catalog: Catalog
}

async function travel(way: Way): Promise<BackendReply> {
  const { request, gateway, facts, catalog, span } = way
  const { evidence, meta, wish, cancellation, onNotification, logs } = request
  const caller = await admit({ ...way, subject: wish.name, meta })
  if (!caller.ok) return refused(caller.refusal)

  const excess = await gateway.rates?.content(caller.value, wish.name)
  if (excess !== undefined) return refused(excess)
  const backends = asCaller(gateway.backends, caller.value, evidence)
  const reach = reachOf(catalog, caller.value, gateway.levels, gateway.rules(catalog))
  const found = await find(wish, reach, backends)
  if (!found.ok) return refused(unknown(wish, found.reason))
  const { server } = found.reach
  facts.server = server
  span?.permitted()

  facts.in = gateway.digest(request.params)?.digested
  if (cancellation?.isCancelled) return refused(cancelledBefore)
  facts.executedMs = gateway.now()
  const params = inServersNames(request, found.own)
  const { interactions, rates, results } = gateway
  const forms = results.ofServer(server)
  const onward = {
    method: request.method,
    subject: wish.name,
    name: wish.kind === "resource" || wish.kind === "prompt" ? found.own : undefined,
    params,
    meta: forwardedMeta(meta, undefined),
    span,
    redacting: results.redacting(forms, facts),
    cancellation,
    onNotification,
    logs,
  }
  const talk = { caller: caller.value, respondent: request.respondent, about: params, facts }
  const said = await unlessExceeded(rates?.send(server, caller.value, wish.name), () =>
    sendOn(server, onward, talk, { backends, interactions }),
  )
  facts.answeredMs = gateway.now()
  const limits = { tool: wish.name, charsMax: results.textCharsMax, blocks: ofContent }
  const { answer: reply, warnings } = redact(said, forms, limits)
  warn(facts, warnings)
  if (reply.kind !== "result") return reply
  const told = await inCallersNames(reply, wish, found, reach, backends)
  facts.out = gateway.digest(told.result)?.digested
  return told
}

/** Where a caller's URI leads. */
export const findResource = (
  uri: string,
  reach: readonly Reach[],
  backends: Backends,
): Promise<Found> => find({ kind: "resource", name: uri }, reach, backends)

/** From what is known of the servers' lists; where no server is known to have it, from what they list now. */
async function find(wish: Wish, reach: readonly Reach[], backends: Backends): Promise<Found> {
  if (wish.kind === "method") return findMethod(wish.name, reach)
  const found = await look(wish, reach, backends, "known")
  return found === unlisted ? look(wish, reach, backends, "fresh") : found
}

function findMethod(method: string, reach: readonly Reach[]): Found {
  const taking = reach.find(({ rule }) => rule.methods.includes(method))
  if (taking !== undefined) return { ok: true, reach: taking, own: method }
  return { ok: false, reason: "the server that takes it is beyond this caller's reach" }
}

async function look(
  wish: Wish,
  reach: readonly Reach[],
  backends: Backends,
  need: "fresh" | "known",
): Promise<Found> {
  if (subjectOf(wish) === "prompt")
    return (await seePrompts(reach, backends, need)).view.find(wish.name)
  const { view } = await seeResources(reach, backends, need)
  return wish.kind === "completion" ? view.findTemplate(wish.name) : view.find(wish.name)
}

/** What the wish is about. */
const subjectOf = (wish: Wish) => (wish.kind === "completion" ? wish.of : wish.kind)

function unknown(wish: Wish, reason: string): Refusal {
  const { name } = wish
  if (wish.kind === "method") return { code: "unknown_method", method: name, reason }
  return subjectOf(wish) === "prompt"
    ? { code: "unknown_prompt", prompt: name, reason }
    : { code: "unknown_resource", uri: name, reason }
}

function inServersNames({ wish, params }: RelayRequest, own: string): JsonObject {
  if (wish.kind === "resource") return { ...params, uri: own }
  if (wish.kind === "prompt") return { ...params, name: own }
  if (wish.kind === "method") return params
  const { ref } = params
  const key = wish.of === "prompt" ? "name" : "uri"
  return isObject(ref) ? { ...params, ref: { ...ref, [key]: own } } : params
}

type Result = Extract<BackendReply, { kind: "result" }>

async function inCallersNames(
  reply: Result,
  wish: Wish,
  { own, reach: { server } }: Found & { readonly ok: true },
  reach: readonly Reach[],
  backends: Backends,
): Promise<Result> {
  if (wish.kind === "completion") return atMost(reply, valuesMax)
  if (!hasLinks(reply.result)) return reply
  const { view } = await seeResources(reach, backends, "known")
  return renamed(reply, (uri) =>
    wish.kind === "resource" && uri === own ? wish.name : view.nameOf(server, uri),
  )
}

/** MCP allows no more in one completion. */
const valuesMax = 100

function atMost(reply: Result, most: number): Result {
  const { completion } = reply.result
  if (!isObject(completion)) return reply
  const { values } = completion
  if (!isList(values) || values.length <= most) return reply
  const cut = { ...completion, values: values.slice(0, most), hasMore: true }
  return { kind: "result", result: { ...reply.result, completion: cut } }
}
