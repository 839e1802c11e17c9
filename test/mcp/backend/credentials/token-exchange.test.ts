import { describe, expect, test } from "vitest"
import type { SubjectToken } from "../../../../src/call/backends.ts"
import { Cancellation } from "../../../../src/call/cancellation.ts"
import {
  type AuthorizationServer,
  makeSubjects,
  startAuthorizationServer,
} from "../../../support/authorization-server.ts"
import {
  eras,
  openProved,
  type ProvedWorld,
  tokenExchange,
} from "../../../support/backend-credentials.ts"
import { catalogServer, refusal, text, until } from "../../../support/backend-world.ts"

const callers = await makeSubjects()
const { subjects } = callers

/** The token of a caller, as the way of a call carries it. */
const tokenOf = (sub: string, token: string): SubjectToken => ({
  key: `key-of-${sub}`,
  reveal: () => token,
})
const shown = async (sub: string) => tokenOf(sub, await callers.token(sub))

const openExchange = (
  era: (typeof eras)[number],
  server: AuthorizationServer,
  more: Parameters<typeof openProved>[2] = {},
) => openProved(era, server, { authorization: tokenExchange(server), ...more })

/** Who the server took each call for. */
const holders = ({ backend }: ProvedWorld, server: AuthorizationServer) =>
  backend.seen
    .filter(({ message }) => message.method === "tools/call")
    .map(({ headers }) => server.holder(headers.authorization))

