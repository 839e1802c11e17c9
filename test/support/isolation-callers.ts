import type { IncomingMessage } from "node:http"
import { expect } from "vitest"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import { until } from "./e2e-process.ts"
import {
  as,
  both,
  events,
  legacy,
  modern,
  opened,
  posting,
  type RawRequest,
} from "./face-server.ts"

/** What a thief may know of honest callers: every id that anybody was ever given. */
export class Spoils {
  readonly sessions: string[] = []
  readonly events: string[] = []
  readonly ids: (string | number)[] = []
  readonly questions: string[] = []
  readonly tokens: (string | number)[] = []
  readonly states: { readonly state: string; readonly params: JsonObject }[] = []
  readonly tasks: string[] = []
  readonly cursors: string[] = []
  readonly uris: string[] = []

  /** There is something of every kind. */
  get isComplete(): boolean {
    return Object.values(this).every(({ length }) => length > 0)
  }
}

const able = { elicitation: { form: {} }, extensions: { "io.modelcontextprotocol/tasks": {} } }

/** Somebody who calls, and all that ever came to him. */
export abstract class Caller {
  /** Agent and era: part of each of its secrets. */
  readonly name: string
  readonly heard: string[] = []
  /** Of that, what came on streams that stay open. */
  readonly #streamed: string[] = []
  protected readonly port: number
  protected readonly agent: string

  constructor(port: number, agent: string, era: string) {
    this.port = port
    this.agent = agent
    this.name = `${agent}-${era}`
  }

  /** The messages that answer a request, one after the other, as they come. */
  protected async *ask(request: RawRequest): AsyncGenerator<JsonObject> {
    const incoming = await opened(this.port, request)
    this.answered(incoming)
    const isStream = incoming.headers["content-type"]?.startsWith("text/event-stream")
    let text = ""
    incoming.setEncoding("utf8")
    for await (const chunk of incoming as AsyncIterable<string>) {
      this.heard.push(chunk)
      text += chunk
      const end = isStream ? text.lastIndexOf("\n\n") : -1
      for (const message of events(text.slice(0, end + 1))) if (isObject(message)) yield message
      this.noted(text)
      if (isStream) text = text.slice(end + 1)
    }
    if (!isStream && text !== "") yield JSON.parse(text)
  }

  protected answered(_: IncomingMessage): void {}
  protected noted(_: string): void {}

  /** The last of them, which is the answer. */
  protected async answer(request: RawRequest): Promise<JsonObject> {
    let last: JsonObject = {}
    for await (const message of this.ask(request)) last = message
    return last
  }

  /** Reads a stream that stays open, for as long as the test goes on. */
  protected async listen(request: RawRequest): Promise<void> {
    const incoming = await opened(this.port, request)
    incoming.setEncoding("utf8")
    incoming.on("data", (text: string) => {
      this.heard.push(text)
      this.#streamed.push(text)
      this.noted(text)
    })
    incoming.on("error", () => undefined) // cut when the gateway ends
  }

  /** Begins, and follows these resources. */
  abstract open(uris: readonly string[]): Promise<void>
  abstract tell(tool: string, secret: string, id: number): Promise<void>
  abstract form(tool: string, secret: string, id: number): Promise<void>
  abstract job(tool: string, secret: string, id: number): Promise<void>

