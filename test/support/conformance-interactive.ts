import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type InputRequest,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type PrimitiveSchemaDefinition,
  type ServerContext,
} from "@modelcontextprotocol/server"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import { anyObject, type FixtureTool, text } from "./conformance-tools.ts"

/*
 * Tools that ask before they answer. Each is written once, as rounds of a modern request; to a legacy client the SDK
 * puts the same questions as requests of the server.
 */

type Fields = Record<string, PrimitiveSchemaDefinition>

const string = { type: "string" } as const

const form = (message: string, properties: Fields, required?: string[]): InputRequest =>
  inputRequired.elicit({
    message,
    requestedSchema: {
      type: "object",
      properties,
      ...(required && { required }),
    },
  })

const prompt = (question: string, maxTokens: number): InputRequest =>
  inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: question } }],
    maxTokens,
  })

const ask = (inputRequests: Record<string, InputRequest>, requestState?: string) =>
  inputRequired({ inputRequests, ...(requestState !== undefined && { requestState }) })

/** What was answered to a question, whether or not it was accepted; undefined when it was not answered. */
function elicited({ mcpReq }: ServerContext, key: string) {
  const view = inputResponse(mcpReq.inputResponses, key)
  return view.kind === "elicit" ? view : undefined
}

/** What was entered into a form, if it has the members in question as strings. */
function entered({ mcpReq }: ServerContext, key: string, member: string): string | undefined {
  const value = acceptedContent(mcpReq.inputResponses, key)?.[member]
  return typeof value === "string" ? value : undefined
}

function sampled({ mcpReq }: ServerContext, key: string): string | undefined {
  const view = inputResponse(mcpReq.inputResponses, key)
  if (view.kind !== "sampling") return undefined
  const [block] = [view.result.content].flat()
  return block?.type === "text" ? block.text : JSON.stringify(block)
}

function roots({ mcpReq }: ServerContext, key: string): string | undefined {
  const view = inputResponse(mcpReq.inputResponses, key)
  return view.kind === "roots" ? view.roots.map(({ uri }) => uri).join(" ") : undefined
}

/** A tool that shows one form and tells what became of it. */
const showsForm = (
  name: string,
  properties: Fields,
  inputSchema: JsonObject = anyObject,
  required?: string[],
): FixtureTool => ({
  name,
  description: `Shows a form with ${Object.keys(properties).join(", ")}`,
  inputSchema,
  run({ message = "Please fill in the form" }, context) {
    const answer = elicited(context, "form")
    if (answer === undefined) return ask({ form: form(String(message), properties, required) })
    return text(
      `Elicitation completed: action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`,
    )
  },
})

const options = ["option1", "option2", "option3"]
const titled = (word: string) =>
  ["First", "Second", "Third"].map((rank, index) => ({
    const: `value${index + 1}`,
    title: `${rank} ${word}`,
  }))

const forms: readonly FixtureTool[] = [
  showsForm(
    "test_elicitation",
    { username: string, email: string },
    { type: "object", properties: { message: string }, required: ["message"] },
    ["username", "email"],
  ),
  showsForm("test_elicitation_sep1034_defaults", {
    name: { type: "string", default: "John Doe" },
    age: { type: "integer", default: 30 },
    score: { type: "number", default: 95.5 },
    status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
    verified: { type: "boolean", default: true },
  }),
  showsForm("test_elicitation_sep1330_enums", {
    untitledSingle: { type: "string", enum: options },
    titledSingle: { type: "string", oneOf: titled("Option") },
    legacyEnum: {
      type: "string",
      enum: ["opt1", "opt2", "opt3"],
      enumNames: ["Option One", "Option Two", "Option Three"],
    },
    untitledMulti: { type: "array", items: { type: "string", enum: options } },
    titledMulti: { type: "array", items: { anyOf: titled("Choice") } },
  }),
]

const sampling: readonly FixtureTool[] = [
  {
    name: "test_sampling",
    description: "Lets the client's model answer",
    inputSchema: { type: "object", properties: { prompt: string }, required: ["prompt"] },
    run({ prompt: question }, context) {
      const answer = sampled(context, "completion")
      if (answer === undefined) return ask({ completion: prompt(String(question), 100) })
      return text(`LLM response: ${answer}`)
    },
  },
  {
    name: "test_missing_capability",
    description: "Cannot do without the client's model",
    inputSchema: anyObject,
    run(_, context) {
      const answer = sampled(context, "completion")
      return answer === undefined ? ask({ completion: prompt("Hello?", 10) }) : text(answer)
    },
  },
]

