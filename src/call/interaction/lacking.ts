import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { BackendReply } from "../backends.ts"
import { neededFor } from "./capabilities.ts"

/**
 * The capability that a server needed and its client never declared, where the server says so. A legacy server has no
 * code for that, but the official SDKs have a wording, in a tool's error or a request's. Undefined for everything else.
 */
export function lackedFor(reply: BackendReply): JsonObject | undefined {
  if (reply.kind === "error") return neededIn(reply.error.message)
  if (reply.kind !== "result" || reply.result["isError"] !== true) return
  const { content } = reply.result
  const [first] = isList(content) ? content : []
  const text: Json | undefined = isObject(first) ? first["text"] : undefined
  return typeof text === "string" ? neededIn(text) : undefined
}

const words: readonly (readonly [RegExp, JsonObject])[] = [
  [/^Client does not support sampling tools/, { sampling: { tools: {} } }],
  [/^Client does not support sampling/, { sampling: {} }],
  [/^Client does not support url elicitation/i, { elicitation: { url: {} } }],
  [/^Client does not support (?:form )?elicitation/, { elicitation: { form: {} } }],
  [/^Client does not support listing roots/, { roots: {} }],
]

function neededIn(text: string): JsonObject | undefined {
  const said = text.slice(0, 500).replace(/^MCP error -\d+: /, "")
  const [, method] = /^Cannot request input '.*' \((\S+)\): the client /.exec(said) ?? []
  if (method !== undefined) return neededFor(method, undefined)
  return words.find(([pattern]) => pattern.test(said))?.[1]
}
