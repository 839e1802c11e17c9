import { createHash } from "node:crypto"
import type { Target } from "../../compose/plan/plan.ts"
import type { CallOptions } from "../../compose/run/ports.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { CallRequest } from "../call.ts"
import type { Caller } from "../caller.ts"
import { hopsKey } from "../hops.ts"
import type { Respondent } from "../interaction/peer.ts"

/** A call that a composition makes: in its own name, for the caller of the whole. */
export interface InnerCall
  extends Pick<CallOptions, "authority" | "cancellation" | "key" | "isProven"> {
  readonly target: Exclude<Target, { kind: "agent" }>
  readonly caller: Caller
  readonly arguments: JsonObject
  readonly onNotification: CallRequest["onNotification"]
  /** Its place in the composition. */
  readonly step: string
  /** For the audit: where in which run. */
  readonly note: JsonObject
}

/** The request that an inner call is, inside that of its caller: the same evidence and trace, its own arguments. */
export function innerRequest(inner: InnerCall, outer: CallRequest): CallRequest {
  const { target, arguments: args, key, cancellation, onNotification } = inner
  return {
    era: outer.era,
    method: "tools/call",
    evidence: outer.evidence,
    trace: outer.trace,
    tool: target.kind === "tool" ? target.name : target.tool,
    arguments: args,
    exactArguments: args,
    meta: innerMeta(outer.meta, onNotification !== undefined),
    ...(key !== undefined && { key: shortened(key) }),
    ...(inner.isProven && { isProven: true as const }),
    cancellation,
    onNotification,
    respondent: innerRespondent(outer.respondent, inner.step),
  }
}

/** What is asked inside is asked of the caller of the whole, and says in which step. */
function innerRespondent(outer: Respondent | undefined, step: string): Respondent | undefined {
  if (outer?.kind === "rounds") return // the call of the composition takes it, before anything is called
  if (outer?.kind !== "live") return outer
  return { ...outer, step: outer.step === undefined ? step : `${outer.step}/${step}` }
}

/**
 * Trace context (SEP-414) and the gateways passed so far are for everything that a request leads to; all else in
 * `_meta` is only for the one it was sent to.
 */
const carried = ["traceparent", "tracestate", "baggage", hopsKey]

/** Any token will do: what comes back is heard by the call that it belongs to. */
const token = "step"

function innerMeta(meta: JsonObject | undefined, wantsProgress: boolean): JsonObject | undefined {
  const kept = Object.entries(meta ?? {}).filter(([key]) => carried.includes(key))
  if (!wantsProgress && kept.length === 0) return
  return { ...Object.fromEntries(kept), ...(wantsProgress && { progressToken: token }) }
}

/** Longer keys than this are none for many servers. */
const keyCharsMax = 200

const shortened = (key: string): string =>
  key.length <= keyCharsMax ? key : createHash("sha256").update(key).digest("base64url")