describe.each(eras)("a %s server that is called with its caller's identity", (era) => {
  test("gets a token for the caller, and never the caller's own", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const world = await openExchange(era, server)
    const own = await shown("alice")
    expect(text(await world.call("echo", { subjectToken: own }))).toBe("null")
    expect(holders(world, server)).toEqual(["alice"])
    expect(server.requests.map(({ form }) => Object.fromEntries(form))).toEqual([
      {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        subject_token: own.reveal(),
        subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
        requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
      },
    ])
    expect(JSON.stringify(world.backend.seen)).not.toContain(own.reveal())
    expect(world.backends.takesSubjectTokens).toBe(true)
  })

  test("refuses callers without a token, before anything is asked of anyone", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const { call, backend } = await openExchange(era, server)
    expect(refusal(await call("echo"))).toEqual({
      code: "insufficient_trust",
      challenge: true,
      reason: expect.stringMatching(/^it@1 is called with its caller's own identity/),
    })
    expect([server.requests, backend.seen]).toEqual([[], []])
  })

  test("never sees two callers on one connection, in one session, or with one token", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const paths = new Map<string, Set<string>>()
    const world = await openExchange(era, server, {
      admits: ({ headers, socket }) => {
        const holder = server.holder(headers.authorization) ?? ""
        for (const way of [
          `socket ${socket.remotePort}`,
          `session ${headers["mcp-session-id"] ?? holder}`,
        ])
          paths.set(way, (paths.get(way) ?? new Set()).add(holder))
        return holder !== ""
      },
    })
    const names = ["alice", "bob", "carol"]
    const own = await Promise.all(names.map(shown))
    const calls = Array.from({ length: 300 }, async (_, index) => {
      const caller = index % names.length
      const args = { caller: names[caller] ?? "", index }
      const reply = await world.call(index % 2 ? "echo" : "slow", {
        arguments: args,
        subjectToken: own[caller],
      })
      return text(reply) === JSON.stringify(args)
    })
    expect(new Set(await Promise.all(calls))).toEqual(new Set([true]))
    expect(paths.size).toBeGreaterThan(names.length)
    expect([...paths.values()].filter((seen) => seen.size > 1)).toEqual([])
    expect(server.requests).toHaveLength(names.length)
    expect(world.backends.status()).toMatchObject([
      { state: "up", calls: 300, inFlight: 0, callers: 3, tokens: { requests: 3, failures: 0 } },
    ])
  })

  test("is shown a new token for the caller it refused", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const { call } = await openExchange(era, server)
    const [alice, bob] = [await shown("alice"), await shown("bob")]
    await call("echo", { subjectToken: alice })
    await call("echo", { subjectToken: bob })
    server.revoke()
    const replies = await Promise.all([1, 2, 3].map(() => call("echo", { subjectToken: alice })))
    expect(replies.map(text)).toEqual(["null", "null", "null"])
    expect(server.requests.map(({ form }) => form.get("subject_token"))).toEqual(
      [alice, bob, alice].map((token) => token.reveal()),
    )
    expect(text(await call("echo", { subjectToken: bob }))).toBe("null")
  })

  test("is shown another token when it refuses one in the handshake, or has lost the session, too", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    let asked = 0
    const { call, backend } = await openExchange(era, server, {
      admits: ({ headers }) => server.accepts(headers.authorization) && asked++ > 0,
    })
    const alice = await shown("alice")
    expect(text(await call("echo", { subjectToken: alice }))).toBe("null")
    expect(server.requests).toHaveLength(2)
    backend.forget()
    server.revoke()
    expect(refusal(await call("echo", { subjectToken: alice }))).toMatchObject({
      isUnauthorized: true,
    }) // renewed a moment ago
  })

  test("has one limit for all callers together, and lets those in first who came first", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const { backends, call } = await openExchange(era, server, {
      address: {
        options: {
          era: "auto",
          isolation: "shared",
          timeoutMs: 10_000,
          concurrencyMax: 2,
          queueMax: 1,
          answerBytesMax: 1_000_000,
        },
      },
    })
    const [alice, bob] = [await shown("alice"), await shown("bob")]
    await call("echo", { subjectToken: alice })
    await call("echo", { subjectToken: bob })
    const cancellations = [alice, bob].map((subjectToken) => {
      const cancellation = new Cancellation()
      return { cancellation, reply: call("wait", { subjectToken, cancellation }) }
    })
    const queued = call("echo", { subjectToken: bob })
    expect(backends.status()).toMatchObject([{ inFlight: 2, queued: 1 }])
    expect(refusal(await call("echo", { subjectToken: alice }))).toMatchObject({
      code: "overloaded",
    })
    cancellations[0]?.cancellation.cancel()
    expect(text(await queued)).toBe("null")
    cancellations[1]?.cancellation.cancel()
    await Promise.all(cancellations.map(({ reply }) => reply))
    expect(backends.status()).toMatchObject([{ inFlight: 0, queued: 0 }])
  })

  test("closes what a caller no longer uses, and begins anew with a new token", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const world = await openExchange(era, server, { options: { limits: { callerIdleMs: 100 } } })
    const alice = await shown("alice")
    await world.call("echo", { subjectToken: alice })
    await until(() => world.backends.status()[0]?.callers === 0)
    expect(world.backends.status()).toMatchObject([{ state: "idle", calls: 1 }])
    if (era === "legacy") await until(() => world.backend.methods().includes("DELETE"))
    await world.call("echo", { subjectToken: alice })
    expect(server.requests).toHaveLength(2)
    expect(world.backends.status()).toMatchObject([{ callers: 1, calls: 2 }])
  })

  test("makes room for another caller where one is idle, and refuses it where none is", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const { backends, call } = await openExchange(era, server, {
      options: { limits: { callersMax: 2 } },
    })
    const [alice, bob, carol] = [await shown("alice"), await shown("bob"), await shown("carol")]
    const waiting = [new Cancellation(), new Cancellation()]
    await call("echo", { subjectToken: alice })
    const first = call("wait", { subjectToken: bob, cancellation: waiting[0] })
    expect(text(await call("echo", { subjectToken: carol }))).toBe("null") // in the place of alice
    const second = call("wait", { subjectToken: carol, cancellation: waiting[1] })
    expect(refusal(await call("echo", { subjectToken: alice }))).toMatchObject({
      code: "overloaded",
      fate: "unsent",
      reason: expect.stringContaining("limits.backendCallers"),
    })
    expect(backends.status()).toMatchObject([{ callers: 2 }])
    for (const cancellation of waiting) cancellation.cancel()
    await Promise.all([first, second])
    expect(text(await call("echo", { subjectToken: alice }))).toBe("null")
  })

  test("keeps what it lists for one caller from the others", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const { backends } = await openExchange(era, server)
    const it = catalogServer("it")
    const alice = await shown("alice")
    const listed = await backends.list(it, "tools", "fresh", alice)
    expect(listed).toMatchObject({ isKnown: true })
    expect(await backends.list(it, "tools", "known", await shown("bob"))).not.toBe(listed)
    expect(await backends.list(it, "tools", "known")).toEqual({
      items: [],
      plain: [],
      ttlMs: 0,
      isKnown: false,
    })
    expect(backends.capabilities(it)).toBeUndefined()
    expect(backends.capabilities(it, alice)).toBeDefined()
  })

  test("ends calls in flight when it is closed, and refuses later ones", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const { backends, call } = await openExchange(era, server)
    const alice = await shown("alice")
    await call("echo", { subjectToken: alice })
    const waiting = call("wait", { subjectToken: alice })
    await backends.close()
    expect(refusal(await waiting).code).toBe("backend_unavailable")
    expect(refusal(await call("echo", { subjectToken: alice }))).toMatchObject({ fate: "unsent" })
  })
})

