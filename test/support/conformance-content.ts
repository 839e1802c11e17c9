import {
  completable,
  type GetPromptResult,
  type McpServer,
  ResourceTemplate,
} from "@modelcontextprotocol/server"
import * as z from "zod"
import { promptContext } from "./conformance-interactive.ts"
import { pixel } from "./conformance-tools.ts"

/** The resource that clients are told of when it changes. */
const watchedUri = "test://watched-resource"

export function addResources(server: McpServer): void {
  const plain = { mimeType: "text/plain" }
  server.registerResource(
    "static-text",
    "test://static-text",
    { ...plain, description: "A text" },
    ({ href }) => contents(href, "This is the content of the static text resource."),
  )
  server.registerResource(
    "static-binary",
    "test://static-binary",
    { mimeType: "image/png", description: "An image" },
    ({ href }) => ({ contents: [{ uri: href, mimeType: "image/png", blob: pixel }] }),
  )
  server.registerResource(
    "watched-resource",
    watchedUri,
    { ...plain, description: "A text to subscribe to" },
    ({ href }) => contents(href, "Watched resource content"),
  )
  server.registerResource(
    "template",
    new ResourceTemplate("test://template/{id}/data", { list: undefined }),
    { mimeType: "application/json", description: "Data by its id" },
    ({ href }, { id }) => {
      const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${String(id)}` })
      return { contents: [{ uri: href, mimeType: "application/json", text }] }
    },
  )
}

const contents = (uri: string, text: string) => ({
  contents: [{ uri, mimeType: "text/plain", text }],
})

type Content = GetPromptResult["messages"][number]["content"]

const messages = (...content: Content[]): GetPromptResult => ({
  messages: content.map((one) => ({ role: "user", content: one })),
})
const say = (text: string): Content => ({ type: "text", text })

export function addPrompts(server: McpServer): void {
  server.registerPrompt("test_simple_prompt", { description: "Takes nothing" }, () =>
    messages(say("This is a simple prompt for testing.")),
  )
  const starts = (value: string) =>
    ["paris", "park", "party"].filter((word) => word.startsWith(value))
  server.registerPrompt(
    "test_prompt_with_arguments",
    {
      description: "Takes two texts",
      argsSchema: z.object({
        arg1: completable(z.string().describe("First argument"), starts),
        arg2: z.string().describe("Second argument"),
      }),
    },
    ({ arg1, arg2 }) => messages(say(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  )
  server.registerPrompt(
    "test_prompt_with_embedded_resource",
    {
      description: "Takes the address of a resource",
      argsSchema: z.object({ resourceUri: z.string().describe("URI of the resource") }),
    },
    ({ resourceUri: uri }) => {
      const resource = { uri, mimeType: "text/plain", text: "Embedded resource content." }
      return messages(
        { type: "resource", resource },
        say("Please process the embedded resource above."),
      )
    },
  )
  server.registerPrompt("test_prompt_with_image", { description: "Holds an image" }, () =>
    messages(
      { type: "image", data: pixel, mimeType: "image/png" },
      say("Please analyze the image above."),
    ),
  )
  server.registerPrompt(
    "test_input_required_result_prompt",
    { description: "Asks for its context" },
    (context) => {
      const answer = promptContext(context)
      return typeof answer === "string" ? messages(say(`Use this context: ${answer}`)) : answer
    },
  )
}
