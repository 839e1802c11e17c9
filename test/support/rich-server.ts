import type { ServerResponse } from "node:http"
import type { Message } from "./backend-behaviour.ts"
import { type HttpServer, json, serve } from "./backend-http.ts"

/*
 * A server of one era whose every answer has all that MCP knows for it, and members that nobody knows. It speaks raw
 * JSON-RPC: an SDK would drop some of that before it gets anywhere.
 */

const icons = [
  { src: "https://example.com/i.png", mimeType: "image/png", sizes: ["48x48"], theme: "dark" },
]
const annotations = {
  audience: ["user"],
  priority: 0.5,
  lastModified: "2026-01-01T00:00:00Z",
  "x-a": 1,
}
const foreign = { "com.example/note": { deep: [1, null, "x"] } }
const blob = "AAEC"

export const rich = {
  tool: {
    name: "rich",
    title: "Rich",
    description: "Has everything",
    icons,
    inputSchema: { type: "object", properties: { n: { type: "number" } }, "x-schema": true },
    outputSchema: { type: "object", properties: { n: { type: "number" } } },
    annotations: { title: "R", readOnlyHint: true, "x-hint": "y" },
    _meta: foreign,
    "x-tool": [1],
  },
  called: {
    content: [
      { type: "text", text: "hi", annotations, _meta: foreign, "x-block": 1 },
      { type: "image", data: blob, mimeType: "image/png", annotations },
      { type: "audio", data: blob, mimeType: "audio/wav", _meta: foreign },
      {
        type: "resource_link",
        uri: "rich://1",
        name: "one",
        title: "One",
        description: "d",
        mimeType: "text/plain",
        size: 3,
        icons,
        annotations,
      },
      {
        type: "resource",
        resource: { uri: "rich://1", mimeType: "text/plain", text: "t", _meta: foreign, "x-r": 1 },
        annotations,
      },
      { type: "hologram", beam: { "x-y": 1 } },
    ],
    structuredContent: { n: 1.5, more: [{ a: null }] },
    _meta: foreign,
    "x-result": { y: 1 },
  },
  resources: [
    {
      uri: "rich://1",
      name: "one",
      title: "One",
      description: "d",
      mimeType: "text/plain",
      size: 3,
      icons,
      annotations,
      _meta: foreign,
      "x-res": 1,
    },
    { uri: "rich://2", name: "two", "x-res": 2 },
  ],
  templates: [
    {
      uriTemplate: "rich://t/{id}",
      name: "t",
      title: "T",
      description: "d",
      mimeType: "text/plain",
      icons,
      annotations,
      _meta: foreign,
      "x-t": 1,
    },
  ],
  read: {
    contents: [
      { uri: "rich://1", mimeType: "text/plain", text: "t", _meta: foreign, "x-c": 1 },
      { uri: "rich://1#b", mimeType: "application/octet-stream", blob },
    ],
    _meta: foreign,
    "x-read": 1,
  },
  prompts: [
    {
      name: "p",
      title: "P",
      description: "d",
      icons,
      arguments: [{ name: "a", title: "A", description: "d", required: true, "x-arg": 1 }],
      _meta: foreign,
      "x-p": 1,
    },
  ],
  got: {
    description: "d",
    messages: [
      {
        role: "user",
        content: { type: "text", text: "hi", annotations, _meta: foreign },
        "x-m": 1,
      },
      { role: "assistant", content: { type: "resource_link", uri: "rich://1", name: "one" } },
    ],
    _meta: foreign,
    "x-got": 1,
  },
  completed: {
    completion: { values: ["a", "b"], total: 5, hasMore: true, "x-v": 1 },
    _meta: foreign,
    "x-completed": 1,
  },
  progress: { progress: 1, total: 4, message: "a quarter", "x-progress": 1 },
  event: { of: { deep: [1] }, _meta: foreign },
  log: {
    level: "warning",
    logger: "rich",
    data: { a: [1, { b: null }] },
    _meta: foreign,
    "x-log": 1,
  },
  /** What the tool `ask` asks of its caller, in the words of both eras. */
  questions: {
    form: {
      method: "elicitation/create",
      params: {
        mode: "form",
        message: "Who?",
        requestedSchema: {
          type: "object",
          properties: {
            name: { type: "string", title: "N", default: "x", "x-p": 1 },
            kind: { type: "string", oneOf: [{ const: "a", title: "A" }] },
          },
          required: ["name"],
          "x-s": 1,
        },
        _meta: foreign,
        "x-form": 1,
      },
    },
    page: {
      method: "elicitation/create",
      params: { mode: "url", message: "Sign in", url: "https://example.com/a", "x-page": 1 },
    },
    model: {
      method: "sampling/createMessage",
      params: {
        messages: [
          { role: "user", content: { type: "text", text: "hi", annotations, _meta: foreign } },
        ],
        modelPreferences: { hints: [{ name: "m" }], costPriority: 0.1 },
        systemPrompt: "s",
        temperature: 0.25,
        maxTokens: 10,
        stopSequences: ["."],
        metadata: { a: 1 },
        tools: [{ name: "t", inputSchema: { type: "object" } }],
        toolChoice: { mode: "auto" },
        _meta: foreign,
        "x-model": 1,
      },
    },
    roots: { method: "roots/list", params: { _meta: foreign } },
  },
  error: { code: -32050, message: "Not today", data: { why: { deep: [1] } } },
} as const

