import { setTimeout as pause } from "node:timers/promises"
import type {
  CallToolResult,
  InputRequiredResult,
  RequestStateCodec,
  ServerContext,
} from "@modelcontextprotocol/server"
import type { JsonObject } from "../../src/schema/json.ts"

/** What a tool says of itself. */
export interface ToolDefinition {
  readonly name: string
  readonly description: string
  readonly inputSchema: JsonObject
}

/** One tool of the conformance fixture, and what it does in either era. */
export interface FixtureTool extends ToolDefinition {
  readonly run: (
    args: Readonly<Record<string, unknown>>,
    context: ServerContext,
    fixture: CallParts,
  ) => ToolAnswer | Promise<ToolAnswer>
}

export type ToolAnswer = CallToolResult | InputRequiredResult

/** What tools share beyond one call. */
export interface FixtureParts {
  readonly changes: Changes
  readonly states: RequestStateCodec<JsonObject>
}

/** What one call has of the fixture, and what a legacy session's client said that it can be asked. */
export interface CallParts extends FixtureParts {
  readonly declared: object | undefined
}

/** Tells everybody who listens, in either era. */
export interface Changes {
  toolsChanged(): void
  promptsChanged(): void
  resourcesChanged(): void
  resourceUpdated(uri: string): void
}

/** An image of one red pixel, and a sound of no length. */
export const pixel =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="
const silence = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA="

export const text = (value: string): CallToolResult => ({ content: [textBlock(value)] })
const textBlock = (value: string) => ({ type: "text" as const, text: value })
const image = { type: "image" as const, data: pixel, mimeType: "image/png" }

export const anyObject: JsonObject = { type: "object", properties: {} }

const says = (name: string, description: string, result: CallToolResult): FixtureTool => ({
  name,
  description,
  inputSchema: anyObject,
  run: () => result,
})

const embedded = {
  uri: "test://embedded-resource",
  mimeType: "text/plain",
  text: "This is an embedded resource content.",
}
const mixed = {
  uri: "test://mixed-content-resource",
  mimeType: "application/json",
  text: JSON.stringify({ test: "data", value: 123 }),
}

/** Tools that answer at once, by the kind of what they answer. */
const contents: readonly FixtureTool[] = [
  // The suite tries headers with the first tool of a list, whatever it needs: this one needs nothing.
  says("answer", "Answers at once", text("Here.")),
  says("test_simple_text", "Answers a text", text("This is a simple text response for testing.")),
  says("test_image_content", "Answers an image", { content: [image] }),
  says("test_audio_content", "Answers a sound", {
    content: [{ type: "audio", data: silence, mimeType: "audio/wav" }],
  }),
  says("test_embedded_resource", "Answers a resource", {
    content: [{ type: "resource", resource: embedded }],
  }),
  says("test_multiple_content_types", "Answers a text, an image and a resource", {
    content: [
      textBlock("Multiple content types test:"),
      image,
      { type: "resource", resource: mixed },
    ],
  }),
  says("test_streaming_elicitation", "Answers without asking anything", text("Nothing to ask.")),
  {
    name: "test_error_handling",
    description: "Always fails",
    inputSchema: anyObject,
    run: () => {
      throw new Error("This tool intentionally returns an error for testing")
    },
  },
]

async function logThrice({ mcpReq }: ServerContext): Promise<ToolAnswer> {
  await mcpReq.log("info", "Tool execution started")
  await pause(50)
  await mcpReq.log("info", "Tool processing data")
  await pause(50)
  await mcpReq.log("info", "Tool execution completed")
  return text("Logged three times.")
}

async function makeProgress({ mcpReq }: ServerContext): Promise<ToolAnswer> {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return text("Nobody wants to know.")
  for (const progress of [0, 50, 100]) {
    const params = { progressToken, progress, total: 100, message: `${progress} of 100` }
    await mcpReq.notify({ method: "notifications/progress", params })
    await pause(50)
  }
  return text("Done in three steps.")
}

/** Ends the stream of its own call where the transport can do that: the client comes back for the result. */
async function hangUp({ http }: ServerContext): Promise<ToolAnswer> {
  http?.closeSSE?.()
  await pause(100)
  return text("You came back for this.")
}

/** Tools that say something before they answer. */
const streaming: readonly FixtureTool[] = [
  {
    name: "test_tool_with_progress",
    description: "Reports its progress, if asked to",
    inputSchema: anyObject,
    run: (_, context) => makeProgress(context),
  },
  {
    name: "test_tool_with_logging",
    description: "Logs three lines",
    inputSchema: anyObject,
    run: (_, context) => logThrice(context),
  },
  {
    name: "test_logging_tool",
    description: "Logs three lines to whoever asked for a level",
    inputSchema: anyObject,
    run: (_, context) => logThrice(context),
  },
  {
    name: "test_reconnection",
    description: "Closes the stream of its call before it answers",
    inputSchema: anyObject,
    run: (_, context) => hangUp(context),
  },
  {
    name: "test_trigger_tool_change",
    description: "Says that the list of tools has changed",
    inputSchema: anyObject,
    run(_, __, { changes }) {
      changes.toolsChanged()
      return text("Told everybody.")
    },
  },
  {
    name: "test_trigger_prompt_change",
    description: "Says that the list of prompts has changed",
    inputSchema: anyObject,
    run(_, __, { changes }) {
      changes.promptsChanged()
      return text("Told everybody.")
    },
  },
]

/** The suite compares it keyword by keyword with what is listed. */
const prescribedSchema = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "$defs": {
    "address": {
      "$anchor": "addressDef",
      "type": "object",
      "properties": { "street": { "type": "string" }, "city": { "type": "string" } }
    }
  },
  "properties": {
    "name": { "type": "string" },
    "address": { "$ref": "#/$defs/address" },
    "contactMethod": { "type": "string", "enum": ["phone", "email"] },
    "phone": { "type": "string" },
    "email": { "type": "string" }
  },
  "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
  "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
  "then": { "required": ["phone"] },
  "else": { "required": ["email"] },
  "additionalProperties": false
}`

/** Tools that are there for their input schemas. */
const schemas: readonly FixtureTool[] = [
  {
    name: "test_x_mcp_header",
    description: "Takes an argument that is mirrored in a header",
    inputSchema: {
      type: "object",
      properties: { region: { type: "string", "x-mcp-header": "Region" } },
    },
    run: ({ region }) => text(`The region is ${JSON.stringify(region)}.`),
  },
  {
    name: "json_schema_2020_12_tool",
    description: "Has an input schema with keywords of JSON Schema 2020-12",
    inputSchema: JSON.parse(prescribedSchema),
    run: (args) => text(JSON.stringify(args)),
  },
]

export const plainTools: readonly FixtureTool[] = [...contents, ...streaming, ...schemas]
