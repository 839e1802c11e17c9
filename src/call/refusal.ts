import type { Fault } from "../schema/fault.ts"
import type { JsonObject } from "../schema/json.ts"
import type { Fate } from "./fate.ts"

/**
 * Every way a request can be refused, with what the words about it need. `reason` is internal: it goes to the audit, the
 * log and `explain`, never to a caller.
 */
export type Refusal =
  | {
      readonly code: "invalid_credentials"
      readonly status: 400 | 401
      readonly words: "invalid credentials" | "expired"
      readonly reason: string
    }
  | { readonly code: "identity_unavailable"; readonly reason: string }
  | { readonly code: "identity_conflict"; readonly reason: string }
  | { readonly code: "insufficient_trust"; readonly reason: string; readonly challenge: boolean }
  | {
      readonly code: "unknown_caller"
      readonly reason: string
      readonly hint?: string
      readonly challenge: boolean
    }
  /** A session token that cannot be opened, has expired, or belongs to another caller: as if it had never been. */
  | { readonly code: "unknown_session"; readonly reason: string }
  | { readonly code: "unknown_tool"; readonly tool: string }
  | { readonly code: "undeclared_dependency"; readonly tool: string; readonly reason: string }
  /** Declared, and taken away by a rule of the configuration. */
  | {
      readonly code: "denied_by_rule"
      readonly tool: string
      readonly reason: string
      /** What the caller is told where other arguments would do; undefined: as if there were no such tool. */
      readonly words?: string
      /** All that is lacking: a token that has these scopes, too, would do. */
      readonly scopes?: readonly string[]
    }
  /** No server that the caller reaches has it, or configuration does not let it through. */
  | { readonly code: "unknown_resource"; readonly uri: string; readonly reason: string }
  /** No server that the caller reaches takes it. */
  | { readonly code: "unknown_method"; readonly method: string; readonly reason: string }
  | { readonly code: "unknown_prompt"; readonly prompt: string; readonly reason: string }
  /** The tool is not what was pinned any more, on every server that has it, and nobody has approved what it is. */
  | {
      readonly code: "definition_drift"
      readonly tool: string
      readonly reason: string
      readonly fate: "unsent"
    }
  | { readonly code: "invalid_input"; readonly tool: string; readonly faults: readonly Fault[] }
  | { readonly code: "invalid_output"; readonly tool: string; readonly faults: readonly Fault[] }
  /** It was carried out, and what came of it must not be passed on. `words` may be told. */
  | {
      readonly code: "withheld_output"
      readonly tool: string
      readonly words: string
      readonly reason: string
    }
  | {
      readonly code: "backend_unavailable"
      readonly subject: string
      readonly reason: string
      readonly fate?: Fate
      readonly retryAfterMs?: number
    }
  | {
      readonly code: "backend_timeout"
      readonly subject: string
      readonly waitedMs: number
      readonly reason: string
      readonly fate?: Fate
    }
  | {
      readonly code: "backend_error"
      readonly subject: string
      /** The server does not accept the gateway's credentials, which is nothing that its caller could mend. */
      readonly isUnauthorized?: true
      readonly reason: string
      readonly fate?: Fate
    }
  | {
      readonly code: "overloaded"
      readonly subject?: string
      readonly reason: string
      readonly fate?: Fate
      readonly retryAfterMs: number
    }
  /** A rule of `rateLimits` says that this is asked for too often. */
  | {
      readonly code: "rate_limited"
      readonly subject: string
      readonly reason: string
      readonly fate: "unsent"
      readonly retryAfterMs: number
    }
  /** It has passed so many gateways that it goes in a circle, or what counts them cannot be read. */
  | {
      readonly code: "too_many_hops"
      readonly subject: string
      readonly reason: string
      readonly fate: "unsent"
    }
  /** A server needs what this caller's client did not declare, and could have: the capabilities to declare. */
  | { readonly code: "missing_capability"; readonly subject: string; readonly needed: JsonObject }
  /** A task id that is not ours, another caller's, or of a tool that the caller may not use (any more). */
  | { readonly code: "unknown_task"; readonly reason: string }
  /** A server asked something and there was no answer: nobody could be asked, or nobody answered. `words` may be told. */
  | { readonly code: "unanswered"; readonly subject: string; readonly words: string }
  /**
   * A caller came back with a `requestState` or with answers that cannot be used: not ours, another's, another request's,
   * over, malformed. `words` may be told. Nothing is repeated for it.
   */
  | {
      readonly code: "invalid_round"
      readonly subject: string
      readonly words: string
      readonly reason: string
    }
  /** A composition with something in it that this version does not do; `words` say what. Nothing was called. */
  | { readonly code: "composition_unsupported"; readonly tool: string; readonly words: string }
  /** The audit cannot be written and `audit.onFailure` is deny. */
  | { readonly code: "audit_unavailable"; readonly reason: string }
  | { readonly code: "cancelled"; readonly reason: string; readonly fate?: Fate }

export type RefusalCode = Refusal["code"]

/** Its caller left before anything was sent to a server. */
export const cancelledBefore: Refusal = {
  code: "cancelled",
  reason: "before it was sent on",
  fate: "unsent",
}

export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: Refusal }

export const ok = <T>(value: T): Result<T> => ({ ok: true, value })
export const refuse = (refusal: Refusal): Result<never> => ({ ok: false, refusal })