  /** Changes the resource that this caller follows, and waits until it is told. */
  async touch(tool: string, uri: string, secret: string, id: number): Promise<void> {
    await this.call(tool, { secret, uri }, id)
    const told = `"note":"${secret}"`
    await until(() => expect(this.#streamed.join("")).toContain(told), 60_000)
  }

  protected abstract call(tool: string, args: JsonObject, id: number): Promise<JsonObject>
}

const textOf = (answer: JsonObject): unknown => {
  const { result } = answer
  const content = isObject(result) ? result["content"] : undefined
  return Array.isArray(content) && isObject(content[0]) ? content[0]["text"] : answer
}

/** Progress, and then the answer; what else a liar says to those who call it is its own. */
function expectTold(told: unknown[], tool: string, secret: string, id: number): void {
  const progress = [1, 2].map((n) => ({ progressToken: id, progress: n, message: secret }))
  if (tool.includes("liar")) expect(told.at(-1)).toEqual([id, secret])
  else expect(told).toEqual([...progress, [id, secret]])
}

export class LegacyCaller extends Caller {
  headers: Record<string, string> = {}
  readonly #spoils: Spoils

  constructor(port: number, agent: string, spoils: Spoils) {
    super(port, agent, "legacy")
    this.#spoils = spoils
  }

  async open(uris: readonly string[]): Promise<void> {
    const params = {
      protocolVersion: "2025-11-25",
      capabilities: able,
      clientInfo: { name: this.name, version: "1" },
    }
    const incoming = await opened(
      this.port,
      posting(legacy("initialize", params), as(`${this.agent}@1.0.0`)),
    )
    incoming.resume()
    const session = String(incoming.headers["mcp-session-id"])
    this.headers = { ...as(`${this.agent}@1.0.0`), "mcp-session-id": session }
    this.#spoils.sessions.push(session)
    await this.listen({ method: "GET", headers: { ...this.headers, accept: both } })
    for (const uri of uris)
      expect(await this.say("resources/subscribe", { uri })).toHaveProperty("result")
    const page = await this.say("tools/list", {})
    const { nextCursor } = page["result"] as { nextCursor?: string }
    if (nextCursor !== undefined) this.#spoils.cursors.push(nextCursor)
  }

  protected override noted(text: string): void {
    for (const [, id] of text.matchAll(/^id: (\S+)$/gm)) this.#spoils.events.push(String(id))
  }

  say(method: string, params: object, id: number | string = 1): Promise<JsonObject> {
    return this.answer(posting(legacy(method, params, id), this.headers))
  }

  protected override call(name: string, args: JsonObject, id: number) {
    return this.say("tools/call", { name, arguments: args }, id)
  }

  async tell(tool: string, secret: string, id: number): Promise<void> {
    const params = { name: tool, arguments: { secret }, _meta: { progressToken: id } }
    this.#spoils.ids.push(id)
    this.#spoils.tokens.push(id)
    const told: unknown[] = []
    for await (const one of this.ask(posting(legacy("tools/call", params, id), this.headers)))
      told.push(one["params"] ?? [one["id"], textOf(one)])
    expectTold(told, tool, secret, id)
  }

  async form(name: string, secret: string, id: number): Promise<void> {
    const params = { name, arguments: { secret } }
    const told: unknown[] = []
    for await (const one of this.ask(posting(legacy("tools/call", params, id), this.headers))) {
      if (one["method"] !== "elicitation/create") told.push([one["id"], textOf(one)])
      else {
        this.#spoils.questions.push(String(one["id"]))
        await this.say("ping", {}) // a thief gets a chance
        const answer = { action: "accept", content: { by: secret } }
        const filled = { jsonrpc: "2.0", id: one["id"], result: answer }
        await this.answer(posting(filled, this.headers))
      }
    }
    expect(told).toEqual([[id, `${secret} by ${secret}`]])
  }

  async job(name: string, secret: string, id: number): Promise<void> {
    const begun = await this.say("tools/call", { name, arguments: { secret }, task: {} }, id)
    const { task } = begun["result"] as { task: { taskId: string } }
    this.#spoils.tasks.push(task.taskId)
    const made = await this.say("tasks/result", { taskId: task.taskId }, id)
    expect(textOf(made)).toBe(secret)
  }
}

export class ModernCaller extends Caller {
  readonly #spoils: Spoils

  constructor(port: number, agent: string, spoils: Spoils) {
    super(port, agent, "modern")
    this.#spoils = spoils
  }

  request(method: string, params: Record<string, unknown>, id: number | string = 1): RawRequest {
    const meta = { "io.modelcontextprotocol/clientCapabilities": able }
    const _meta = { ...meta, ...(params["_meta"] as object | undefined) }
    const { message, headers } = modern(method, { ...params, _meta }, id)
    const { taskId } = params
    const named = typeof taskId === "string" ? { "mcp-name": taskId } : {}
    return posting(message, { ...headers, ...named, ...as(`${this.agent}@1.0.0`) })
  }

  say(method: string, params: Record<string, unknown>, id: number | string = 1) {
    return this.answer(this.request(method, params, id))
  }

  async open(uris: readonly string[]): Promise<void> {
    const notifications = { resourceSubscriptions: uris }
    await this.listen(this.request("subscriptions/listen", { notifications }, "listen"))
    await until(() => expect(this.heard.join("")).toContain("acknowledged"))
  }

  protected override call(name: string, args: JsonObject, id: number) {
    return this.say("tools/call", { name, arguments: args }, id)
  }

  async tell(tool: string, secret: string, id: number): Promise<void> {
    const params = { name: tool, arguments: { secret }, _meta: { progressToken: id } }
    const told: unknown[] = []
    for await (const one of this.ask(this.request("tools/call", params, id)))
      told.push(one["params"] ?? [one["id"], textOf(one)])
    expectTold(told, tool, secret, id)
  }

  async form(name: string, secret: string, id: number): Promise<void> {
    const params = { name, arguments: { secret } }
    const first = (await this.say("tools/call", params, id))["result"] as {
      inputRequests: Record<string, unknown>
      requestState: string
    }
    const { requestState } = first
    const [key = ""] = Object.keys(first.inputRequests)
    const inputResponses = { [key]: { action: "accept", content: { by: secret } } }
    const retry = { ...params, inputResponses, requestState }
    this.#spoils.states.push({ state: requestState, params: retry })
    await this.say("tools/list", {}) // a thief gets a chance
    const last = await this.say("tools/call", retry, id)
    expect(textOf(last)).toBe(`${secret} by ${secret}`)
  }

  async job(name: string, secret: string, id: number): Promise<void> {
    const begun = await this.say("tools/call", { name, arguments: { secret } }, id)
    const { taskId } = begun["result"] as { taskId: string }
    this.#spoils.tasks.push(taskId)
    await until(async () => {
      const { result } = await this.say("tasks/get", { taskId }, id)
      expect(textOf(result as JsonObject)).toBe(secret)
    })
  }
}
