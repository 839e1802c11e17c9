import { impossible, reasonOf } from "../../call/reason.ts"
import type { Refusal } from "../../call/refusal.ts"
import type { JsonObject } from "../../schema/json.ts"
import { codes, type Fail } from "./errors.ts"

/** The key under which a refusal's code travels: in `_meta` of results, in `data` of errors. */
export const refusalKey = "dev.postern/refusal"

/** How a refusal reaches the caller: as a tool's result that a model can act on, or as an error of the request. */
export type RefusalAnswer =
  | { readonly kind: "result"; readonly result: JsonObject; readonly words: string }
  | { readonly kind: "error"; readonly fail: Fail }

/** What the words depend on beside the refusal. */
export interface Speaker {
  /** Whether callers learn why a tool is unknown to them. */
  readonly explain: boolean
  /** The URL of the resource metadata document (RFC 9728), where there is one. */
  readonly metadataUrl: string | undefined
  /** The scopes to ask for in a challenge, separated by spaces. */
  readonly scope: string | undefined
}

/**
 * A refusal in MCP's words. A tool that does not exist, one that was not declared and one that a rule denies sound the
 * same, unless the operator wants them explained. Nothing of `reason` is said otherwise.
 */
export function refusalAnswer(refusal: Refusal, speaker: Speaker): RefusalAnswer {
  switch (refusal.code) {
    case "invalid_credentials": {
      const challenge =
        refusal.status === 401 ? { error: "invalid_token", words: refusal.words } : undefined
      return status(
        refusal,
        refusal.status,
        refusal.words,
        challenge && challengeOf(speaker, challenge),
      )
    }
    case "identity_unavailable":
      return status(refusal, 503, "identity cannot be checked now", { "retry-after": "5" })
    case "identity_conflict":
      return status(refusal, 403, "conflicting identities")
    case "insufficient_trust":
      return unproved(refusal, "a stronger credential is needed", speaker)
    case "unknown_caller": {
      const hint = refusal.hint === undefined ? "" : `: ${refusal.hint}`
      return unproved(refusal, `unknown caller${hint}`, speaker)
    }
    case "unknown_session":
      return failed(refusal, {
        status: 404,
        code: codes.legacyNoSession,
        message: "Session not found",
      })
    case "unknown_tool":
    case "undeclared_dependency":
      return unknownTool(refusal, speaker)
    case "denied_by_rule":
      return denied(refusal, speaker)
    case "unknown_resource":
      return unknownContent(refusal, `Resource not found: ${refusal.uri}`, speaker)
    case "unknown_method":
      return unknownContent(refusal, `Method not found: ${refusal.method}`, speaker)
    case "unknown_prompt":
      return unknownContent(refusal, `Unknown prompt: ${refusal.prompt}`, speaker)
    case "audit_unavailable":
      return status(refusal, 503, "calls cannot be recorded now", { "retry-after": "5" })
    case "missing_capability": {
      const { code, needed } = refusal
      const data = { requiredCapabilities: needed, [refusalKey]: { code } }
      const message = "Missing required client capability"
      return { kind: "error", fail: { status: 400, code: codes.missingCapability, message, data } }
    }
    case "unknown_task":
      return failed(refusal, { status: 200, code: codes.invalidParams, message: "Unknown task" })
    case "invalid_round": {
      const message = `Invalid params: ${refusal.words}`
      return failed(refusal, { status: 200, code: codes.invalidParams, message })
    }
    case "cancelled":
      return status(refusal, 200, "the request was cancelled", undefined, 499)
    case "overloaded":
      if (refusal.subject !== undefined)
        return toolError(refusal, busyWords(refusal.subject), refusal.retryAfterMs)
      return status(refusal, 503, "busy", { "retry-after": seconds(refusal.retryAfterMs) })
    case "rate_limited": {
      const { retryAfterMs } = refusal
      const wait = seconds(retryAfterMs)
      return failed(
        refusal,
        {
          status: 429,
          code: 429,
          message: `rate limit reached, try again in ${wait} s`,
          headers: { "retry-after": wait },
        },
        { retryAfterMs },
      )
    }
    default:
      return aboutTool(refusal)
  }
}

/** The same for a request that is no call of a tool, whose refusals are all errors. */
export function refusalFail(refusal: Refusal, speaker: Speaker): Fail {
  const said = refusalAnswer(refusal, speaker)
  if (said.kind === "error") return said.fail
  return {
    status: 200,
    code: codes.internal,
    message: said.words,
    data: said.result["_meta"],
  }
}

type AboutTool = Extract<
  Refusal,
  {
    code:
      | "invalid_input"
      | "invalid_output"
      | "withheld_output"
      | "definition_drift"
      | "backend_unavailable"
      | "backend_timeout"
      | "backend_error"
      | "unanswered"
      | "too_many_hops"
      | "composition_unsupported"
  }
>

