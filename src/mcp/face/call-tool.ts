import type { LogWish, RpcError } from "../../call/backends.ts"
import { type Answer, type CallRequest, call } from "../../call/call.ts"
import type { Evidence } from "../../call/caller.ts"
import type { Cancellation } from "../../call/cancellation.ts"
import type { Gateway } from "../../call/gateway.ts"
import type { Respondent } from "../../call/interaction/peer.ts"
import { Deadline } from "../../call/limits/deadline.ts"
import { withoutOurNotice } from "../../call/meta.ts"
import { permit } from "../../call/permit.ts"
import { relatedTo, statusMethod, unrelated } from "../../call/tasks/shape.ts"
import type { CatalogTool } from "../../registry/catalog.ts"
import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import { type MirroredParam, mirroredParams } from "../mirrored-params.ts"
import type { Era } from "../revisions.ts"
import type { FaceContext, PostedRequest } from "./context.ts"
import { codes, type Fail, fail, resultText } from "./errors.ts"
import type { Exchange } from "./exchange.ts"
import { header, type RequestHeaders } from "./headers.ts"
import { legacyOutput } from "./legacy/output-schema.ts"
import { paramFault } from "./param-headers.ts"
import { patienceOf } from "./patience.ts"
import { refusalAnswer } from "./refusal-words.ts"
import { shortened } from "./shortened.ts"
import { messageOf, traceOf, withTrace } from "./trace.ts"

/** A result, and its JSON text where somebody has printed it already. */
export type Result = Pick<Extract<Answer, { kind: "result" }>, "result" | "text">

/** What an era adds to the common way of a request that goes on to a backend. */
export interface CallCodec {
  readonly era: Era
  /** The caller's `_meta` without what belongs to this hop. */
  meta(meta: JsonObject): JsonObject | undefined
  /** A result as JSON text; `tool` where results are shaped by its schema. */
  result(result: Result, tool: CatalogTool | undefined, context: FaceContext): string
  /** A result that is no tool's, as JSON text; `isCacheable` where the modern era says how long it may be kept. */
  contentResult(result: JsonObject, isCacheable: boolean, context: FaceContext): string
}

/** One request on its way, as far as an era had to look into it. */
export interface Going {
  readonly posted: PostedRequest
  readonly evidence: Evidence
  readonly cancellation: Cancellation
  readonly respondent: Respondent
  /** The log messages that this caller wants; undefined: none. */
  readonly logs: LogWish | undefined
  /** Whether a notification of the backend is for this caller. */
  relays(notification: JsonObject): boolean
}

/** `tools/call`, in either era: read the parameters, go the way of a call, say what came of it. */
export async function callTool(
  context: FaceContext,
  codec: CallCodec,
  going: Going,
): Promise<void> {
  const { posted, evidence } = going
  const { exchange, message, headers } = posted
  const { id, params } = message
  const tool = params?.["name"]
  const args = params?.["arguments"]
  if (typeof tool !== "string") return exchange.fail(badParams("name: expected a string"), id)
  if (!isArguments(args)) return exchange.fail(badParams("arguments: expected an object"), id)
  const meant = specialTool(context.gateway, tool, evidence)
  const special = meant instanceof Promise ? await meant : meant
  if (special !== undefined && codec.era === "modern") {
    const fault = paramFault(shapeOf(special).mirrored, args, headers)
    if (fault !== undefined) return exchange.fail(fault, id)
  }

  const patience = patienceOf(params?.["_meta"], headers)
  if (typeof patience === "string") return exchange.fail(badParams(patience), id)

  exchange.wait()
  const answer = await callWithin(patience, callOf(codec, going, tool, args), context.gateway)
  const said = answer.kind === "refusal" ? refusalAnswer(answer.refusal, context.speaker) : answer
  if (said.kind === "result") {
    const shaping = answer.kind === "result" ? special : undefined
    exchange.finish(resultText(id, codec.result(said, shaping, context)))
  } else exchange.fail("fail" in said ? said.fail : relayedError(said.error), id)
}

/** Within the time that the caller says it waits, where it says so. */
function callWithin(
  patience: number | undefined,
  request: CallRequest,
  gateway: Gateway,
): Promise<Answer> {
  if (patience === undefined) return call(request, gateway)
  const deadline = new Deadline(patience, request.cancellation)
  return call({ ...request, deadline }, gateway).finally(() => deadline.clear())
}