describe("an exchange", () => {
  test("that is refused for one caller is not asked for again at once, and others are served", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const { call, clock } = await openExchange("modern", server, {
      options: { limits: { backoffMs: 5_000 } },
    })
    const forged = tokenOf("mallory", "not.a.token")
    const refused = refusal(await call("echo", { subjectToken: forged }))
    expect(refused).toMatchObject({
      code: "backend_unavailable",
      fate: "unsent",
      reason: expect.stringMatching(
        /^no token from http:\S+\/token: it answered 400 \(invalid_request\)$/,
      ),
    })
    expect(JSON.stringify(refused)).not.toContain("not.a.token")
    await Promise.all([1, 2, 3].map(() => call("echo", { subjectToken: forged })))
    expect(server.requests).toHaveLength(1)
    expect(text(await call("echo", { subjectToken: await shown("alice") }))).toBe("null")
    clock.advance(10_000)
    await until(async () => {
      await call("echo", { subjectToken: forged })
      return server.requests.length === 3
    })
  })

  test("that was refused for one token of a caller is asked for at once with another", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const { call } = await openExchange("modern", server, {
      options: { limits: { backoffMs: 60_000, backoffMaxMs: 60_000 } },
    })
    const shownBefore = await callers.token("alice", { exp: 1 })
    const old = tokenOf("alice", shownBefore)
    expect(refusal(await call("echo", { subjectToken: old })).code).toBe("backend_unavailable")
    expect(text(await call("echo", { subjectToken: await shown("alice") }))).toBe("null")
    expect(server.requests).toHaveLength(2)
  })

  test("for another audience is refused", async () => {
    const elsewhere = await makeSubjects("elsewhere")
    await using server = await startAuthorizationServer(undefined, {
      subjects: { ...elsewhere.subjects, audience: "postern" },
    })
    const { call } = await openExchange("modern", server)
    const own = tokenOf("alice", await elsewhere.token("alice"))
    expect(refusal(await call("echo", { subjectToken: own })).code).toBe("backend_unavailable")
  })

  test("is renewed with the token of the call that finds it nearly over", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const { call, clock } = await openExchange("modern", server)
    const [first, second] = [
      await shown("alice"),
      tokenOf("alice", await callers.token("alice", { jti: "2" })),
    ]
    await call("echo", { subjectToken: first })
    clock.advance(0.9 * 3_600_000)
    expect(text(await call("echo", { subjectToken: second }))).toBe("null")
    await until(() => server.requests.length === 2)
    expect(server.requests[1]?.form.get("subject_token")).toBe(second.reveal())
  })

  test("says what kind of token it is, and who acts", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    const jwt = "urn:ietf:params:oauth:token-type:jwt"
    const authorization = tokenExchange(server, {
      subjectTokenType: jwt,
      actor: { token: "the-actors-token-77", tokenType: jwt },
      audience: ["files"],
    })
    const { call } = await openExchange("modern", server, { authorization })
    await call("echo", { subjectToken: await shown("alice") })
    expect(Object.fromEntries(server.requests[0]?.form ?? [])).toMatchObject({
      subject_token_type: jwt,
      actor_token: "the-actors-token-77",
      actor_token_type: jwt,
      audience: "files",
    })
  })

  test("is asked for seldom while the endpoint is away, however many callers there are", async () => {
    await using server = await startAuthorizationServer(undefined, { subjects })
    server.state.act = (response) => void response.writeHead(503).end()
    const { call, events } = await openExchange("modern", server, {
      options: { limits: { backoffMs: 60_000, backoffMaxMs: 60_000 } },
    })
    const names = Array.from({ length: 40 }, (_, index) => `caller-${index}`)
    for (const name of names) await call("echo", { subjectToken: await shown(name) })
    expect(server.requests).toHaveLength(1)
    expect(events.filter(({ event }) => event === "token_unavailable")).toHaveLength(1)
  })
})
