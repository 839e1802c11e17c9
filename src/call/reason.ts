import type { Fault } from "../schema/fault.ts"
import type { Refusal } from "./refusal.ts"

/** The internal reason of a refusal, for the audit and the log. Faults are told by place and keyword, never by value. */
export function reasonOf(refusal: Refusal): string | undefined {
  switch (refusal.code) {
    case "invalid_credentials":
    case "identity_unavailable":
    case "identity_conflict":
    case "insufficient_trust":
    case "unknown_caller":
    case "unknown_session":
    case "undeclared_dependency":
    case "denied_by_rule":
    case "withheld_output":
    case "unknown_resource":
    case "unknown_prompt":
    case "unknown_method":
    case "backend_unavailable":
    case "backend_timeout":
    case "backend_error":
    case "overloaded":
    case "rate_limited":
    case "too_many_hops":
    case "audit_unavailable":
    case "cancelled":
    case "invalid_round":
    case "unknown_task":
    case "definition_drift":
      return refusal.reason
    case "unanswered":
      return refusal.words
    case "missing_capability":
      return `the client declared no ${Object.keys(refusal.needed).join(", ")}`
    case "unknown_tool":
      return "no tool of this name is registered"
    case "invalid_input":
    case "invalid_output":
      return refusal.faults.map(place).join(", ")
    case "composition_unsupported":
      return refusal.words
    default:
      return impossible(refusal)
  }
}

const place = ({ at, keyword }: Fault) => `${at || "(whole)"} ${keyword}`

/** A union's last arm is behind us: a new arm breaks the build here. */
export function impossible(value: never): never {
  throw new Error(`impossible: ${JSON.stringify(value)}`)
}
