import { describe, expect, test } from "vitest"
import { Cancellation } from "../../../../src/call/cancellation.ts"
import { startAuthorizationServer } from "../../../support/authorization-server.ts"
import { eras, openProved } from "../../../support/backend-credentials.ts"
import type { Admits, HonestServer } from "../../../support/backend-http.ts"
import { refusal, text, until } from "../../../support/backend-world.ts"

const hourMs = 3_600_000

const callsAt = ({ behaviour }: HonestServer) =>
  behaviour.seen.filter((method) => method === "tools/call").length

describe.each(eras)("a %s server that wants a token", (era) => {
  test("is called with one that was asked for once, by however many calls at the start or when it is over", async () => {
    await using server = await startAuthorizationServer()
    const { call, backend, clock } = await openProved(era, server)
    const replies = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => call("echo", { arguments: { index } })),
    )
    expect(replies.map(text)).toEqual(replies.map((_, index) => JSON.stringify({ index })))
    expect(server.requests).toHaveLength(1)
    const [request] = server.requests
    expect(request?.client).toBe("basic gateway")
    expect(Object.fromEntries(request?.form ?? [])).toEqual({ grant_type: "client_credentials" })
    expect(new Set(backend.seen.map(({ headers }) => headers.authorization)).size).toBe(1)
    clock.advance(hourMs)
    const later = await Promise.all(Array.from({ length: 1_000 }, () => call("echo")))
    expect(new Set(later.map(text))).toEqual(new Set(["null"]))
    expect(server.requests).toHaveLength(2)
  })

  test("is given the next one before the first is over, and no call waits for it", async () => {
    await using server = await startAuthorizationServer()
    const { call, backend, clock } = await openProved(era, server)
    await call("echo")
    const first = backend.seen.at(-1)?.headers.authorization
    clock.advance(0.7 * hourMs)
    await call("echo")
    expect(server.requests).toHaveLength(1)
    const { promise: asked, resolve: answer } = Promise.withResolvers<string>()
    server.state.makeToken = () => asked
    clock.advance(0.2 * hourMs)
    expect(text(await call("echo"))).toBe("null") // while the next is on its way
    expect(text(await call("echo"))).toBe("null")
    expect(backend.seen.at(-1)?.headers.authorization).toBe(first)
    answer("the-next-token-0001")
    await until(async () => {
      await call("echo")
      return backend.seen.at(-1)?.headers.authorization === "Bearer the-next-token-0001"
    })
    expect(server.requests).toHaveLength(2)
  })

  test("is called with the old one while none is to be had, as long as that lasts", async () => {
    await using server = await startAuthorizationServer()
    const { call, clock } = await openProved(era, server)
    await call("echo")
    server.state.act = (response) => void response.writeHead(503).end()
    clock.advance(0.9 * hourMs)
    expect(text(await call("echo"))).toBe("null")
    await until(() => server.requests.length === 2)
    expect(text(await call("echo"))).toBe("null")
    clock.advance(0.1 * hourMs)
    expect(refusal(await call("echo"))).toMatchObject({
      code: "backend_unavailable",
      fate: "unsent",
      reason: expect.stringContaining("has the status 503"),
    })
    server.state.act = undefined
    clock.advance(60_000)
    expect(text(await call("echo"))).toBe("null")
  })

  test("that takes its tokens back is shown another, once, however many calls it refused", async () => {
    await using server = await startAuthorizationServer()
    const { call, backend } = await openProved(era, server)
    await call("echo")
    server.revoke()
    const replies = await Promise.all(Array.from({ length: 300 }, () => call("echo")))
    expect(new Set(replies.map(text))).toEqual(new Set(["null"]))
    expect(server.requests).toHaveLength(2)
    expect(callsAt(backend)).toBe(301)
  })

  test.each([401, 403])(
    "that answers %s to any token fails those calls, and the authorization server is asked seldom",
    async (status) => {
      await using server = await startAuthorizationServer()
      let isOpen = true
      const admits: Admits = ({ headers }) =>
        server.accepts(headers.authorization) && (isOpen || status)
      const { call, backend, clock } = await openProved(era, server, { admits })
      await call("echo")
      isOpen = false
      for (const reply of await Promise.all([1, 2, 3, 4].map(() => call("echo"))))
        expect(refusal(reply)).toMatchObject({
          code: "backend_error",
          isUnauthorized: true,
          fate: "rejected",
        })
      expect(server.requests).toHaveLength(2)
      const asked = backend.seen.length
      expect(refusal(await call("echo"))).toMatchObject({ isUnauthorized: true })
      expect(server.requests).toHaveLength(2) // it was renewed a moment ago
      expect(backend.seen.length).toBe(asked + 1)
      clock.advance(10_000)
      expect(refusal(await call("echo"))).toMatchObject({ isUnauthorized: true })
      expect(server.requests).toHaveLength(3)
      isOpen = true
      expect(text(await call("echo"))).toBe("null")
    },
  )

  test("that refuses even the handshake is down for a while, and says why", async () => {
    await using server = await startAuthorizationServer()
    let isOpen = false
    const { backends, call } = await openProved(era, server, { admits: () => isOpen })
    expect(refusal(await call("echo"))).toMatchObject({
      code: "backend_unavailable",
      reason: expect.stringContaining("does not accept the gateway's credentials"),
    })
    expect(backends.status()).toMatchObject([{ state: "down", lastError: "credentials" }])
    isOpen = true
    await until(async () => (await call("echo")).kind === "result")
  })

  test("keeps its connections and sessions when the token changes", async () => {
    await using server = await startAuthorizationServer()
    const { backends, call, backend } = await openProved(era, server)
    await call("echo")
    server.revoke()
    expect(text(await call("echo"))).toBe("null")
    expect(backends.status()).toMatchObject([{ state: "up", restarts: 0 }])
    const hellos = backend.behaviour.seen.filter((method) => method === "initialize")
    expect(hellos).toHaveLength(era === "legacy" ? 1 : 0)
  })

  test("is not called for a caller that gave up while there was no token", async () => {
    await using server = await startAuthorizationServer()
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const { call, backend, clock } = await openProved(era, server)
    await call("echo")
    clock.advance(hourMs)
    server.state.makeToken = async () => {
      await held
      return "the-late-token-0002"
    }
    const cancellation = new Cancellation()
    const given = call("echo", { cancellation })
    await until(() => server.requests.length === 2)
    cancellation.cancel()
    expect(refusal(await given).code).toBe("cancelled")
    const waiting = call("echo", { arguments: { n: 1 } })
    release()
    expect(text(await waiting)).toBe('{"n":1}')
    expect(callsAt(backend)).toBe(2)
  })
})

test("a server of HTTP+SSE is shown a token wherever it is asked something, and another when it refuses it", async () => {
  await using server = await startAuthorizationServer()
  const { backends, call, backend } = await openProved("sse", server)
  expect(text(await call("echo"))).toBe("null")
  server.revoke()
  expect(text(await call("echo"))).toBe("null")
  expect(backends.status()).toMatchObject([{ transport: "sse", restarts: 0 }])
  expect(server.requests).toHaveLength(2)
  const bare = backend.seen.filter(({ headers }) => headers.authorization === undefined)
  expect(bare).toEqual([])
})
