import type { IncomingMessage, OutgoingHttpHeaders, RequestOptions } from "node:http"
import type { Evidence } from "../../../call/caller.ts"
import type { FaceContext, PostedRequest } from "../context.ts"
import { header, type RequestHeaders } from "../headers.ts"
import { passportHeader } from "./passport.ts"

// Not imported: a namespace of it reads its WebSocket, and that loads undici.
const { request: overHttp } = process.getBuiltinModule("node:http")
const { request: overHttps } = process.getBuiltinModule("node:https")

/** A replica that takes no connection in this time is taken to be gone. */
const connectMs = 2_000

/** And one that says nothing for so many of the times after which it would say that it is still there. */
const beatsMax = 4

/**
 * Hands a request on to the replica that holds what its `requestState` names, and the replica's answer back to the
 * client. Undefined where nothing is held elsewhere; false where the replica cannot be reached: then the request is
 * answered here. The address comes out of a state that a holder of the session key sealed, never from a caller.
 */
export function forward(
  context: FaceContext,
  posted: PostedRequest,
  evidence: Evidence,
): Promise<boolean> | undefined {
  const state = posted.message.params?.["requestState"]
  if (typeof state !== "string") return
  if (header(posted.headers, passportHeader) !== undefined) return // it was handed on before
  const keeper = context.gateway.interactions.keeperOf(state)
  if (keeper === undefined) return
  const body = bodyOf(posted)
  const passport = context.passports.issue(evidence, body)
  const headers = { ...carried(posted.headers), [passportHeader]: passport }
  // A client that takes no events is told nothing before its answer: how long it waits is for itself to say.
  const silenceMs = posted.accepts.stream ? beatsMax * context.limits.keepAliveMs : 0
  const servername = context.replicaHost?.()
  const options = { method: "POST", headers, timeout: silenceMs, ...(servername && { servername }) }
  return send(new URL(keeper), options, body, posted)
}

/** Who sent a request that another replica handed on; undefined for one that came by itself. */
export function forwardedEvidence(
  { passports }: FaceContext,
  posted: PostedRequest,
): Evidence | undefined {
  const passport = header(posted.headers, passportHeader)
  return passport === undefined ? undefined : passports.read(passport, bodyOf(posted))
}

/** The message as JSON text, the same where it is sent and where it is read. */
function bodyOf({ exactParams, message }: PostedRequest): string {
  const { id, method } = message
  return JSON.stringify({ jsonrpc: "2.0", id, method, params: exactParams })
}

/** What belongs to the message. What belongs to the connection, or says who sent it, stays here. */
function carried(headers: RequestHeaders): OutgoingHttpHeaders {
  const names = Object.keys(headers).filter((name) => kept.has(name) || name.startsWith("mcp-"))
  return Object.fromEntries(names.map((name) => [name, headers[name]]))
}

const kept: ReadonlySet<string> = new Set([
  "accept",
  "content-type",
  "traceparent",
  "tracestate",
  "baggage",
])

function send(
  url: URL,
  options: RequestOptions & { readonly servername?: string },
  body: string,
  { exchange: { outgoing } }: PostedRequest,
): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const over = url.protocol === "https:" ? overHttps : overHttp
  const request = over(url, options)
  const late = setTimeout(() => request.destroy(), connectMs)
  const hungUp = () => request.destroy()
  outgoing.once("close", hungUp) // the client cancels: so it does there
  request.on("timeout", hungUp)
  request.on("socket", (socket) => {
    if (socket.connecting) socket.once("connect", () => clearTimeout(late))
    else clearTimeout(late)
  })
  request.on("response", (answer: IncomingMessage) => {
    outgoing.writeHead(answer.statusCode ?? 502, headersBack(answer))
    answer.pipe(outgoing)
    answer.on("close", () => resolve(true))
    answer.on("error", () => outgoing.destroy())
  })
  request.on("error", () => {
    clearTimeout(late)
    outgoing.off("close", hungUp)
    resolve(outgoing.headersSent || outgoing.destroyed)
  })
  request.end(body)
  return promise
}

/** Not those of the connection, which is another. */
function headersBack({ headers }: IncomingMessage): OutgoingHttpHeaders {
  const { connection: _, "keep-alive": _1, "transfer-encoding": _2, ...rest } = headers
  return rest
}
