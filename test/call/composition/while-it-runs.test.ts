import { describe, expect, test } from "vitest"
import type { BackendReply, BackendRequest } from "../../../src/call/backends.ts"
import { Cancellation } from "../../../src/call/cancellation.ts"
import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import {
  composed,
  failing,
  fields,
  pipeline,
  reading,
  step,
  textIn,
  value,
  valueIn,
} from "../../support/composed.ts"
import { evidence } from "../../support/evidence.ts"
import { agentOf, toolDependency } from "../../support/registries.ts"

describe("a caller that gives up", () => {
  test("cancels every call that its composition is making, and no more are made", async () => {
    const cancellations: BackendRequest["cancellation"][] = []
    const cancellation = new Cancellation()
    const { call, records } = composed({
      tools: { a: reading, b: reading, last: {} },
      compositions: {
        c: pipeline(
          step("a", { input: { path: "$" } }),
          step("b", { input: { path: "$" } }),
          step("last"),
        ),
      },
      backend: ({ cancellation: own }) => {
        cancellations.push(own)
        if (cancellations.length === 2) queueMicrotask(() => cancellation.cancel())
        return new Promise((resolve) => {
          const reply: BackendReply = {
            kind: "refusal",
            refusal: { code: "cancelled", reason: "", fate: "lost" },
          }
          own?.listen({ cancelled: () => resolve(reply) })
        })
      },
    })
    expect(await call("c", {}, { cancellation })).toMatchObject({
      kind: "refusal",
      refusal: { code: "cancelled" },
    })
    expect(cancellations.map((one) => one?.isCancelled)).toEqual([true, true])
    await expect.poll(() => records.length).toBe(3)
    expect(records.map(({ refusal }) => refusal)).toEqual(["cancelled", "cancelled", "cancelled"])
  })
})

describe("progress", () => {
  const heard = (notifications: JsonObject[]) =>
    notifications.map(({ params }) => (isObject(params) ? params : {}))

  test("is told in the caller's terms, and a backend's own within the share of its step", async () => {
    const told: JsonObject[] = []
    const { call, requests } = composed({
      tools: { a: reading, b: reading },
      compositions: { c: pipeline(step("a", { name: "First" }), step("b")) },
      backend: ({ name, onNotification, meta }) => {
        const params = { progressToken: meta?.["progressToken"] ?? 0, progress: 1, total: 2 }
        if (name === "a") onNotification?.({ method: "notifications/progress", params })
        onNotification?.({ method: "notifications/message", params: { data: "inner" } })
        return value({})
      },
    })
    const onNotification = (notification: JsonObject) => void told.push(notification)
    await call("c", {}, { meta: { progressToken: "mine" }, onNotification })
    expect(heard(told)).toEqual([
      { progressToken: "mine", progress: 0.5, total: 2, message: "First" },
    ])
    expect(told[0]).toMatchObject({ jsonrpc: "2.0", method: "notifications/progress" })
    expect(requests[0]?.meta).toMatchObject({ progressToken: "step" })
    await call("c", {}, { onNotification })
    expect(told).toHaveLength(1)
    expect(requests.at(-1)?.meta).not.toHaveProperty("progressToken")
  })
})

describe("what a composition keeps for later", () => {
  const cached = pipeline(step("t", { cache: { ttlMs: 60_000 } }))

  test("is for the same caller alone", async () => {
    let calls = 0
    const { call } = composed({
      tools: { t: reading },
      compositions: { c: cached },
      more: {
        agents: ["a", "b"].map((name) => ({
          ...agentOf(name, [toolDependency("c")]),
          version: "1",
        })),
      },
      backend: () => value({ n: ++calls }),
    })
    const other = { evidence: evidence({ agentName: "b", agentVersion: "1" }) }
    const values = [
      await call("c"),
      await call("c"),
      await call("c", {}, other),
      await call("c", {}, other),
    ]
    expect(values.map(valueIn)).toEqual([{ n: 1 }, { n: 1 }, { n: 2 }, { n: 2 }])
  })

  test("by a part of the input is for the same place alone: elsewhere the rest may be another", async () => {
    const speaking = (lang: string) =>
      pipeline(
        step("t", {
          cache: { ttlMs: 60_000, key: ["$.q"] },
          input: fields({ q: { path: "$.q" }, lang: { constant: lang } }),
        }),
      )
    const { call, requests } = composed({
      tools: { t: reading },
      compositions: { de: speaking("de"), en: speaking("en") },
      backend: ({ params }) => value(params["arguments"] ?? null),
    })
    const values = [await call("de", { q: "x" }), await call("en", { q: "x" })]
    expect(values.map(valueIn)).toEqual([
      { q: "x", lang: "de" },
      { q: "x", lang: "en" },
    ])
    await call("de", { q: "x" })
    expect(requests).toHaveLength(2)
  })

  test("outlives the catalog, and errors are not kept", async () => {
    let calls = 0
    const { call, runs } = composed({
      tools: { t: reading },
      compositions: { c: cached },
      backend: () => (++calls === 1 ? failing("not now") : value({ n: calls })),
    })
    expect(textIn(await call("c"))).toContain("not now")
    expect(valueIn(await call("c"))).toEqual({ n: 2 })
    runs.use(new Map())
    expect(valueIn(await call("c"))).toEqual({ n: 2 })
  })
})

describe("a step that nobody waits for", () => {
  test("is recorded, does not change the answer, and ends before the gateway does", async () => {
    const gate = Promise.withResolvers<BackendReply>()
    const { call, records, detached, runs } = composed({
      tools: { t: reading, tap: {} },
      compositions: {
        c: pipeline(step("t"), step("tap", { detached: true, input: { path: "$" } })),
      },
      backend: ({ name }) => (name === "t" ? value({ n: 1 }) : gate.promise),
    })
    const answer = await call("c")
    expect(valueIn(answer)).toMatchObject({ n: 1 })
    const closed = runs.close(10_000)
    gate.resolve(failing("broken"))
    await closed
    expect(detached).toMatchObject([
      { id: "c/tap", result: { ok: false, error: { class: "tool" } } },
    ])
    expect(records.at(-1)).toMatchObject({
      kind: "step",
      outcome: "tool_error",
      note: { step: "tap" },
    })
  })

  test("is given up when it takes longer than the gateway waits at its end", async () => {
    let heard: BackendRequest["cancellation"]
    const { call, detached, runs } = composed({
      tools: { tap: {} },
      compositions: { c: pipeline(step("tap", { detached: true, input: { path: "$" } })) },
      backend: ({ cancellation }) => {
        heard = cancellation
        return new Promise(() => {})
      },
    })
    await call("c")
    await runs.close(0)
    await expect.poll(() => detached).toMatchObject([{ result: { error: { class: "cancelled" } } }])
    expect(heard?.isCancelled).toBe(true)
  })
})
