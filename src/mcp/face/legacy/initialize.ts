import { randomBytes } from "node:crypto"
import { capabilitiesFor } from "../../../call/content/offers.ts"
import { greet } from "../../../call/greet.ts"
import { askable } from "../../../call/interaction/capabilities.ts"
import { hasTasks } from "../../../call/tasks/has-tasks.ts"
import { isObject } from "../../../schema/json.ts"
import { legacyVersions, newestLegacy } from "../../revisions.ts"
import type { FaceContext, PostedRequest } from "../context.ts"
import { codes, fail, httpFail, resultText } from "../errors.ts"
import { evidenceOf } from "../headers.ts"
import { refusalFail } from "../refusal-words.ts"
import { clientClaim, type SessionToken, tokenFor } from "../session-token.ts"
import { traceOf } from "../trace.ts"

export const sessionHeader = "mcp-session-id"

/**
 * `initialize`: agrees on a revision (the asked one, or our newest) and begins a session. A session id sent along is
 * ignored: whoever initializes starts anew.
 */
export async function initialize(context: FaceContext, posted: PostedRequest): Promise<void> {
  const { exchange, headers, message } = posted
  const { id, params } = message
  const asked = params?.["protocolVersion"]
  const client = clientOf(params?.["clientInfo"])
  if (typeof asked !== "string" || client === undefined || !isObject(params?.["capabilities"]))
    return exchange.fail(badParams, id)

  const evidence = evidenceOf(headers, posted, client, undefined)
  const trace = traceOf(undefined, headers)
  const revision = legacyVersions.includes(asked) ? asked : newestLegacy
  const jti = randomBytes(16).toString("hex")
  const inquiry = {
    era: "legacy",
    method: "initialize",
    evidence,
    trace,
    message: { id, revision, session: jti },
  } as const
  const greeting = await greet({ ...inquiry, session: "start" }, context.gateway)
  if (!greeting.ok) return exchange.fail(refusalFail(greeting.refusal, context.speaker), id)

  const { caller, catalog } = greeting.value
  const capabilities = askable(params?.["capabilities"])
  const said = { clientInfo: client, capabilities, version: revision }
  const token = tokenFor(caller, said, {
    jti,
    nowMs: context.gateway.now(),
    lifetimeMs: context.limits.sessionLifetimeMs,
  })
  const session = context.sessions.begin(token)
  if (session === undefined) return exchange.fail(tooManySessions, id)
  const { serverInfo, instructions } = context
  const result = {
    protocolVersion: revision,
    capabilities: {
      ...capabilitiesFor(catalog, caller, context.gateway),
      ...(hasTasks(catalog, caller, context.gateway) && { tasks }),
    },
    serverInfo,
    ...(instructions === undefined ? {} : { instructions }),
  }
  exchange.finish(resultText(id, JSON.stringify(result)), {
    headers: { [sessionHeader]: session.sealed },
  })
}

/** Without `list`: what a server lists, it lists for the gateway, and not for one caller. */
const tasks = { cancel: {}, requests: { tools: { call: {} } } } as const

function clientOf(value: unknown): SessionToken["clientInfo"] {
  if (!isObject(value)) return undefined
  const { name, version } = value
  return typeof name === "string" && typeof version === "string"
    ? clientClaim(name, version)
    : undefined
}

const badParams = fail(
  200,
  codes.invalidParams,
  "Invalid params: expected protocolVersion, capabilities and clientInfo with name and version",
)
export const tooManySessions = httpFail(
  503,
  "busy: too many sessions (limits.sessions, limits.sessionsPerCaller)",
  { "retry-after": "30" },
)
