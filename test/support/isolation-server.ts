import { randomUUID } from "node:crypto"
import type { ServerResponse } from "node:http"
import type { Message, Send } from "./backend-behaviour.ts"
import { type HttpServer, json, serve } from "./backend-http.ts"
import { News } from "./backend-news.ts"
import { type Lie, lies } from "./isolation-lies.ts"

/*
 * Servers for an attack on isolation. Every tool works on the `secret` that it is called with, so that whatever reaches
 * anybody tells whose it is. A liar does the same, and says all that it was told to say before it answers.
 */

type Era = "legacy" | "modern"

const extension = "io.modelcontextprotocol/tasks"
const revision = "2026-07-28"
const tools = ["tell", "form", "job", "touch", "lie"].map((name) => ({
  name,
  inputSchema: { type: "object" },
  ...(name === "job" && { execution: { taskSupport: "optional" } }),
}))

interface Job {
  readonly secret: string
  looks: number
}

/** What one request can do besides being answered. */
interface Turn {
  readonly message: Message
  readonly session: string
  /** Before the answer, on the stream of the request. */
  readonly say: Send
  done(result: object): void
  fail(code: number): void
}

export interface IsolationServer extends HttpServer {
  /** What no honest caller would bring about: requests that were cancelled, answers with the wrong state. */
  readonly wrongs: string[]
}

/** A server of one era over HTTP, with these resources: sessions in the legacy one, only requests in the modern one. */
export async function serveSecrets(era: Era, uris: readonly string[]): Promise<IsolationServer> {
  const secrets = new Secrets(era, uris)
  const server = await serve((message, response, request) => {
    if (request.method === "GET") {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders()
      response.on("close", secrets.open(events(response)))
    } else if (request.method === "DELETE") response.writeHead(200).end()
    else {
      const session = String(request.headers["mcp-session-id"])
      if (message.method === "initialize") response.setHeader("mcp-session-id", randomUUID())
      secrets.take(message, session, response)
    }
  })
  return { ...server, wrongs: secrets.wrongs }
}

class Secrets {
  readonly wrongs: string[] = []
  readonly #era: Era
  readonly #uris: readonly string[]
  readonly #news = new News()
  readonly #streams = new Set<Send>()
  readonly #jobs = new Map<string, Job>()
  /** By session and id. */
  readonly #asked = new Map<string, (message: Message) => void>()

  constructor(era: Era, uris: readonly string[]) {
    this.#era = era
    this.#uris = uris
  }

  open(send: Send): () => void {
    const end = this.#news.open(send)
    this.#streams.add(send)
    return () => {
      end()
      this.#streams.delete(send)
    }
  }

