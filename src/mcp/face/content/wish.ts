import type { Wish } from "../../../call/content/relay.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"

/** What a request asks for; a string says what is wrong with its parameters. */
type Reading = (params: JsonObject) => Wish | string

/** The requests for what is no tool, by method, and how each is read. */
export const wishes: ReadonlyMap<string, Reading> = new Map<string, Reading>([
  ["resources/read", readResource],
  ["prompts/get", readPrompt],
  ["completion/complete", readCompletion],
])

function readResource({ uri }: JsonObject): Wish | string {
  return typeof uri === "string" ? { kind: "resource", name: uri } : "uri: expected a string"
}

function readPrompt({ name, arguments: args }: JsonObject): Wish | string {
  if (typeof name !== "string") return "name: expected a string"
  if (args !== undefined && !isObject(args)) return "arguments: expected an object"
  return { kind: "prompt", name }
}

function readCompletion({ ref, argument }: JsonObject): Wish | string {
  const isSound = isObject(argument) && typeof argument["name"] === "string"
  if (!isSound || typeof argument["value"] !== "string")
    return "argument: expected an object with name and value, both strings"
  if (!isObject(ref)) return "ref: expected an object"
  const { type, name, uri } = ref
  if (type === "ref/prompt" && typeof name === "string")
    return { kind: "completion", of: "prompt", name }
  if (type === "ref/resource" && typeof uri === "string")
    return { kind: "completion", of: "resource", name: uri }
  return "ref: expected ref/prompt with a name, or ref/resource with a uri"
}
