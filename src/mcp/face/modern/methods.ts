import { Cancellation } from "../../../call/cancellation.ts"
import type { ContentKind } from "../../../call/content/list-content.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import { gravity } from "../../log-level.ts"
import { metaKeys } from "../../meta-keys.ts"
import { modernVersions } from "../../revisions.ts"
import { badParams, callTool } from "../call-tool.ts"
import { answerContentList, contentLists } from "../content/list-content.ts"
import { relayContent } from "../content/relay-content.ts"
import { wishes } from "../content/wish.ts"
import type { FaceContext, PostedRequest } from "../context.ts"
import { codes, fail } from "../errors.ts"
import { forward, forwardedEvidence } from "../forward/forward.ts"
import { listTools } from "../list-tools.ts"
import { discover } from "./discover.ts"
import { evidenceIn } from "./envelope.ts"
import { listen } from "./listen.ts"
import { respondentOf, roundFault } from "./respondent.ts"
import { listMembers, modernCodec } from "./result.ts"
import { standardHeaderFault } from "./standard-headers.ts"
import { answerTask, taskMethods } from "./tasks.ts"

export type ModernMethod = (
  context: FaceContext,
  posted: PostedRequest,
  envelope: JsonObject,
) => Promise<void>

/** What a modern request may ask. What is not here does not exist in this era. */
const methods: ReadonlyMap<string, ModernMethod> = new Map<string, ModernMethod>([
  ["tools/call", stateless(callTool)],
  ["tools/list", listStateless],
  ...[...wishes.keys()].map((name) => [name, stateless(relayContent)] as const),
  ...[...contentLists].map(([name, kind]) => [name, listContentStateless(kind)] as const),
  ...taskMethods.map((name) => [name, answerTask] as const),
  ["server/discover", discover],
  ["subscriptions/listen", listen],
])

/** Answers one modern request whose envelope is sound. */
export function answerModern(
  context: FaceContext,
  posted: PostedRequest,
  version: string,
): Promise<void> | void {
  const { exchange, headers, message } = posted
  const { id, params } = message
  if (!modernVersions.includes(version)) {
    const data = { supported: modernVersions, requested: version }
    return exchange.fail(
      fail(400, codes.unsupportedVersion, "Unsupported protocol version", data),
      id,
    )
  }
  const fault = standardHeaderFault(headers, message.method, params)
  if (fault !== undefined) return exchange.fail(fault, id)
  const method = methods.get(message.method) ?? beyondMcp(context, message.method)
  if (method === undefined) {
    const words = `Method not found: ${message.method}`
    return exchange.fail(fail(404, codes.methodNotFound, words), id)
  }
  const meta = params?.["_meta"]
  return method(context, posted, isObject(meta) ? meta : {})
}

/** A client that hangs up has cancelled: this era has no other way to say so over HTTP. */
const relayed = stateless(relayContent)

/** A method that configuration hands to one server. */
function beyondMcp({ gateway }: FaceContext, method: string): ModernMethod | undefined {
  return gateway.rules(gateway.catalog()).methods.has(method) ? relayed : undefined
}

function stateless(answer: typeof callTool): ModernMethod {
  return async (context, posted, envelope) => {
    const fault = roundFault(posted.message.params)
    if (fault !== undefined) return posted.exchange.fail(badParams(fault), posted.message.id)
    const { outgoing } = posted.exchange
    const handedOn = forwardedEvidence(context, posted)
    const evidence = handedOn ?? evidenceIn(posted, envelope)
    const elsewhere = forward(context, posted, evidence)
    if (elsewhere !== undefined && (await elsewhere)) return
    const cancellation = new Cancellation()
    const hungUp = () => cancellation.cancel()
    outgoing.on("close", hungUp)
    const level = envelope[metaKeys.logLevel]
    const wanted = gravity(level)
    try {
      await answer(context, modernCodec, {
        posted,
        evidence,
        cancellation,
        respondent: respondentOf(posted, envelope),
        logs: typeof level === "string" ? { level, isStated: true } : undefined,
        relays: ({ method, params }) =>
          method !== "notifications/elicitation/complete" && // of the other era
          (method !== "notifications/message" || (wanted !== -1 && gravityOf(params) >= wanted)),
      })
    } finally {
      outgoing.off("close", hungUp)
    }
  }
}
const gravityOf = (params: unknown) => (isObject(params) ? gravity(params["level"]) : -1)

async function listStateless(
  context: FaceContext,
  posted: PostedRequest,
  envelope: JsonObject,
): Promise<void> {
  await listTools(context, "modern", posted, evidenceIn(posted, envelope))
}

function listContentStateless(kind: ContentKind): ModernMethod {
  return (context, posted, envelope) => {
    const evidence = evidenceIn(posted, envelope)
    const { limits, ownMeta } = context
    const members = (ttlMs: number) => listMembers(Math.min(limits.listTtlMs, ttlMs), ownMeta)
    return answerContentList(context, "modern", kind, posted, evidence, members)
  }
}
