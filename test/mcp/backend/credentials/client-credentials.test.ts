import { describe, expect, test } from "vitest"
import { startAuthorizationServer } from "../../../support/authorization-server.ts"
import { eras, openProved } from "../../../support/backend-credentials.ts"
import { refusal, text, until } from "../../../support/backend-world.ts"

const hourMs = 3_600_000

describe.each(eras)("a %s server that wants a token", (era) => {
  test("is called with one that was asked for once, by however many calls at the start", async () => {
    await using server = await startAuthorizationServer()
    const { call, backend } = await openProved(era, server)
    const replies = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => call("echo", { arguments: { index } })),
    )
    expect(replies.map(text)).toEqual(replies.map((_, index) => JSON.stringify({ index })))
    expect(server.requests).toHaveLength(1)
    const [request] = server.requests
    expect(request?.client).toBe("basic gateway")
    expect(Object.fromEntries(request?.form ?? [])).toEqual({ grant_type: "client_credentials" })
    expect(new Set(backend.seen.map(({ headers }) => headers.authorization)).size).toBe(1)
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
      reason: expect.stringContaining("it answered 503"),
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
    const carriedOut = backend.behaviour.seen.filter((method) => method === "tools/call")
    expect(carriedOut).toHaveLength(301)
  })
})