function callOf(
  codec: CallCodec,
  going: Going,
  tool: string,
  args: JsonObject | undefined,
): CallRequest {
  const { posted, evidence, cancellation } = going
  const { exactParams, headers, message } = posted
  const sent = message.params?.["_meta"]
  const meta = isObject(sent) ? sent : undefined
  const { arguments: exact, task }: JsonObject = exactParams ?? {}
  return {
    era: codec.era,
    method: "tools/call",
    evidence,
    trace: traceOf(meta, headers),
    message: messageOf(posted),
    tool,
    arguments: args,
    exactArguments: isObject(exact) ? exact : undefined,
    meta: withTrace(meta && codec.meta(meta), headers),
    task: codec.era === "legacy" && isObject(task) ? task : undefined, // a stray one means nothing in the other
    idempotencyKey: keyOf(message.params, headers),
    cancellation,
    onNotification: relaying(going),
    onPause: posted.exchange.canPause ? () => posted.exchange.pause() : undefined,
    logs: going.logs,
    respondent: going.respondent,
  }
}

/** That a caller gave beside the `_meta`: as a parameter (SEP-3182, which came to nothing), or as the IETF draft's header. */
function keyOf(params: JsonObject | undefined, headers: RequestHeaders): string | undefined {
  const given = params?.["idempotencyKey"] ?? header(headers, "idempotency-key")
  return typeof given === "string" ? given.replace(/^"(.*)"$/, "$1") : undefined
}

/** Where a backend's notifications go; nowhere where the caller reads no stream. */
export function relaying({
  posted: { exchange },
  relays,
}: Going): ((notification: JsonObject) => void) | undefined {
  if (!exchange.canStream) return
  return (notification) => {
    if (!relays(notification) || notification["method"] === statusMethod) return // under no id of the caller's
    say(exchange, withoutOurNotice(inCallersTask(notification, undefined)))
  }
}

/** The same where they belong to a task that the caller knows. */
export function relayingTask(
  { posted: { exchange }, relays }: Going,
  taskId: string,
): ((notification: JsonObject) => void) | undefined {
  if (!exchange.canStream) return
  return (notification) => {
    if (relays(notification)) say(exchange, withoutOurNotice(inCallersTask(notification, taskId)))
  }
}

function say(exchange: Exchange, notification: JsonObject): void {
  const text = JSON.stringify(notification)
  const max = exchange.messageMax
  const said = text.length <= max ? text : shortened(notification, max)
  if (said !== undefined) exchange.notify(said)
}

function inCallersTask(notification: JsonObject, taskId: string | undefined): JsonObject {
  const { params } = notification
  if (!isObject(params)) return notification
  const told = taskId === undefined ? unrelated(params) : relatedTo(taskId, params)
  return told === params ? notification : { ...notification, params: told }
}

/** Codes that describe the hop behind us, which the caller cannot repair. */
const otherHop: readonly number[] = [
  codes.headerMismatch,
  codes.missingCapability,
  codes.unsupportedVersion,
]

/** A backend's own error as it is, unless it is about how we asked. */
export const relayedError = ({ code, message, data }: RpcError): Fail =>
  otherHop.includes(code)
    ? fail(200, codes.internal, "The server behind the gateway refused the request")
    : fail(200, code, message, data)

export const badParams = (words: string): Fail =>
  fail(200, codes.invalidParams, `Invalid params: ${words}`)
const isArguments = (args: Json | undefined): args is JsonObject | undefined =>
  args === undefined || isObject(args)

/** What of a tool's schemas matters on the wire. */
interface WireShape {
  readonly mirrored: readonly MirroredParam[]
  readonly isWrapped: boolean
}
const shapes = new WeakMap<CatalogTool, WireShape>()

export function shapeOf(tool: CatalogTool): WireShape {
  let shape = shapes.get(tool)
  if (shape === undefined) {
    const { inputSchema, outputSchema } = tool.shown
    const isWrapped = outputSchema !== undefined && legacyOutput(outputSchema).wrapped
    shape = { mirrored: mirroredParams(inputSchema), isWrapped }
    shapes.set(tool, shape)
  }
  return shape
}

const isSpecial = (tool: CatalogTool): boolean => {
  const { mirrored, isWrapped } = shapeOf(tool)
  return isWrapped || mirrored.length > 0
}

/**
 * The tool this caller means, where its schemas change what is on the wire. Few tools do, so for nearly all calls this
 * is one look into a map. A caller that may not use the tool learns nothing here: the way of the call refuses it.
 */
function specialTool(
  gateway: Gateway,
  name: string,
  evidence: Evidence,
): CatalogTool | undefined | Promise<CatalogTool | undefined> {
  const catalog = gateway.catalog()
  if (!catalog.toolsNamed(name).some(isSpecial)) return undefined
  return Promise.resolve(gateway.identify(evidence, catalog)).then((caller) => {
    if (!caller.ok) return undefined
    const permitted = permit(catalog, caller.value, name, gateway.levels)
    return permitted.ok ? permitted.value.tool : undefined
  })
}
