import { misfitInput, misfitOutput } from "../../compose/run/fault-words.ts"
import {
  codes,
  type Failure,
  failure,
  type Happened,
  type Outcome,
} from "../../compose/run/outcome.ts"
import { toolOutcome } from "../../compose/run/result/tool-value.ts"
import type { RpcError } from "../backends.ts"
import type { Answer } from "../call.ts"
import type { Fate } from "../fate.ts"
import { isFinal } from "../final.ts"
import { impossible } from "../reason.ts"
import type { Refusal } from "../refusal.ts"

/** What a call that a composition made has come to, and whether its backend was asked. */
export interface InnerAnswer {
  readonly answer: Answer
  readonly wasAsked: boolean
}

/**
 * An answer in the interpreter's terms (compositions §6.3): the class decides whether it is tried again, the effect whether
 * something must be undone. The words are for the caller, as those of a refused call are: no address, no reason.
 */
export function outcomeOf({ answer, wasAsked }: InnerAnswer): Outcome {
  if (answer.kind === "error") return rpcOutcome(answer.error)
  if (answer.kind === "refusal") return refusedOutcome(answer.refusal, wasAsked)
  const { result, plain = result } = answer
  if (!isFinal(plain)) return { ok: false, error: unanswerable, effect: "none" }
  return toolOutcome(plain, result)
}

const unanswerable = failure("tool", "it asks for something that a composition cannot give")

/** JSON-RPC errors that are sent before anything runs: unknown method or tool, wrong parameters. */
const beforehand: readonly number[] = [-32_601, -32_602]

const rpcOutcome = ({ code, message }: RpcError): Outcome => ({
  ok: false,
  error: failure("protocol", `it answered with error ${code}: ${message}`),
  effect: beforehand.includes(code) ? "none" : "unknown",
})

function refusedOutcome(refusal: Refusal, wasAsked: boolean): Outcome {
  const { effect, ...error } = failureOf(refusal)
  const retryAfterMs = "retryAfterMs" in refusal ? refusal.retryAfterMs : undefined
  return {
    ok: false,
    error,
    effect: wasAsked ? effect : "none",
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  }
}

type Told = Failure & { readonly effect: Happened }

function failureOf(refusal: Refusal): Told {
  switch (refusal.code) {
    case "unknown_tool":
      return { ...failure("denied", "its tool is not registered"), effect: "none" }
    case "undeclared_dependency":
      return { ...failure("denied", "the composition may not call it"), effect: "none" }
    case "denied_by_rule":
      return { ...failure("denied", refusal.words ?? "it may not be called"), effect: "none" }
    case "invalid_input":
      return { ...misfitInput(refusal.faults), effect: "none" }
    case "invalid_output":
      return { ...misfitOutput(refusal.faults), effect: "done" }
    case "withheld_output":
      return { ...failure("output", `its result is withheld: ${refusal.words}`), effect: "done" }
    case "backend_timeout":
      return {
        ...failure("timeout", `it did not answer in ${Math.round(refusal.waitedMs)} ms`),
        effect: refusal.fate === "unsent" ? "none" : "unknown",
      }
    case "backend_unavailable":
    case "backend_error":
      return byFate[refusal.fate ?? "lost"]
    case "rate_limited":
      return byFate.busy
    case "overloaded":
      return byFate[refusal.fate === "failing" ? "failing" : "busy"]
    case "cancelled":
      return {
        ...failure("cancelled", "the call was cancelled"),
        effect: refusal.fate === "unsent" ? "none" : "unknown",
      }
    case "unanswered":
      return {
        ...failure("tool", `it asked the caller, without answer: ${refusal.words}`),
        effect: "unknown",
      }
    case "audit_unavailable":
      return { ...failure("journal", "calls cannot be recorded now"), effect: "unknown" }
    case "definition_drift":
      return { ...failure("denied", "it is withheld: its definition changed"), effect: "none" }
    case "insufficient_trust":
      return { ...failure("denied", "it needs more of the caller than is known"), effect: "none" }
    case "too_many_hops":
    case "composition_unsupported":
    case "missing_capability":
    case "invalid_round":
    case "unknown_task":
    case "invalid_credentials":
    case "identity_unavailable":
    case "identity_conflict":
    case "unknown_caller":
    case "unknown_session":
    case "unknown_resource":
    case "unknown_prompt":
    case "unknown_method":
      return { ...failure("denied", "it may not be called"), effect: "none" } // not met on this way
    default:
      return impossible(refusal)
  }
}

const byFate: Readonly<Record<Fate, Told>> = {
  unsent: { ...failure("transport", "it is unavailable now"), effect: "none" },
  lost: {
    class: "transport",
    code: "CONNECTION_LOST",
    message: "the connection was lost before it answered",
    effect: "unknown",
  },
  late: { ...failure("timeout", "it did not answer in time"), effect: "unknown" },
  busy: {
    class: "unavailable",
    code: codes.throttled,
    message: "it is busy, try again later",
    effect: "none",
  },
  failing: {
    class: "unavailable",
    code: "BACKEND_ERROR",
    message: "its server failed",
    effect: "unknown",
  },
  rejected: { ...failure("protocol", "its server rejected the request"), effect: "none" },
  malformed: { ...failure("protocol", "its answer cannot be read"), effect: "unknown" },
  oversize: { ...failure("output", "its answer is too large"), effect: "done" },
}
