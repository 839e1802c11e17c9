import type { IncomingHttpHeaders } from "node:http"
import { describe, expect, test } from "vitest"
import { makeSubjects, startAuthorizationServer } from "../../../support/authorization-server.ts"
import {
  clientCredentials,
  handClock,
  tokenExchange,
} from "../../../support/backend-credentials.ts"
import { json, serve } from "../../../support/backend-http.ts"
import { http, modernVersion, open } from "../../../support/backend-world.ts"

/** A server that tells whoever calls a tool what it was sent: by the tool's name, in which way. */
async function openTelltale(more: Parameters<typeof http>[1]) {
  const told = (headers: IncomingHttpHeaders) =>
    `${headers.authorization} and ${headers["x-api-key"]} and ${headers["x-tenant"]}`
  const server = await serve((message, response, { headers }) => {
    const { id, method, params } = message
    const text = told(headers)
    const result = (content: string, isError = false) => ({
      jsonrpc: "2.0",
      id,
      result: {
        content: [{ type: "text", text: content }],
        isError,
        structuredContent: { [content]: headers },
      },
    })
    if (method === "server/discover")
      json(response, {
        jsonrpc: "2.0",
        id,
        result: { supportedVersions: [modernVersion], capabilities: {} },
      })
    else if (method !== "tools/call") json(response, { jsonrpc: "2.0", id, result: { tools: [] } })
    else if (params?.["name"] === "error")
      json(response, {
        jsonrpc: "2.0",
        id,
        error: { code: -32000, message: text, data: { headers } },
      })
    else if (params?.["name"] === "status") json(response, { why: text }, 500)
    else if (params?.["name"] === "escaped")
      json(response, JSON.stringify(result(text)).replaceAll("/", "\\/"))
    else if (params?.["name"] === "stream") {
      response.writeHead(200, { "content-type": "text/event-stream" })
      const note = { jsonrpc: "2.0", method: "notifications/message", params: { data: text } }
      response.end(`data: ${JSON.stringify(note)}\n\ndata: ${JSON.stringify(result(text))}\n\n`)
    } else json(response, result(text, params?.["name"] === "tool-error"))
  })
  return { ...open(http(server.url, more), { now: handClock().now }), server }
}

const tellings = ["result", "tool-error", "error", "status", "escaped", "stream"]
const callers = await makeSubjects()

describe("what a server was sent as a secret does not come back from it:", () => {
  test.each(tellings)("fixed headers, in %s", async (tool) => {
    const key = "canary/api+key=/0123456789"
    const headers = new Map([
      ["authorization", "Bearer canary-bearer-0123456789"],
      ["x-api-key", key],
      ["x-tenant", "acme-corporation-limited"],
    ])
    const { call, events, server } = await openTelltale({ headers })
    const notes: unknown[] = []
    const reply = await call(tool, { onNotification: (note) => notes.push(note) })
    const said = JSON.stringify([reply, notes, events])
    expect(server.seen.at(-1)?.headers).toMatchObject({ "x-api-key": key })
    expect(said).not.toContain("canary")
    if (tool !== "status") {
      expect(said).toContain("Bearer [secret] and [secret] and ")
      if (reply.kind === "result" && !reply.result["isError"])
        expect(said).toContain("acme-corporation-limited") // no credential: honest results arrive as they are
    }
  })

  test.each(tellings)("the gateway's own token, in %s", async (tool) => {
    await using server = await startAuthorizationServer()
    const {
      call,
      events,
      server: backend,
    } = await openTelltale({ authorization: clientCredentials(server) })
    const notes: unknown[] = []
    const reply = await call(tool, { onNotification: (note) => notes.push(note) })
    expect(backend.seen.at(-1)?.headers.authorization).toMatch(/^Bearer token-/)
    expect(JSON.stringify([reply, notes, events])).not.toMatch(/token-[0-9a-f]{8}-/)
  })

  test.each(tellings)("a caller's token there, in %s", async (tool) => {
    await using server = await startAuthorizationServer(undefined, callers)
    const {
      call,
      events,
      server: backend,
    } = await openTelltale({ authorization: tokenExchange(server) })
    const own = await callers.token("alice")
    const notes: unknown[] = []
    const reply = await call(tool, {
      onNotification: (note) => notes.push(note),
      subjectToken: { key: "alice", reveal: () => own },
    })
    expect(backend.seen.at(-1)?.headers.authorization).toMatch(/^Bearer token-/)
    expect(JSON.stringify([reply, notes, events])).not.toMatch(/token-[0-9a-f]{8}-/)
  })
})

test("a secret that could be a number, or a word, is left in honest results", async () => {
  const headers = new Map([
    ["x-api-key", "1234567890123456"],
    ["authorization", "Basic hunter2"],
  ])
  const { call } = await openTelltale({ headers })
  expect(JSON.stringify(await call("result"))).toContain("Basic hunter2 and 1234567890123456")
  expect(JSON.stringify(await call("tool-error"))).not.toContain("1234567890123456") // an error is no result
})