type Era = "legacy" | "modern"

/** `rich` answers with all of it; `ask` asks all that can be asked, at once, and tells what was answered by question. */
export function serveRich(era: Era): Promise<HttpServer> {
  /** Takes an answer to a question of a legacy server. */
  let answered: ((name: string, result: unknown) => void) | undefined
  return serve((message, response) => {
    const { id, method, params } = message
    if (method === undefined || id === undefined) {
      if (typeof id === "string") answered?.(id, message.result)
      response.writeHead(202).end()
      return
    }
    if (method !== "tools/call")
      return json(response, { jsonrpc: "2.0", id, ...answerOf(era, message) })
    const say = sayingOn(response)
    const end = (answer: object) => {
      say({ id, ...answer })
      response.end()
    }
    if (params?.["name"] !== "ask") {
      tellOnTheWay(say, params)
      end(answerOf(era, message))
    } else if (era === "modern") end({ result: inRounds(params) })
    else answered = askLive(say, (answers) => end({ result: telling(answers) }))
  })
}

type Say = (message: object) => void

function sayingOn(response: ServerResponse): Say {
  response.writeHead(200, { "content-type": "text/event-stream" })
  return (message) =>
    void response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`)
}

function tellOnTheWay(say: Say, params: Message["params"]): void {
  const { progressToken } = (params?.["_meta"] ?? {}) as { progressToken?: unknown }
  if (progressToken !== undefined)
    say({ method: "notifications/progress", params: { ...rich.progress, progressToken } })
  say({ method: "notifications/message", params: rich.log })
  say({ method: "com.example/event", params: rich.event })
}

/** Asks all; what it returns takes the answers, and when they are there they are told. */
function askLive(say: Say, told: (answers: object) => void) {
  const answers: Record<string, unknown> = {}
  for (const [name, question] of questions) say({ id: name, ...question })
  return (name: string, result: unknown) => {
    answers[name] = result
    if (Object.keys(answers).length === questions.length) told(answers)
  }
}

const questions = Object.entries(rich.questions)
const telling = (answers: unknown) => ({ content: [], structuredContent: { answers } })

function inRounds({ inputResponses, requestState }: Record<string, unknown>): object {
  if (inputResponses === undefined)
    return {
      resultType: "input_required",
      inputRequests: rich.questions,
      requestState: "s-1",
      _meta: foreign,
    }
  return { resultType: "complete", ...telling({ inputResponses, requestState }) }
}

function answerOf(era: Era, { method, params }: Message): object {
  const args = params?.["arguments"] as { fail?: boolean } | undefined
  if (args?.fail || params?.["uri"] === "rich://fail") return { error: rich.error }
  const capabilities = {
    tools: { listChanged: true },
    resources: { subscribe: true, listChanged: true },
    prompts: { listChanged: true },
    logging: {},
    completions: {},
  }
  const second = params?.["cursor"] === "2"
  const results: Record<string, object> = {
    initialize: {
      protocolVersion: "2025-11-25",
      capabilities,
      serverInfo: { name: "rich", version: "1" },
    },
    "server/discover": { supportedVersions: ["2026-07-28"], capabilities },
    "tools/list": { tools: [rich.tool, { name: "ask", inputSchema: { type: "object" } }] },
    "tools/call": rich.called,
    "resources/list": second
      ? { resources: rich.resources.slice(1) }
      : { resources: rich.resources.slice(0, 1), nextCursor: "2" },
    "resources/templates/list": { resourceTemplates: rich.templates },
    "resources/read": rich.read,
    "prompts/list": { prompts: rich.prompts },
    "prompts/get": rich.got,
    "completion/complete": rich.completed,
  }
  const result = results[method ?? ""]
  if (result === undefined)
    return era === "legacy" ? { result: {} } : { error: { code: -32601, message: "No" } }
  if (method === "server/discover" && era === "legacy")
    return { error: { code: -32601, message: "Method not found" } }
  return { result: era === "modern" ? { resultType: "complete", ...result } : result }
}
