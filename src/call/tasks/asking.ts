import { isObject, type JsonObject } from "../../schema/json.ts"
import { type BackendReply, type BackendRequest, refused } from "../backends.ts"
import { checkOutput } from "../check-output.ts"
import { type Facts, warn } from "../facts.ts"
import type { Gateway } from "../gateway.ts"
import { signed } from "../interaction/signed.ts"
import type { TaskPlace } from "../interaction/task-ids.ts"
import { withoutOurMeta } from "../meta.ts"
import type { Permit } from "../permit.ts"
import { redact } from "../results/redact.ts"
import { withinSize } from "../results/size.ts"
import type { Awaited } from "./await-task.ts"

/** A permitted request about a task of a server. */
export interface Asking {
  /** The caller's id of it. */
  readonly taskId: string
  readonly place: TaskPlace
  readonly permit: Permit
  readonly gateway: Gateway
  /** Of the request's record. */
  readonly facts: Facts
  /** Tells the caller something while its request is open. */
  readonly tell: ((notification: JsonObject) => void) | undefined
  /** Answers that a modern caller brings. */
  readonly responses: JsonObject | undefined
  /** As it goes to the server, in the server's terms. */
  readonly request: BackendRequest
  send(request: BackendRequest): Promise<BackendReply>
}

export type ResultReply = Extract<BackendReply, { kind: "result" }>

export const awaitedIn = ({ place: { era, id }, request, send }: Asking): Awaited => ({
  era,
  id,
  request,
  send,
})

/** What a task came to, held to its tool's schema; nothing in it is said in the gateway's name. */
export function checked(made: BackendReply, { facts, permit, gateway }: Asking): BackendReply {
  const { results } = gateway
  const { tool } = permit
  const { redactions, bytesMax } = results.about(tool)
  const limit = { tool: tool.name, charsMax: results.textCharsMax }
  const said = redact(withinSize(withoutOurMeta(made), tool.name, bytesMax), redactions, limit)
  warn(facts, said.warnings)
  if (said.answer.kind !== "result") return said.answer
  const output = checkOutput(permit, said.answer, gateway)
  if (!output.ok) return refused(output.refusal)
  warn(facts, output.value.warnings)
  return output.value.reply
}

/** A server's questions by name, each with who asks. */
export const signedAll = (requests: JsonObject, server: string): JsonObject =>
  Object.fromEntries(
    Object.entries(requests).map(([key, one]) => {
      const params = isObject(one) && isObject(one["params"]) ? one["params"] : undefined
      return [key, isObject(one) ? { ...one, params: signed(params, server) } : one]
    }),
  )
