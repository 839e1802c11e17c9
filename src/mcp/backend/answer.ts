import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import { parseExact } from "../../schema/parse-exact.ts"
import { isDeeperThan } from "./depth.ts"
import { protocolFailure } from "./failure.ts"
import type { Outcome } from "./outgoing.ts"

/** As deep as what else is digested and validated may be. */
const depthMax = 1_000

/** A message from a backend, sorted by what it is. */
export type Incoming =
  | { readonly kind: "response"; readonly id: Json | undefined; readonly outcome: Outcome }
  | { readonly kind: "request"; readonly message: JsonObject }
  | { readonly kind: "notification"; readonly message: JsonObject }
  | { readonly kind: "garbage"; readonly why: string }

/** Reads one JSON-RPC message. Never throws: anything else is garbage. */
export function readMessage(text: string): Incoming {
  if (isDeeperThan(text, depthMax))
    return { kind: "garbage", why: `deeper than ${depthMax} levels` }
  let parsed: ReturnType<typeof parseExact>
  try {
    parsed = parseExact(text)
  } catch (error) {
    return { kind: "garbage", why: error instanceof Error ? "not JSON" : String(error) }
  }
  const { value, exact } = parsed
  if (!isObject(value) || !isObject(exact))
    return { kind: "garbage", why: "not a JSON-RPC message" }
  const id = member(value, "id")
  if (typeof member(value, "method") === "string")
    return { kind: id === undefined ? "notification" : "request", message: exact }
  return { kind: "response", id, outcome: outcomeOf(value, exact) }
}

function outcomeOf(value: JsonObject, exact: JsonObject): Outcome {
  const result = member(exact, "result")
  if (isObject(result)) {
    if (value === exact) return { kind: "result", result }
    const plain = member(value, "result")
    return isObject(plain)
      ? { kind: "result", result, plain }
      : malformed("its result is not an object")
  }
  const error = member(exact, "error")
  if (!isObject(error)) return malformed("it has neither a result object nor an error")
  const { code, message } = error
  if (typeof code !== "number" || typeof message !== "string")
    return malformed("its error has no code or no message")
  return Object.hasOwn(error, "data")
    ? { kind: "error", error: { code, message, data: error["data"] } }
    : { kind: "error", error: { code, message } }
}

const malformed = (why: string): Outcome => ({
  kind: "failure",
  failure: protocolFailure(`the answer is not JSON-RPC: ${why}`),
})
