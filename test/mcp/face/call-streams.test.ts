import { describe, expect, test } from "vitest"
import type { JsonObject } from "../../../src/schema/json.ts"

import { type FakeBackend, fakeGateway } from "../../support/face-gateway.ts"
import {
  as,
  ask,
  events,
  faceServer,
  http,
  json,
  legacy,
  modern,
  opened,
  post,
  posting,
  session,
} from "../../support/face-server.ts"
import { eventually, reading, sessionStream } from "../../support/face-stream.ts"

const before = {
  tools: { "a@1": {}, "b@1": {} },
  agents: { "reader@1": ["a@1"], "other@1": ["b@1"] },
}

describe("the stream of a call", () => {
  const progress = (value: number) => ({
    jsonrpc: "2.0",
    method: "notifications/progress",
    params: { progressToken: "p", progress: value },
  })
  const busy: FakeBackend = async ({ onNotification }) => {
    onNotification?.(progress(1))
    onNotification?.(progress(2))
    return { kind: "result", result: { content: [] } }
  }
  const call = (agent: string, headers: Record<string, string> = {}) =>
    posting(modern("tools/call", { name: "a", _meta: { progressToken: "p" } }).message, {
      ...modern("tools/call", { name: "a" }).headers,
      ...as(agent),
      ...headers,
    })

  test("has the progress, then the result, in either era", async () => {
    const { port } = await faceServer(fakeGateway(before, busy))
    const answers = [
      await http(port, call("reader@1")),
      await post(
        port,
        legacy("tools/call", { name: "a", _meta: { progressToken: "p" } }),
        await session(port, "reader@1"),
      ),
    ]
    expect(answers[0]?.text).not.toMatch(/^(id|retry):/m) // the modern era resumes nothing
    for (const { headers, status, text } of answers) {
      expect(status).toBe(200)
      expect(headers["content-type"]).toBe("text/event-stream")
      expect(events(text)).toMatchObject([
        progress(1),
        progress(2),
        { id: 1, result: { content: [] } },
      ])
    }
  })

  test("is plain JSON for who accepts no stream; the progress is lost", async () => {
    const gateway = fakeGateway(before, busy)
    const { port } = await faceServer(gateway)
    const answer = await http(port, call("reader@1", { accept: "application/json" }))
    expect(json(answer)).toMatchObject({ id: 1, result: { content: [] } })
    expect(gateway.calls[0]?.onNotification).toBeUndefined()
  })

  test("carries an error, too, when it has begun", async () => {
    const { port } = await faceServer(
      fakeGateway(before, ({ onNotification }) => {
        onNotification?.(progress(1))
        return { kind: "error", error: { code: -32000, message: "no" } }
      }),
    )
    const { status, text } = await http(port, call("reader@1"))
    expect(status).toBe(200)
    expect(events(text)).toMatchObject([progress(1), { id: 1, error: { code: -32000 } }])
  })

  test("takes no progress after the result", async () => {
    let late: ((notification: never) => void) | undefined
    const { port } = await faceServer(
      fakeGateway(before, ({ onNotification }) => {
        late = onNotification as typeof late
        return { kind: "result", result: { content: [] } }
      }),
    )
    const answer = await http(port, call("reader@1"))
    expect(answer.headers["content-type"]).toBe("application/json")
    expect(() => late?.(progress(9) as never)).not.toThrow()
    expect((await http(port, call("reader@1"))).status).toBe(200)
  })

  test("begins by itself when nothing is heard for long, and stays open", async () => {
    const gate = Promise.withResolvers<void>()
    const gateway = fakeGateway(before, async () => {
      await gate.promise
      return { kind: "result", result: { content: [] } }
    })
    const { port } = await faceServer(gateway, { limits: { keepAliveMs: 30 } })
    const stream = reading(await opened(port, call("reader@1")))
    expect(stream.incoming.headers["content-type"]).toBe("text/event-stream")
    await eventually(() => stream.text()).toMatch(/^(: ka\n\n){2,}$/)
    gate.resolve()
    expect(await stream.arrived(1)).toMatchObject([{ id: 1, result: { content: [] } }])
    await stream.over()
  })

  test("may lose its reader in a legacy session, and the call goes on in silence", async () => {
    const gate = Promise.withResolvers<void>()
    const gateway = fakeGateway(before, async () => {
      await gate.promise
      return { kind: "result", result: { content: [] } }
    })
    const {
      events: logged,
      face,
      port,
    } = await faceServer(gateway, { limits: { keepAliveMs: 30 } })
    const headers = await session(port, "reader@1")
    const lost = await opened(port, posting(legacy("tools/call", { name: "a" }), headers))
    lost.on("error", () => undefined) // it is cut from this side
    lost.destroy()
    const witness = await sessionStream(port, headers)
    await eventually(() => witness.text()).toMatch(/(: ka\n\n){3,}$/) // the lost one would have had as many
    expect(gateway.calls[0]?.cancellation?.isCancelled).toBe(false)
    gate.resolve()
    await eventually(() => face.stats().inFlight).toBe(0)
    expect(gateway.records.at(-1)).toMatchObject({ kind: "call", outcome: "ok" })
    expect(logged).toEqual([])
  })

  test("may end with a result that is larger than its buffer", async () => {
    const text = "x".repeat(200_000)
    const { port } = await faceServer(
      fakeGateway(before, ({ onNotification }) => {
        onNotification?.(progress(1))
        return { kind: "result", result: { content: [{ type: "text", text }] } }
      }),
      { limits: { streamBufferBytesMax: 10_000 } },
    )
    const answer = await http(port, call("reader@1"))
    expect(events(answer.text).at(-1)).toMatchObject({ result: { content: [{ text }] } })
  })

  test("has what is too long for it without its words, and the result all the same", async () => {
    const long = "x".repeat(20_000)
    const note = (method: string, params: JsonObject) => ({ jsonrpc: "2.0", method, params })
    const sent = [
      note("notifications/progress", { progressToken: "p", progress: 1, total: 2, message: long }),
      note("notifications/message", { level: "error", logger: long, data: { long } }),
      note("notifications/progress", { progressToken: long, progress: 2 }),
      note("notifications/x-vendor", { long }),
      progress(3),
    ]
    const { port } = await faceServer(
      fakeGateway(before, ({ onNotification }) => {
        for (const one of sent) onNotification?.(one)
        return { kind: "result", result: { content: [] } }
      }),
      { limits: { streamBufferBytesMax: 10_000 } },
    )
    const headers = await session(port, "reader@1")
    const answer = await post(port, legacy("tools/call", { name: "a" }), headers)
    expect(events(answer.text)).toEqual([
      note("notifications/progress", { progressToken: "p", progress: 1, total: 2 }),
      note("notifications/message", {
        level: "error",
        logger: long.slice(0, 256),
        data: expect.stringContaining("limits.streamBufferBytes"),
      }),
      progress(3),
      { jsonrpc: "2.0", id: 1, result: { content: [] } },
    ])
  })

  test("is cut when its reader does not read, and the gateway forgets what waited", async () => {
    const cancelled = Promise.withResolvers<void>()
    const gateway = fakeGateway(before, ({ onNotification, cancellation }) => {
      const data = "x".repeat(100_000)
      const flood = setInterval(() => onNotification?.({ ...progress(1), data }), 1)
      return new Promise((resolve) => {
        cancellation?.listen({
          cancelled() {
            clearInterval(flood)
            cancelled.resolve()
            resolve({ kind: "refusal", refusal: { code: "cancelled", reason: "cut" } })
          },
        })
      })
    })
    const { port } = await faceServer(gateway, { limits: { streamBufferBytesMax: 300_000 } })
    const slow = await opened(port, call("reader@1"))
    slow.on("error", () => undefined) // being cut is what is expected
    slow.pause()
    await cancelled.promise
    expect((await ask(port, "other@1", "tools/list")).status).toBe(200)
    slow.destroy()
  })
})

describe("draining", () => {
  test("waits for the calls under way", async () => {
    const gate = Promise.withResolvers<void>()
    const gateway = fakeGateway(before, async () => {
      await gate.promise
      return { kind: "result", result: { content: [] } }
    })
    const { port, face } = await faceServer(gateway)
    const answer = ask(port, "reader@1", "tools/call", { name: "a" })
    await eventually(() => face.stats().inFlight).toBe(1)
    let isDrained = false
    const drained = face.drain().then(() => {
      isDrained = true
    })
    expect((await ask(port, "reader@1", "tools/list")).status).toBe(200)
    expect(isDrained).toBe(false)
    gate.resolve()
    await drained
    expect((await answer).status).toBe(200)
    expect(face.stats()).toMatchObject({ inFlight: 0, requests: 2 })
  })

  test("opens no stream any more", async () => {
    const { port, face } = await faceServer(fakeGateway(before))
    const headers = await session(port, "reader@1")
    await face.drain()
    expect((await sessionStream(port, headers)).incoming.statusCode).toBe(503)
  })
})
