import { describe, expect, test } from "vitest"
import { startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { as, ask, events, initialize, legacy, post } from "../support/face-server.ts"
import { rich, serveRich } from "../support/rich-server.ts"

type Era = "legacy" | "modern"
type Told = {
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: unknown
}

/** Sends one request and returns all that comes back, the response last. */
async function caller({ port }: TestGateway, era: Era) {
  if (era === "modern")
    return async (method: string, params: Record<string, unknown>): Promise<Told[]> => {
      const name = params["name"] ?? params["uri"]
      const _meta = { ...(params["_meta"] as object), "io.modelcontextprotocol/logLevel": "debug" }
      const said = await ask(
        port,
        "a",
        method,
        { ...params, _meta },
        name === undefined ? {} : { "mcp-name": String(name) },
      )
      return messagesIn(said.text)
    }
  const greeted = await post(port, initialize(), as("a"))
  const headers = {
    ...as("a"),
    "mcp-session-id": String(greeted.headers["mcp-session-id"]),
    "mcp-protocol-version": "2025-11-25",
  }
  await post(port, legacy("logging/setLevel", { level: "debug" }), headers)
  return async (method: string, params: Record<string, unknown>): Promise<Told[]> =>
    messagesIn((await post(port, legacy(method, params, 7), headers)).text)
}

const messagesIn = (text: string): Told[] =>
  (text.startsWith("{") ? [JSON.parse(text)] : events(text)) as Told[]

/** What the eras write differently, and the gateway says of itself. */
function plain({
  resultType: _,
  ttlMs: _1,
  cacheScope: _2,
  _meta,
  ...result
}: Record<string, unknown>) {
  const { "io.modelcontextprotocol/serverInfo": _3, ...meta } = (_meta ?? {}) as Record<
    string,
    unknown
  >
  return { ...result, ...(Object.keys(meta).length > 0 && { _meta: meta }) }
}

describe.each<[Era, Era]>([
  ["legacy", "legacy"],
  ["legacy", "modern"],
  ["modern", "legacy"],
  ["modern", "modern"],
])("a %s caller of a %s server", (front, back) => {
  test("has every member of every answer, and the server every parameter", {
    timeout: 60_000,
  }, async () => {
    const server = await serveRich(back)
    await using gateway = await startGateway({
      registry: { tools: { other: { server: "rich" } }, agents: { a: ["other"] } },
      servers: { "rich:1.0.0": { url: server.url, expose: "all", to: ["a"] } },
    })
    const send = await caller(gateway, front)
    const results = async (method: string, params = {}) => {
      const told = await send(method, params)
      const { result, error } = told.at(-1) ?? {}
      return result === undefined ? { error } : plain(result)
    }
    const foreign = { "com.example/note": { big: 1 }, progressToken: "p-1" }

    const listed = await results("tools/list")
    expect(listed).toHaveProperty("tools", expect.arrayContaining([rich.tool]))
    expect(await results("resources/list")).toEqual({ resources: rich.resources })
    expect(await results("resources/templates/list")).toEqual({ resourceTemplates: rich.templates })
    expect(await results("prompts/list")).toEqual({ prompts: rich.prompts })
    expect(await results("resources/read", { uri: "rich://1", _meta: foreign })).toEqual(rich.read)
    expect(
      await results("prompts/get", { name: "p", arguments: { a: "1" }, _meta: foreign }),
    ).toEqual(rich.got)
    const completing = {
      ref: { type: "ref/prompt", name: "p" },
      argument: { name: "a", value: "" },
      context: { arguments: { b: "2" } },
    }
    expect(await results("completion/complete", completing)).toEqual(rich.completed)

    const told = await send("tools/call", {
      name: "rich",
      arguments: { n: 1, "x-arg": [null] },
      _meta: foreign,
    })
    expect(told.slice(0, -1)).toEqual([
      {
        jsonrpc: "2.0",
        method: "notifications/progress",
        params: { ...rich.progress, progressToken: "p-1" },
      },
      { jsonrpc: "2.0", method: "notifications/message", params: rich.log },
    ])
    expect(plain(told.at(-1)?.result ?? {})).toEqual(rich.called)
    for (const [method, params] of [
      ["tools/call", { name: "rich", arguments: { fail: true } }],
      ["prompts/get", { name: "p", arguments: { fail: "1" } }],
      ["resources/read", { uri: "rich://fail" }],
    ] as const)
      expect(await results(method, params)).toEqual({ error: rich.error })

    const last = (method: string) =>
      server.seen.findLast(({ message }) => message.method === method)?.message.params
    expect(
      server.seen.find(({ message }) => message.method === "tools/call")?.message.params,
    ).toMatchObject({
      name: "rich",
      arguments: { n: 1, "x-arg": [null] },
      _meta: { "com.example/note": { big: 1 } },
    })
    expect(last("completion/complete")).toMatchObject(completing)
    expect(
      server.seen.find(({ message }) => message.method === "prompts/get")?.message.params,
    ).toMatchObject({ name: "p", arguments: { a: "1" }, _meta: { "com.example/note": { big: 1 } } })
  })
})
