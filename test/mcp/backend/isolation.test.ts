import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { type Asked, Question } from "../../../src/call/interaction/question.ts"
import type { Isolation } from "../../../src/mcp/backend/lane.ts"
import { serveLegacy } from "../../support/backend-http.ts"
import { callerOf, peerOf } from "../../support/backend-peers.ts"
import { http, open, options, refusal, stdio, text, until } from "../../support/backend-world.ts"
import { isAlive } from "../../support/is-alive.ts"

const child = fileURLToPath(new URL("../../support/backend-child.ts", import.meta.url))
const isolated = (isolation: Isolation) =>
  stdio([child, "legacy"], { options: { ...options, era: "legacy", isolation } })

describe("a legacy server on stdio", () => {
  test("that all callers share is told that nobody can be asked, and asks nobody", async () => {
    const { call } = open(isolated("shared"))
    const ann = peerOf("ann", "s-1")
    expect(text(await call("ask", ann.request))).toContain("-32601")
    expect(ann.asked).toEqual([])
  })

  test("with a process for each session asks whose it is", async () => {
    const { backends, call } = open(isolated("session"))
    const peers = ["s-1", "s-2", "s-3"].map((session) => peerOf(session, session))
    const pids = await Promise.all(
      peers.map(async ({ request }) => text(await call("pid", request))),
    )
    expect(new Set(pids).size).toBe(3)
    const rounds = peers.map(async ({ request }) => {
      // The fake gives its questions the same ids each time, so one call after the other.
      for (let round = 0; round < 10; round++)
        expect(text(await call("ask", request))).toContain(`"said":"${request.session}"`)
    })
    await Promise.all(rounds)
    expect(backends.status()).toMatchObject([{ processes: 3, transport: "stdio", state: "up" }])
  })

  test("with a process for each session learns in that of the session that its roots changed", async () => {
    const { backends, call } = open(isolated("session"))
    const rooted = (session: string) => peerOf(session, session, { roots: {} }).request
    const [one, other, rootless] = [rooted("s-1"), rooted("s-2"), peerOf("s-1", "s-1").request]
    const requests = [one, other, rootless]
    for (const request of requests) await call("pid", request)
    backends.rootsChanged("s-1")
    const told = []
    for (const request of requests) told.push(text(await call("seen", request)))
    const changed = expect.stringContaining("notifications/roots/list_changed")
    expect(told).toEqual([
      changed,
      expect.not.stringContaining("roots"),
      expect.not.stringContaining("roots"),
    ])
  })

  test("with processes for each principal gives one that may ask one call at a time", async () => {
    const { backends, call } = open(isolated("principal"))
    const ann = peerOf("ann")
    await Promise.all([call("ask", ann.request), call("ask", ann.request)])
    expect(backends.status()).toMatchObject([{ processes: 2 }])
    await call("ask", ann.request)
    expect(backends.status()).toMatchObject([{ processes: 2 }]) // the first is free again
    expect(ann.asked.map(({ method }) => method)).toEqual(Array(3).fill("sampling/createMessage"))
  })

  test("keeps callers that cannot be asked apart, too, where it is told to", async () => {
    const { call } = open(isolated("principal"))
    const pid = async (name: string) => text(await call("pid", { caller: callerOf(name) }))
    expect(await pid("ann")).toBe(await pid("ann"))
    expect(await pid("ann")).not.toBe(await pid("bob"))
  })

  test("does not give one caller all of its processes", async () => {
    const limits = { childrenMax: 4, childrenPerCallerMax: 2 }
    const { backends, call } = open(isolated("session"), { limits })
    const greedy = ["s-1", "s-2", "s-3"].map((session) => peerOf("ann", session).request)
    const waiting = greedy.slice(0, 2).map((request) => call("wait", request))
    const [first, , third] = greedy
    expect(text(await call("pid", first))).toMatch(/^\d+$/) // in a process that works for it already
    expect(refusal(await call("pid", third))).toMatchObject({
      code: "overloaded",
      reason: expect.stringContaining("limits.backendProcessesPerCaller"),
      fate: "unsent",
    })
    for (const name of ["bob", "cat"])
      expect(text(await call("pid", peerOf(name, name).request))).toMatch(/^\d+$/)
    expect(backends.status()).toMatchObject([{ processes: 4 }])
    void waiting
  })

  test("has no more processes than it may, and none that nobody uses", async () => {
    const limits = { childrenMax: 1, childIdleMs: 200 }
    const { call } = open(isolated("principal"), { limits })
    const cancelled = call("wait", { caller: callerOf("ann") })
    const turnedAway = refusal(await call("pid", { caller: callerOf("bob") }))
    expect(turnedAway).toMatchObject({ code: "overloaded", fate: "unsent" })
    void cancelled
    const { call: other } = open(isolated("principal"), { limits })
    const pid = Number(text(await other("pid", { caller: callerOf("ann") })))
    await until(() => !isAlive(pid))
  })
})

describe("a legacy server over HTTP", () => {
  test("has a session for each set of capabilities and principal, and asks whose call it is", async () => {
    const server = await serveLegacy()
    const { call } = open(http(server.url, { options: { ...options, era: "legacy" } }))
    const peers = ["ann", "bob"].map((name) => peerOf(name))
    const calls = Array.from({ length: 50 }, (_, index) => peers[index % 2] ?? peerOf("nobody"))
    // The fake keeps questions by ids of its own, one at a time for each call.
    for (const { request } of calls) {
      const said = text(await call("ask", request))
      expect(said).toContain(`"said":"${request.caller?.principal}"`)
    }
    await call("echo")
    const declared = server.seen
      .filter(({ message }) => message.method === "initialize")
      .map(({ message }) => message.params?.["capabilities"])
    expect(declared).toEqual([{}, { sampling: {} }, { sampling: {} }])
  })

  test("is sent on what a client refuses, and hears that a call is over", async () => {
    const server = await serveLegacy()
    const { call } = open(http(server.url, { options: { ...options, era: "legacy" } }))
    const peer = {
      capabilities: { sampling: {} },
      ask(asked: Asked) {
        const question = new Question(asked, { waitMs: 1_000, untilMs: Number.POSITIVE_INFINITY })
        question.settle({ kind: "error", error: { code: -1, message: "no", data: { n: 1 } } })
        return question
      },
    }
    const said = text(await call("ask", { caller: callerOf("ann"), peer }))
    expect(said).toContain('"error":{"code":-1,"message":"no","data":{"n":1}}')
  })
})
