import type { ServerResponse } from "node:http"
import { describe, expect, test } from "vitest"
import { Cancellation } from "../../../src/call/cancellation.ts"
import { nextAttempt } from "../../../src/mcp/backend/http/taken-up.ts"
import type { BackendLimits } from "../../../src/mcp/backend/limits.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import type { Message } from "../../support/backend-behaviour.ts"
import { type Answer, json, serve } from "../../support/backend-http.ts"
import { http, open, options, refusal, text, until } from "../../support/backend-world.ts"

const stream = (response: ServerResponse) =>
  response.writeHead(200, { "content-type": "text/event-stream" })

const event = (id: string, message?: object): string =>
  `id: ${id}\nretry: 5\ndata: ${message === undefined ? "" : JSON.stringify(message)}\n\n`

const result = (id: unknown, value = "done") => ({
  jsonrpc: "2.0",
  id,
  result: { content: [{ type: "text", text: value }] },
})

/** A legacy server that has a way of its own with the streams of calls. `lost` are the event ids that came back. */
async function resumable(
  call: Answer,
  resumed: (lastEventId: string, call: Message) => Answer,
  limits: Partial<BackendLimits> = {},
) {
  let called: Message = {}
  const lost: string[] = []
  const server = await serve((message, response, request) => {
    const { id, method } = message
    if (request.method === "GET") {
      const last = String(request.headers["last-event-id"])
      lost.push(last)
      return resumed(last, called)(message, response, request)
    }
    if (method === "tools/call") {
      called = message
      return call(message, response, request)
    }
    if (method !== "initialize") return json(response, { jsonrpc: "2.0", id, result: {} })
    response.setHeader("mcp-session-id", "s-1")
    json(response, { jsonrpc: "2.0", id, result: { protocolVersion: "2025-11-25" } })
  })
  const legacy = { ...options, era: "legacy" as const }
  return { server, lost, ...open(http(server.url, { options: legacy }), { limits }) }
}

const countOf = (methods: readonly string[], method: string) =>
  methods.filter((one) => one === method).length