/** What the caller's model should read: the call was understood, and this is what became of it. */
function aboutTool(refusal: AboutTool): RefusalAnswer {
  switch (refusal.code) {
    case "invalid_input": {
      const lines = refusal.faults.map(({ line }) => line)
      const faults = refusal.faults.map(({ line: _, ...fault }): JsonObject => ({ ...fault }))
      return toolError(
        refusal,
        [`Invalid arguments for ${refusal.tool}:`, ...lines].join("\n"),
        undefined,
        { faults },
      )
    }
    case "invalid_output":
      return toolError(refusal, `${refusal.tool} returned a result that breaks its schema`)
    case "withheld_output":
      return toolError(refusal, `the result of ${refusal.tool} is withheld: ${refusal.words}`)
    case "definition_drift":
      return toolError(
        refusal,
        `${refusal.tool} is withheld: its server changed its definition, and nobody has approved that yet`,
      )
    case "backend_unavailable":
      return toolError(refusal, `${refusal.subject} is unavailable now`, refusal.retryAfterMs)
    case "backend_timeout":
      return toolError(
        refusal,
        `${refusal.subject} did not answer in ${Math.round(refusal.waitedMs)} ms`,
      )
    case "backend_error":
      return toolError(
        refusal,
        refusal.isUnauthorized
          ? `${refusal.subject} failed: upstream authorization failed`
          : `${refusal.subject} failed`,
      )
    case "unanswered":
      return toolError(
        refusal,
        `${refusal.subject} asked its caller, without answer: ${refusal.words}`,
      )
    case "too_many_hops":
      return toolError(
        refusal,
        `${refusal.subject} was not called: the request has passed too many gateways and may go in a circle`,
      )
    case "composition_unsupported":
      return toolError(refusal, `${refusal.tool} cannot be run: ${refusal.words}`)
    default:
      return impossible(refusal)
  }
}

const busyWords = (subject: string) => `${subject} is busy, try again`

function toolError(
  refusal: Refusal,
  text: string,
  retryAfterMs?: number,
  more?: JsonObject,
): RefusalAnswer {
  const told = retryAfterMs === undefined ? {} : { retryAfterMs }
  return {
    kind: "result",
    words: text,
    result: {
      content: [{ type: "text", text }],
      isError: true,
      _meta: { [refusalKey]: { code: refusal.code, ...told, ...more } },
    },
  }
}

/**
 * What other arguments would mend, a model is told; what a better token would, its client (RFC 6750 §3.1: all scopes that
 * are needed). What is hidden sounds like what does not exist.
 */
function denied(
  refusal: Extract<Refusal, { code: "denied_by_rule" }>,
  speaker: Speaker,
): RefusalAnswer {
  const { scopes, tool, words } = refusal
  if (words !== undefined) return toolError(refusal, `${tool} may not be called: ${words}`)
  if (scopes === undefined) return unknownTool(refusal, speaker)
  const fault = { error: "insufficient_scope", words: "missing scope" }
  const challenge = challengeOf({ ...speaker, scope: scopes.join(" ") }, fault)
  return status(refusal, 403, "missing scope", challenge)
}

function unknownTool(
  refusal: Extract<Refusal, { code: "unknown_tool" | "undeclared_dependency" | "denied_by_rule" }>,
  { explain }: Speaker,
): RefusalAnswer {
  const words = `Unknown tool: ${refusal.tool}`
  const message = explain ? `${words} (${reasonOf(refusal)})` : words
  const data = { [refusalKey]: { code: explain ? refusal.code : "unknown_tool" } }
  return { kind: "error", fail: { status: 200, code: codes.invalidParams, message, data } }
}

/** What does not exist and what configuration keeps back sound the same. A resource's URI goes along (MCP, Resources). */
function unknownContent(
  refusal: Extract<Refusal, { code: "unknown_resource" | "unknown_prompt" | "unknown_method" }>,
  words: string,
  { explain }: Speaker,
): RefusalAnswer {
  const message = explain ? `${words} (${refusal.reason})` : words
  const about = refusal.code === "unknown_resource" ? { uri: refusal.uri } : {}
  const data = { ...about, [refusalKey]: { code: refusal.code } }
  const code = refusal.code === "unknown_method" ? codes.methodNotFound : codes.invalidParams
  return { kind: "error", fail: { status: 200, code, message, data } }
}

/** A caller that could do better with a token is told where to get one (401); another is only refused (403). */
function unproved(
  refusal: Extract<Refusal, { code: "insufficient_trust" | "unknown_caller" }>,
  words: string,
  speaker: Speaker,
): RefusalAnswer {
  return refusal.challenge
    ? status(refusal, 401, words, challengeOf(speaker, undefined))
    : status(refusal, 403, words)
}

/** An error whose HTTP status says most of it. JSON-RPC has no code for these: the status stands in. */
function status(
  refusal: Refusal,
  httpStatus: number,
  message: string,
  headers?: Readonly<Record<string, string>>,
  code = httpStatus,
): RefusalAnswer {
  return failed(refusal, {
    status: httpStatus,
    code,
    message,
    ...(headers === undefined ? {} : { headers }),
  })
}

const failed = (refusal: Refusal, fail: Fail, more?: JsonObject): RefusalAnswer => ({
  kind: "error",
  fail: { ...fail, data: { [refusalKey]: { code: refusal.code, ...more } } },
})

/** `WWW-Authenticate` (RFC 6750 §3, RFC 9728 §5.1). */
function challengeOf(
  { metadataUrl, scope }: Speaker,
  fault: { readonly error: string; readonly words: string } | undefined,
): Readonly<Record<string, string>> {
  const parts = [
    metadataUrl === undefined ? "" : `resource_metadata="${quotable(metadataUrl)}"`,
    scope === undefined ? "" : `scope="${quotable(scope)}"`,
    fault === undefined
      ? ""
      : `error="${fault.error}", error_description="${quotable(fault.words)}"`,
  ].filter((part) => part !== "")
  return { "www-authenticate": parts.length === 0 ? "Bearer" : `Bearer ${parts.join(", ")}` }
}

/** What may stand between quotes in a header: visible ASCII without quotes and backslashes. */
const quotable = (text: string) => text.replace(/[^\x20-\x7e]|["\\]/g, "")

const seconds = (milliseconds: number) => String(Math.max(1, Math.ceil(milliseconds / 1000)))
