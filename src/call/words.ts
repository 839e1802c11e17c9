import { impossible } from "./reason.ts"
import type { Refusal } from "./refusal.ts"

/** A refusal for those outside: no address, no reason, no name that is not the caller's own. */
export interface Words {
  /** Of the HTTP answer; 200 where the answer is the protocol's own. */
  readonly httpStatus: 200 | 400 | 401 | 403 | 404 | 429 | 503
  readonly text: string
  readonly retryAfterMs?: number
}

/**
 * The one table from refusals to public words, whatever the protocol. A tool that a caller may not use and one that
 * does not exist sound the same.
 */
export function wordsOf(refusal: Refusal): Words {
  switch (refusal.code) {
    case "invalid_credentials":
      return { httpStatus: refusal.status, text: refusal.words }
    case "identity_unavailable":
      return { httpStatus: 503, text: "identity cannot be checked now", retryAfterMs: 5_000 }
    case "identity_conflict":
      return { httpStatus: 403, text: "conflicting identities" }
    case "insufficient_trust":
      return { httpStatus: refusal.challenge ? 401 : 403, text: "a stronger credential is needed" }
    case "unknown_caller":
      return { httpStatus: refusal.challenge ? 401 : 403, text: unknownCaller(refusal.hint) }
    case "unknown_session":
      return { httpStatus: 404, text: "unknown session" }
    case "audit_unavailable":
      return { httpStatus: 503, text: "calls cannot be recorded now", retryAfterMs: 5_000 }
    case "overloaded": {
      const { tool, retryAfterMs } = refusal
      if (tool === undefined) return { httpStatus: 503, text: "busy", retryAfterMs }
      return { httpStatus: 200, text: `${tool} is busy, try again`, retryAfterMs }
    }
    default:
      return { httpStatus: 200, ...ofTool(refusal) }
  }
}

const unknownCaller = (hint: string | undefined) =>
  hint === undefined ? "unknown caller" : `unknown caller: ${hint}`

/** The refusals that a protocol answers in its own form, over HTTP with 200. */
type OfTool = Extract<
  Refusal,
  {
    code:
      | "unknown_tool"
      | "undeclared_dependency"
      | "invalid_input"
      | "invalid_output"
      | "backend_unavailable"
      | "backend_timeout"
      | "backend_error"
      | "composition_unsupported"
      | "cancelled"
  }
>

function ofTool(refusal: OfTool): Omit<Words, "httpStatus"> {
  switch (refusal.code) {
    case "unknown_tool":
    case "undeclared_dependency":
      return { text: `Unknown tool: ${refusal.tool}` }
    case "invalid_input": {
      const lines = refusal.faults.map(({ line }) => line)
      return { text: [`Invalid arguments for ${refusal.tool}:`, ...lines].join("\n") }
    }
    case "invalid_output":
      return { text: `${refusal.tool} returned a result that breaks its schema` }
    case "backend_unavailable": {
      const { tool, retryAfterMs } = refusal
      return { text: `${tool} is unavailable now`, ...(retryAfterMs && { retryAfterMs }) }
    }
    case "backend_timeout":
      return { text: `${refusal.tool} did not answer in ${refusal.waitedMs} ms` }
    case "backend_error":
      return { text: `${refusal.tool} failed` }
    case "composition_unsupported":
      return { text: `${refusal.tool} is a composition, which this gateway does not run` }
    case "cancelled":
      return { text: "cancelled" }
    default:
      return impossible(refusal)
  }
}
