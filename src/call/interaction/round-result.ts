import { isObject, type JsonObject } from "../../schema/json.ts"
import type { BackendReply, RpcError } from "../backends.ts"
import { type Capabilities, covers, neededFor } from "./capabilities.ts"
import { signed } from "./signed.ts"

/** A result that asks something of the caller instead of being the final one (MRTR of 2026-07-28). */
export type AskingReply = Extract<BackendReply, { kind: "result" }>

export const isAsking = (reply: BackendReply): reply is AskingReply =>
  reply.kind === "result" && reply.result["resultType"] === "input_required"

/** One question in a result, by the name its answer comes under. */
export interface RoundQuestion {
  readonly key: string
  readonly method: string
  readonly params: JsonObject | undefined
}

/** What a result asks. */
export interface Round {
  readonly questions: readonly RoundQuestion[]
  readonly state: string | undefined
}

/** Reads what a result asks; in words why it cannot be read. */
export function readRound({ result }: AskingReply): Round | string {
  const { inputRequests = {}, requestState } = result
  if (!isObject(inputRequests)) return "inputRequests is no object"
  const state = typeof requestState === "string" ? requestState : undefined
  if (state !== requestState) return "requestState is no string"
  const questions: RoundQuestion[] = []
  for (const [key, one] of Object.entries(inputRequests)) {
    if (!isObject(one) || typeof one["method"] !== "string") return "inputRequests holds no request"
    const { method, params } = one
    questions.push({ key, method, params: isObject(params) ? params : undefined })
  }
  if (questions.length === 0 && state === undefined) return "it asks nothing"
  return { questions, state }
}

/** Whether a client that can be asked so much can be asked this. */
export function canBeAsked(
  capabilities: Capabilities,
  { method, params }: Pick<RoundQuestion, "method" | "params">,
): boolean {
  const needed = neededFor(method, params)
  return needed !== undefined && covers(capabilities, needed)
}

/** The methods of what a result asks, for the audit. */
export function methodsIn(reply: AskingReply): readonly string[] {
  const round = readRound(reply)
  return typeof round === "string" ? [] : round.questions.map(({ method }) => method)
}

/**
 * A modern backend's questions on their way to a modern caller: signed, and its state wrapped by `wrap`. A string says
 * what is wrong with them.
 */
export function passedOn(
  reply: AskingReply,
  server: string,
  capabilities: Capabilities,
  wrap: (state: string) => string,
): AskingReply | string {
  const round = readRound(reply)
  if (typeof round === "string") return round
  const { questions, state } = round
  const cannot = questions.find((one) => !canBeAsked(capabilities, one))
  if (cannot !== undefined) return `its caller's client cannot be asked ${cannot.method}`
  const inputRequests = questions.map(({ key, method, params }) => {
    return [key, { method, params: signed(params, server) }] as const
  })
  return {
    kind: "result",
    result: {
      ...reply.result,
      ...(questions.length > 0 && { inputRequests: Object.fromEntries(inputRequests) }),
      ...(state !== undefined && { requestState: wrap(state) }),
    },
  }
}

/** The legacy era's way to say that somebody must visit a page before the request is made once more. */
export const isUrlRequired = (reply: BackendReply): reply is UrlRequired =>
  reply.kind === "error" && reply.error.code === -32042 && pagesOf(reply.error).length > 0

type UrlRequired = Extract<BackendReply, { kind: "error" }>

/** The pages that such an error names. */
export function pagesOf({ data }: RpcError): JsonObject[] {
  const elicitations = isObject(data) ? data["elicitations"] : undefined
  return Array.isArray(elicitations)
    ? elicitations.filter((one) => isObject(one) && typeof one["url"] === "string")
    : []
}

/** The same in the words of the modern era. Its `elicitationId`s belong to the other. */
export function asRound({ error }: UrlRequired, server: string, requestState: string): AskingReply {
  const questions = pagesOf(error).map(({ elicitationId: _, ...params }, index) => {
    const signedParams = signed({ ...params, mode: "url" }, server)
    return [`q${index + 1}`, { method: "elicitation/create", params: signedParams }] as const
  })
  const inputRequests = Object.fromEntries(questions)
  return { kind: "result", result: { resultType: "input_required", inputRequests, requestState } }
}