  take(message: Message, session: string, response: ServerResponse): void {
    const { id, method } = message
    if (method === undefined || id === undefined) {
      if (method === undefined) this.#asked.get(`${session} ${id}`)?.(message)
      if (method === "notifications/cancelled")
        this.wrongs.push(`cancelled ${JSON.stringify(message)}`)
      response.writeHead(202).end()
      return
    }
    const say = events(response)
    const answer = (body: object) => {
      if (response.headersSent) {
        say({ jsonrpc: "2.0", id, ...body })
        response.end()
      } else json(response, { jsonrpc: "2.0", id, ...body })
    }
    const common = this.#era === "modern" ? { resultType: "complete" } : {}
    const turn: Turn = {
      ...{ message, session, say },
      done: (result) => answer({ result: { ...common, ...result } }),
      fail: (code) => answer({ error: { code, message: "no" } }),
    }
    if (method === "subscriptions/listen") {
      response.on("close", this.#news.listen(message, say))
      return
    }
    const act = this.#methods[method]
    if (act === undefined) turn.fail(-32601)
    else act(turn)
  }

  readonly #methods: Record<string, (turn: Turn) => void> = {
    initialize: ({ done, fail }) => {
      const tasks = { cancel: {}, requests: { tools: { call: {} } } }
      if (this.#era === "modern") fail(-32601)
      else done({ ...greeting({ ...capabilities, tasks }), protocolVersion: "2025-11-25" })
    },
    "server/discover": ({ done, fail }) => {
      const extensions = { [extension]: {} }
      if (this.#era === "legacy") fail(-32601)
      else done({ ...greeting({ ...capabilities, extensions }), supportedVersions: [revision] })
    },
    "tools/list": ({ done }) => done({ tools }),
    "resources/list": ({ done }) =>
      done({ resources: this.#uris.map((uri) => ({ uri, name: uri })) }),
    "resources/templates/list": ({ done }) => done({ resourceTemplates: [] }),
    "logging/setLevel": ({ done }) => done({}),
    "resources/subscribe": ({ message, done }) => {
      this.#news.subscribe("resources/subscribe", String(message.params?.["uri"]))
      done({})
    },
    "resources/unsubscribe": ({ done }) => done({}),
    "tools/call": (turn) => this.#tools[String(turn.message.params?.["name"])]?.(turn),
    "tasks/get": (turn) => this.#look(turn),
    "tasks/result": (turn) => {
      const job = this.#jobs.get(taskIn(turn))
      if (job === undefined) turn.fail(-32602)
      else turn.done(text(job.secret))
    },
    "tasks/cancel": (turn) => {
      this.wrongs.push(`cancelled the task ${taskIn(turn)}`)
      turn.fail(-32602)
    },
    "tasks/update": (turn) => {
      this.wrongs.push(`answered the task ${taskIn(turn)}`)
      turn.fail(-32602)
    },
  }

  readonly #tools: Record<string, (turn: Turn) => void> = {
    tell: (turn) => {
      const { secret } = given(turn)
      const progressToken = turn.message.params?._meta?.progressToken
      const note = (method: string, params: object) =>
        turn.say({ jsonrpc: "2.0", method: `notifications/${method}`, params: { ...params } })
      for (const progress of [1, 2])
        if (progressToken !== undefined)
          note("progress", { progressToken, progress, message: secret })
      turn.done(text(secret))
    },
    form: (turn) => {
      const { secret } = given(turn)
      const requestedSchema = { type: "object", properties: { by: { type: "string" } } }
      const params = { mode: "form", message: secret, requestedSchema }
      const ask = { method: "elicitation/create", params }
      if (this.#era === "modern") this.#round(turn, secret, ask)
      else {
        this.#asked.set(`${turn.session} ${secret}`, ({ result }) =>
          turn.done(text(`${secret} by ${filled(result)}`)),
        )
        turn.say({ jsonrpc: "2.0", id: secret, ...ask })
      }
    },
    job: (turn) => {
      const { secret } = given(turn)
      const taskId = `task-${this.#jobs.size}`
      this.#jobs.set(taskId, { secret, looks: 0 })
      turn.done(this.#asTask(taskId, "working"))
    },
    touch: (turn) => {
      const { uri, secret } = given(turn)
      this.#news.tell("notifications/resources/updated", { uri, note: secret })
      turn.done(text(secret))
    },
    lie: (turn) => {
      const { secret, about } = given(turn)
      for (const lie of lies(about, secret)) {
        turn.say(lie)
        for (const send of this.#streams) send(lie)
      }
      turn.done(text(secret))
    },
  }

  /** The state is the secret once more, so that a state in other hands is seen. */
  #round(turn: Turn, secret: string, ask: object): void {
    const { inputResponses, requestState } = turn.message.params ?? {}
    const answered = (inputResponses as Record<string, object> | undefined)?.["q"]
    if (answered === undefined) {
      const requestState = `state of ${secret}`
      turn.done({ resultType: "input_required", inputRequests: { q: ask }, requestState })
      return
    }
    if (requestState !== `state of ${secret}`) this.wrongs.push(`${secret}: ${requestState}`)
    turn.done(text(`${secret} by ${filled(answered)}`))
  }

  #look(turn: Turn): void {
    const taskId = taskIn(turn)
    const job = this.#jobs.get(taskId)
    if (job === undefined) {
      turn.fail(-32602)
      return
    }
    const isDone = job.looks++ > 0
    const flat = this.#asTask(taskId, isDone ? "completed" : "working")
    const result = { ...text(job.secret), resultType: "complete" }
    if (this.#era === "legacy") turn.done((flat as { task: object }).task)
    else turn.done({ ...flat, resultType: "complete", ...(isDone && { result }) })
  }

  #asTask(taskId: string, status: string): object {
    const times = { createdAt: when, lastUpdatedAt: when }
    return this.#era === "legacy"
      ? { task: { taskId, status, ...times, ttl: 60_000, pollInterval: 5 } }
      : { resultType: "task", taskId, status, ...times, ttlMs: 60_000, pollIntervalMs: 5 }
  }
}

const when = "2026-11-29T00:00:00Z"
const capabilities = { tools: {}, resources: { subscribe: true }, logging: {} }
const greeting = (of: object) => ({
  capabilities: of,
  serverInfo: { name: "secrets", version: "1" },
})
const text = (value: string) => ({ content: [{ type: "text", text: value }] })
const taskIn = ({ message }: Turn): string => String(message.params?.["taskId"])
const filled = (answer: object | undefined) =>
  (answer as { content?: { by?: string } } | undefined)?.content?.by

const given = ({ message }: Turn) =>
  message.params?.["arguments"] as { secret: string; uri: string; about: Lie }

const events =
  (response: ServerResponse): Send =>
  (message) => {
    if (response.writableEnded) return
    if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)
  }
