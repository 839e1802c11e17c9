import { isObject, type Json } from "../../schema/json.ts"

/** What is wrong with a client's answer to a question of this method, as far as every revision of MCP agrees. */
export function answerFault(method: string, answer: Json | undefined): string | undefined {
  if (!isObject(answer)) return "expected an object"
  if (method === "elicitation/create")
    return actions.includes(answer["action"])
      ? undefined
      : "action: expected accept, decline or cancel"
  if (method === "roots/list")
    return Array.isArray(answer["roots"]) ? undefined : "roots: expected a list"
  if (typeof answer["role"] !== "string") return "role: expected user or assistant"
  return answer["content"] === undefined ? "content: expected the message" : undefined
}

const actions: readonly unknown[] = ["accept", "decline", "cancel"]