describe("the stream of an answer", () => {
  test("that the server ends is taken up in its session, as often as it wants", async () => {
    const { call, lost, server } = await resumable(
      (_, response) => void stream(response).end(event("a.0")),
      (last, { id }) =>
        (_, response) => {
          const at = Number(last.split(".")[1])
          stream(response).end(at < 7 ? event(`a.${at + 1}`) : event("a.8", result(id)))
        },
    )
    expect(text(await call("x"))).toBe("done")
    expect(lost).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((at) => `a.${at}`))
    const taken = server.seen.filter(({ method }) => method === "GET")
    for (const { headers } of taken)
      expect(headers).toMatchObject({
        "mcp-session-id": "s-1",
        "mcp-protocol-version": "2025-11-25",
      })
    expect(countOf(server.methods(), "tools/call")).toBe(1)
  })

  test("that is cut goes on where it broke, with the progress after it", async () => {
    const progress = (value: number, { params }: Message) => ({
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progress: value, progressToken: params?._meta?.progressToken },
    })
    const { call, lost } = await resumable(
      (message, response) => {
        stream(response).write(event("1", progress(1, message)), () =>
          response.socket?.resetAndDestroy(),
        )
      },
      (_, called) => (__, response) => {
        stream(response).write(event("2", progress(2, called)))
        response.end(event("3", result(called.id)))
      },
    )
    const got: JsonObject[] = []
    const onNotification = (notification: JsonObject) => got.push(notification)
    const reply = await call("x", { meta: { progressToken: "p" }, onNotification })
    expect(text(reply)).toBe("done")
    expect(got.map(({ params }) => params)).toEqual([
      { progress: 1, progressToken: "p" },
      { progress: 2, progressToken: "p" },
    ])
    expect(lost).toEqual(["1"])
  })

  test.each([404, 400, 405, 200])(
    "that the server does not take up (%i) is lost, and the call is not made again",
    async (status) => {
      const { call, lost, server } = await resumable(
        (_, response) => void stream(response).end(event("1")),
        () => (_, response) => {
          response.writeHead(status, { "content-type": "application/json" }).end("{}")
        },
      )
      expect(refusal(await call("x"))).toMatchObject({
        code: "backend_unavailable",
        reason: expect.stringContaining(`HTTP ${status}`),
      })
      expect(countOf(server.methods(), "tools/call")).toBe(1)
      expect(countOf(server.methods(), "initialize")).toBe(1)
      expect(lost.length).toBeGreaterThan(0)
    },
  )

  test("that ends again and again without a word is given up", async () => {
    const { call, lost } = await resumable(
      (_, response) => void stream(response).end(event("1")),
      () => (_, response) => void stream(response).end(": nothing new\n\n"),
    )
    expect(refusal(await call("x")).code).toBe("backend_unavailable")
    expect(lost).toEqual(["1", "1", "1", "1", "1"])
  })

  const more = (last: string) => `${Number(last) + 1}`

  test("that only ever begins is given up, whatever new ids come", async () => {
    const { call, lost } = await resumable(
      (_, response) => void stream(response).end(event("1")),
      (last) => (_, response) =>
        void stream(response).end(`id: ${more(last)}\nretry: 0\ndata: \n\n`),
      { resumptionsMax: 8 },
    )
    expect(refusal(await call("x"))).toMatchObject({ code: "backend_unavailable" })
    expect(lost).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"])
  })

  test("has one limit of bytes, however often it is taken up", async () => {
    const filler = { jsonrpc: "2.0", method: "notifications/x", params: { x: "x".repeat(4_000) } }
    const { call, lost } = await resumable(
      (_, response) => void stream(response).end(event("1", filler)),
      (last) => (_, response) => void stream(response).end(event(more(last), filler)),
      { streamBytesMax: 10_000 },
    )
    expect(refusal(await call("x"))).toMatchObject({
      code: "backend_error",
      reason: expect.stringContaining("bytes"),
    })
    expect(lost).toEqual(["1", "2"])
  })

  test("that broke is cancelled at the server when the caller gives up", async () => {
    const cancellation = new Cancellation()
    const { call, server } = await resumable(
      (_, response) => {
        stream(response).end("id: 1\nretry: 30000\ndata: \n\n")
        response.on("close", () => cancellation.cancel())
      },
      () => (_, response) => void stream(response).end(),
    )
    expect(refusal(await call("x", { cancellation })).code).toBe("cancelled")
    await until(() => server.methods().includes("notifications/cancelled"))
    expect(countOf(server.methods(), "GET")).toBe(0)
  })

  test.each([
    ["an id that is no header", `id: a b\ndata: \n\n`],
    ["an empty id", "id: 1\ndata: \n\nid\ndata: \n\n"],
    ["an id of many characters", `id: ${"x".repeat(2_000)}\ndata: \n\n`],
  ])("is not taken up after %s", async (_, opening) => {
    const { call, lost } = await resumable(
      (__, response) => void stream(response).end(opening),
      () => (__, response) => void stream(response).end(),
    )
    expect(refusal(await call("x")).code).toBe("backend_unavailable")
    expect(lost).toEqual([])
  })
})

describe("the wait before a stream is taken up", () => {
  const broken = { lastEventId: "1", retryMs: undefined, bytes: 0, takenUp: undefined }
  const next = (of: Parameters<typeof nextAttempt>[0]) => nextAttempt(of, 100)

  test("is what the server asked for, up to half a minute, and a second otherwise", () => {
    expect(next({ ...broken, retryMs: 0 })).toMatchObject({ waitMs: 0 })
    expect(next({ ...broken, retryMs: 500 })).toMatchObject({ waitMs: 500 })
    expect(next({ ...broken, retryMs: 1e12 })).toMatchObject({ waitMs: 30_000 })
    expect(next(broken)).toMatchObject({ waitMs: 1_000 })
  })

  test("is a tenth of a second at least for who sends us away too often", () => {
    const waits: (number | undefined)[] = []
    let takenUp: ReturnType<typeof next>
    for (let n = 0; n < 12; n++) {
      takenUp = next({ ...broken, lastEventId: String(n), retryMs: 0, takenUp })
      waits.push(takenUp?.waitMs)
    }
    expect(waits).toEqual([...Array(10).fill(0), 100, 100])
    expect(next({ ...broken, retryMs: 500, takenUp })).toMatchObject({ waitMs: 500 })
  })

  test("stays what the server asked for on the stream before", () => {
    const takenUp = next({ ...broken, retryMs: 700 })
    expect(next({ ...broken, lastEventId: "", takenUp })).toMatchObject({ waitMs: 700 })
  })
})
