import { describe, expect, test } from "vitest"
import { type ClientOptions, callTool, listTools } from "../../src/mcp/client.ts"
import { json, serve, serveLegacy, serveModern } from "../support/backend-http.ts"
import { serveOldSdk, serveSdk } from "../support/backend-sdk.ts"

const to = (url: string, more: Partial<ClientOptions> = {}): ClientOptions => ({
  url,
  era: "auto",
  headers: new Map(),
  timeoutMs: 5_000,
  identity: { name: "postern-cli", version: "0.0.1" },
  ...more,
})

describe("the command line's client", () => {
  const servers: [string, () => Promise<string>][] = [
    ["the legacy SDK's server", serveOldSdk],
    ["the maintained SDK's server", serveSdk],
  ]
  test.each(servers)("lists and calls tools of %s", async (_, start) => {
    const url = await start()
    const tools = await listTools(to(url))
    expect(tools).toMatchObject({ ok: true, value: [{ name: "greet" }, { name: "steps" }] })
    expect(await callTool(to(url), "greet", { name: "you" })).toMatchObject({
      ok: true,
      value: { content: [{ type: "text", text: "hello you" }] },
    })
  })

  test.each(["legacy", "modern"] as const)("speaks the %s era when told to", async (era) => {
    const answer = await callTool(to(await serveSdk(), { era }), "greet", { name: "you" })
    expect(answer).toMatchObject({ ok: true })
  })

  test("reads every page and keeps members that the SDK does not know", async () => {
    const { url, methods } = await serveLegacy()
    const answer = await listTools(to(url))
    if (!answer.ok) throw new Error(answer.problem.message)
    expect(answer.value).toHaveLength(9)
    expect(answer.value[8]).toMatchObject({ name: "slow", x: "slow" })
    expect(methods().at(-1)).toBe("DELETE")
  })

  test("keeps an error result as the result that it is", async () => {
    const { url } = await serveModern()
    expect(await callTool(to(url), "tool-error", {})).toMatchObject({
      ok: true,
      value: { isError: true, x: { y: 1 } },
    })
  })

  test("sends the given headers with every request", async () => {
    const { url, seen } = await serveLegacy()
    await listTools(to(url, { headers: new Map([["x-agent-name", "me"]]) }))
    const names = seen
      .filter(({ method }) => method === "POST")
      .map(({ headers }) => headers["x-agent-name"])
    expect(new Set(names)).toEqual(new Set(["me"]))
  })

  test("tells what to do about an unknown tool", async () => {
    const { url } = await serveModern()
    expect(await callTool(to(url), "nope", {})).toEqual({
      ok: false,
      problem: {
        code: -32602,
        message: "Unknown tool",
        hint: expect.stringContaining("postern tools"),
      },
    })
  })

  test("tells a lost connection from one that was never made", async () => {
    const { url, close } = await serve((_, response) => void response.destroy())
    const answer = await listTools(to(url, { era: "modern" }))
    await close()
    expect(answer).toMatchObject({
      ok: false,
      problem: {
        message: expect.stringContaining(`the connection to ${url} was lost before the answer: `),
        hint: expect.stringContaining("may have been carried out"),
      },
    })
  })

  test("tells where nothing listens", async () => {
    const { url, close } = await serve(() => {})
    await close()
    for (const era of ["auto", "legacy", "modern"] as const) {
      const answer = await listTools(to(`${url}?key=hidden`, { era }))
      expect(answer).toMatchObject({
        ok: false,
        problem: {
          message: `cannot reach ${url}: ECONNREFUSED`,
          hint: expect.stringContaining("is running"),
        },
      })
    }
  })

  test.each([
    [401, "credentials"],
    [403, "credentials"],
    [404, "path of the URL"],
    [500, "log"],
  ])("tells what to do about HTTP %i", async (status, hint) => {
    const { url } = await serve((_, response) => void response.writeHead(status).end())
    for (const era of ["auto", "legacy"] as const) {
      const answer = await listTools(to(url, { era }))
      expect(answer).toMatchObject({ ok: false, problem: { hint: expect.stringContaining(hint) } })
    }
  })

  test.each([
    [401, "invalid credentials: expired", "--token"],
    [403, "unknown caller: send X-Agent-Version", "--agent NAME@VERSION"],
    [503, "calls cannot be recorded now", "log"],
  ])("gives the server's own words for HTTP %i", async (status, message, hint) => {
    const { url } = await serve((_, response) => {
      response.writeHead(status, { "content-type": "application/json" })
      response.end(JSON.stringify({ jsonrpc: "2.0", error: { code: status, message, data: 1 } }))
    })
    for (const era of ["auto", "legacy", "modern"] as const) {
      expect(await listTools(to(url, { era }))).toEqual({
        ok: false,
        problem: {
          code: status,
          data: 1,
          message: `${message} (${url} answered HTTP ${status})`,
          hint: expect.stringContaining(hint),
        },
      })
    }
  })

  test("gives up after the timeout", async () => {
    const { url } = await serve(() => {})
    expect(await listTools(to(url, { timeoutMs: 200 }))).toMatchObject({
      ok: false,
      problem: { message: expect.stringContaining("within 200 ms") },
    })
  })

  test("says so when the endpoint is no MCP server", async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { "content-type": "text/html" }).end("<html>")
    })
    expect(await listTools(to(url))).toMatchObject({
      ok: false,
      problem: { hint: expect.stringContaining("MCP endpoint") },
    })
  })

  test("does not follow a page that points at itself for ever", async () => {
    const { url } = await serve(({ id, method }, response) => {
      if (method === "server/discover")
        json(response, { jsonrpc: "2.0", id, error: { code: -32601, message: "m" } })
      else if (method === "initialize")
        json(response, {
          jsonrpc: "2.0",
          id,
          result: {
            protocolVersion: "2025-11-25",
            capabilities: { tools: {} },
            serverInfo: { name: "n", version: "1" },
          },
        })
      else if (id === undefined) response.writeHead(202).end()
      else json(response, { jsonrpc: "2.0", id, result: { tools: [], nextCursor: "same" } })
    })
    expect(await listTools(to(url))).toEqual({ ok: true, value: [] })
  })

  test("is told when the URL is none", async () => {
    expect(await listTools(to("not a url"))).toMatchObject({ ok: false })
  })
})
