import { relayable } from "../../../call/interaction/capabilities.ts"
import type { RoundsRespondent } from "../../../call/interaction/peer.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import { metaKeys } from "../../meta-keys.ts"
import type { PostedRequest } from "../context.ts"

/** Who answers what a backend asks because of this request: its caller, when it comes back with `inputResponses`. */
export function respondentOf(
  { message, exactParams }: PostedRequest,
  envelope: JsonObject,
): RoundsRespondent {
  const capabilities = relayable(envelope[metaKeys.capabilities])
  const state = message.params?.["requestState"]
  const responses = exactParams?.["inputResponses"]
  if (capabilities === undefined && state === undefined && responses === undefined) return stranger
  return {
    kind: "rounds",
    capabilities,
    responses: isObject(responses) ? responses : undefined,
    state: typeof state === "string" ? state : undefined,
  }
}

/** Can be asked nothing, and was asked nothing before: nearly every request's. */
const stranger: RoundsRespondent = {
  kind: "rounds",
  capabilities: undefined,
  responses: undefined,
  state: undefined,
}

/** What is wrong with what a caller brings along when it comes back. */
export function roundFault(params: JsonObject | undefined): string | undefined {
  const { inputResponses, requestState } = params ?? {}
  if (requestState !== undefined && typeof requestState !== "string")
    return "requestState: expected a string"
  if (inputResponses !== undefined && !isObject(inputResponses))
    return "inputResponses: expected an object"
  return undefined
}