const named = "test_input_required_result_"
const nameForm = () => form("What is your name?", { name: string }, ["name"])
const confirmForm = () => form("Please confirm", { ok: { type: "boolean" } }, ["ok"])

/** A question of one kind, and the answer as a sentence. */
const rounds: readonly FixtureTool[] = [
  {
    name: `${named}elicitation`,
    description: "Asks for a name",
    inputSchema: anyObject,
    run(_, context) {
      const name = entered(context, "user_name", "name")
      return name === undefined ? ask({ user_name: nameForm() }) : text(`Hello, ${name}!`)
    },
  },
  {
    name: `${named}sampling`,
    description: "Asks the client's model for a capital",
    inputSchema: anyObject,
    run(_, context) {
      const answer = sampled(context, "capital_question")
      if (answer !== undefined) return text(`The model says: ${answer}`)
      return ask({ capital_question: prompt("What is the capital of France?", 100) })
    },
  },
  {
    name: `${named}list_roots`,
    description: "Asks for the client's roots",
    inputSchema: anyObject,
    run(_, context) {
      const uris = roots(context, "client_roots")
      if (uris !== undefined) return text(`The roots are: ${uris}`)
      return ask({ client_roots: inputRequired.listRoots() })
    },
  },
  {
    name: `${named}capabilities`,
    description: "Asks only what the client says it can answer",
    inputSchema: anyObject,
    run(_, context, { declared: ofSession }) {
      const answered = sampled(context, "question") ?? entered(context, "user_name", "name")
      if (answered !== undefined) return text(answered)
      const able = context.mcpReq.envelope as JsonObject | undefined
      const declared = able?.[CLIENT_CAPABILITIES_META_KEY] ?? ofSession
      const kinds = isObject(declared) ? declared : {}
      if (kinds["sampling"] !== undefined) return ask({ question: prompt("Hello?", 10) })
      if (kinds["elicitation"] !== undefined) return ask({ user_name: nameForm() })
      return text("There is nobody to ask.")
    },
  },
]

/** Tools whose rounds know of each other by a sealed state. */
const stateful: readonly FixtureTool[] = [
  ...["request_state", "tampered_state"].map(
    (name): FixtureTool => ({
      name: `${named}${name}`,
      description: "Asks for a confirmation and remembers that it did",
      inputSchema: anyObject,
      async run(_, context, { states }) {
        const answer = elicited(context, "confirm")
        const state = context.mcpReq.requestState<JsonObject>()
        if (answer === undefined || state?.["asked"] !== name)
          return ask({ confirm: confirmForm() }, await states.mint({ asked: name }))
        return text(`state-ok: ${answer.action}`)
      },
    }),
  ),
  {
    name: `${named}multiple_inputs`,
    description: "Asks three things at once",
    inputSchema: anyObject,
    async run(_, context, { states }) {
      const name = entered(context, "user_name", "name")
      const greeting = sampled(context, "greeting")
      const uris = roots(context, "client_roots")
      if (name !== undefined && greeting !== undefined && uris !== undefined)
        return text(`${greeting}, ${name} of ${uris}`)
      const questions = {
        user_name: nameForm(),
        greeting: prompt("Say hello", 50),
        client_roots: inputRequired.listRoots(),
      }
      return ask(questions, await states.mint({ asked: "three" }))
    },
  },
  {
    name: `${named}multi_round`,
    description: "Asks for a name, then for a color",
    inputSchema: anyObject,
    async run(_, context, { states }) {
      const state = context.mcpReq.requestState<JsonObject>()
      const first = entered(context, "step1", "name") ?? state?.["name"]
      if (state === undefined || typeof first !== "string") {
        const step1 = form("Step 1: What is your name?", { name: string }, ["name"])
        return ask({ step1 }, await states.mint({ step: 1 }))
      }
      const color = entered(context, "step2", "color")
      if (color !== undefined) return text(`${first} likes ${color}.`)
      const step2 = form("Step 2: What is your favorite color?", { color: string }, ["color"])
      return ask({ step2 }, await states.mint({ step: 2, name: first }))
    },
  },
]

export const interactiveTools: readonly FixtureTool[] = [
  ...forms,
  ...sampling,
  ...rounds,
  ...stateful,
]

/** The question of the prompt that asks, until it is answered. */
export function promptContext(context: ServerContext): string | InputRequiredResult {
  const question = "What context should the prompt use?"
  return (
    entered(context, "user_context", "context") ??
    ask({ user_context: form(question, { context: string }, ["context"]) })
  )
}
