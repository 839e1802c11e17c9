import type { ServerResponse } from "node:http"
import { exportJWK, exportPKCS8, type JSONWebKeySet } from "jose"
import { describe, expect, test } from "vitest"
import { json, startAuthorizationServer } from "../../../support/authorization-server.ts"
import { clientCredentials, openProved } from "../../../support/backend-credentials.ts"
import { refusal, text, until } from "../../../support/backend-world.ts"
import { type Algorithm, makeKey } from "../../../support/issuer.ts"

const secret = "gateway-secret-31d9"

describe("a client proves itself", () => {
  test.each([
    ["client_secret_basic", "basic gateway"],
    ["client_secret_post", "post gateway"],
  ] as const)("with %s", async (method, client) => {
    await using server = await startAuthorizationServer()
    const authorization = clientCredentials(server, { proof: { kind: "secret", secret, method } })
    const { call } = await openProved("modern", server, { authorization })
    expect(text(await call("echo"))).toBe("null")
    expect(server.requests.map((request) => request.client)).toEqual([client])
  })

  test("with basic, whatever characters its name and secret have", async () => {
    const odd = { id: "a:b c/ü", secret: "100% +&=:é\u{1f511}" }
    await using server = await startAuthorizationServer({ [odd.id]: { secret: odd.secret } })
    const authorization = clientCredentials(server, {
      clientId: odd.id,
      proof: { kind: "secret", secret: odd.secret, method: undefined },
    })
    const { call } = await openProved("modern", server, { authorization })
    expect(text(await call("echo"))).toBe("null")
  })

  test.each<[Algorithm, string | undefined]>([
    ["ES256", undefined],
    ["EdDSA", undefined],
    ["RS256", undefined],
    ["PS256", "PS256"],
  ])("with an assertion signed by a key for %s", async (made, algorithm) => {
    const pair = await makeKey("gateway-key", made)
    await using server = await startAuthorizationServer({ gateway: { keys: { keys: [pair.jwk] } } })
    const key = await exportPKCS8(pair.privateKey)
    const proof = {
      kind: "key",
      key,
      keyId: "gateway-key",
      algorithm,
      audience: undefined,
    } as const
    const authorization = clientCredentials(server, { proof })
    const { call } = await openProved("modern", server, { authorization })
    expect(text(await call("echo"))).toBe("null")
    server.revoke()
    expect(text(await call("echo"))).toBe("null")
    expect(server.requests.map((request) => request.client)).toEqual([
      `${made} gateway`,
      `${made} gateway`,
    ])
    const [one, other] = server.requests.map(({ form }) => form.get("client_assertion"))
    expect(one).not.toBe(other)
  })

  test("with an assertion for another audience, and with a key as JWK", async () => {
    const pair = await makeKey("k", "EdDSA")
    const keys: JSONWebKeySet = { keys: [pair.jwk] }
    await using server = await startAuthorizationServer({ gateway: { keys } })
    const key = JSON.stringify(await exportJWK(pair.privateKey))
    const proof = { kind: "key", key, keyId: "k", algorithm: undefined } as const
    const told = clientCredentials(server, { proof: { ...proof, audience: server.issuer } })
    const right = await openProved("modern", server, { authorization: told })
    expect(text(await right.call("echo"))).toBe("null")
    const other = clientCredentials(server, { proof: { ...proof, audience: "https://elsewhere" } })
    const wrong = await openProved("modern", server, { authorization: other })
    expect(refusal(await wrong.call("echo"))).toHaveProperty(
      "reason",
      expect.stringContaining("it answered 401 (invalid_client)"),
    )
  })
})

test("a token that is refused for what is asked of it is logged, once for each attempt", async () => {
  await using server = await startAuthorizationServer()
  server.state.act = (response) => json(response, { error: "invalid_scope" }, 400)
  const { call, events } = await openProved("modern", server)
  await Promise.all([call("echo"), call("echo")])
  await call("echo")
  const told = events.filter(({ event }) => event === "token_unavailable")
  expect(told.map(({ fields }) => fields["reason"])).toEqual([
    `${server.tokenEndpoint}: it answered 400 (invalid_scope)`,
  ])
})

test("a token request asks for scopes, audiences and resources", async () => {
  await using server = await startAuthorizationServer()
  const authorization = clientCredentials(server, {
    scopes: ["files:read", "files:write"],
    audience: ["files", "more"],
    resource: ["https://files.example/mcp"],
  })
  const { call } = await openProved("modern", server, { authorization })
  expect(text(await call("echo"))).toBe("null")
  expect([...(server.requests[0]?.form ?? [])]).toEqual([
    ["grant_type", "client_credentials"],
    ["scope", "files:read files:write"],
    ["audience", "files"],
    ["audience", "more"],
    ["resource", "https://files.example/mcp"],
  ])
})

describe("an issuer", () => {
  const known = ({ issuer }: { issuer: string }) =>
    clientCredentials({ tokenEndpoint: "" }, { server: { issuer, tokenEndpoint: undefined } })

  test.each([
    ["", "/.well-known/oauth-authorization-server"],
    ["/tenant", "/.well-known/oauth-authorization-server/tenant"],
  ])("with the path %j says where its token endpoint is, once", async (path, place) => {
    await using server = await startAuthorizationServer(undefined, { path })
    const { call } = await openProved("modern", server, { authorization: known(server) })
    await Promise.all([call("echo"), call("echo")])
    server.revoke()
    expect(text(await call("echo"))).toBe("null")
    expect(server.lookups).toEqual([place])
    expect(server.requests).toHaveLength(2)
  })

  test("that knows only OpenID Connect's place for metadata is understood", async () => {
    await using server = await startAuthorizationServer(undefined, { path: "/tenant" })
    server.state.isOpenIdOnly = true
    const { call } = await openProved("modern", server, { authorization: known(server) })
    expect(text(await call("echo"))).toBe("null")
    expect(server.lookups.at(-1)).toBe("/tenant/.well-known/openid-configuration")
  })

  test("that takes secrets in the form only is given them there", async () => {
    await using server = await startAuthorizationServer()
    server.state.metadata = { token_endpoint_auth_methods_supported: ["client_secret_post"] }
    const { call } = await openProved("modern", server, { authorization: known(server) })
    expect(text(await call("echo"))).toBe("null")
    expect(server.requests[0]?.client).toBe("post gateway")
  })

  test("whose endpoint moves is asked again where it is", async () => {
    await using server = await startAuthorizationServer()
    const { call, clock } = await openProved("modern", server, { authorization: known(server) })
    expect(text(await call("echo"))).toBe("null")
    server.state.tokenPath = "/oauth/token"
    clock.advance(3_600_000 - 1)
    expect(refusal(await call("echo"))).toHaveProperty("reason", expect.stringMatching(/404/))
    clock.advance(60_000)
    expect(text(await call("echo"))).toBe("null")
  })

  test.each<[string, object, string]>([
    ["of another issuer", { issuer: "https://evil.example" }, "another issuer's"],
    ["of itself with a slash more", { issuer: "SELF/" }, "another issuer's"],
    ["without an endpoint", { token_endpoint: null }, "no token endpoint"],
    [
      "with an endpoint elsewhere, without TLS",
      { token_endpoint: "http://127.0.0.1:9/t" },
      "no token endpoint",
    ],
    ["with an endpoint that is none", { token_endpoint: ["x"] }, "no token endpoint"],
  ])("with metadata %s is not believed, and gets no secret", async (_, metadata, words) => {
    await using server = await startAuthorizationServer()
    const written = JSON.stringify(metadata).replace("SELF", server.issuer)
    server.state.metadata = JSON.parse(written)
    const { call } = await openProved("modern", server, { authorization: known(server) })
    const refused = refusal(await call("echo"))
    expect(refused).toHaveProperty("reason", expect.stringContaining(words))
    expect(JSON.stringify(refused)).not.toContain("evil")
    expect(server.requests).toEqual([])
  })
})

describe("an answer of the token endpoint", () => {
  const good = { access_token: "a-good-token-of-some-length", token_type: "Bearer" }
  const canary = "canary-in-the-answer"
  const send =
    (body: unknown, status = 200) =>
    (response: ServerResponse) =>
      json(response, body, status)
  const pour = (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "application/json" })
    const more = () => {
      while (!response.destroyed && response.write(`"${canary.repeat(1_000)}",`));
    }
    response.on("drain", more)
    more()
  }
  const faults: [string, (response: ServerResponse) => void, RegExp][] = [
    ["503", send({ error: canary }, 503), /it answered 503$/],
    [
      "400 with a code that is known",
      send({ error: "invalid_scope", error_description: canary }, 400),
      /it answered 400 \(invalid_scope\)$/,
    ],
    ["400 with a code that is not", send({ error: canary }, 400), /it answered 400$/],
    ["401", send({ error: "invalid_client", error_uri: canary }, 401), /401 \(invalid_client\)$/],
    ["429", send({}, 429), /it answered 429$/],
    [
      "a redirect",
      (response) => void response.writeHead(307, { location: `/${canary}` }).end(),
      /has the status 307$/,
    ],
    ["HTML", (response) => void response.writeHead(200).end(`<html>${canary}`), /is not JSON$/],
    [
      "half of its JSON",
      (response) => void response.writeHead(200).end(`{"access_token":"${canary}`),
      /is not JSON$/,
    ],
    ["no object", send([canary]), /no object$/],
    ["nothing", (response) => void response.writeHead(204).end(), /has the status 204$/],
    [
      "a token that no header can carry",
      send({ ...good, access_token: `${canary}\r\nx: y` }),
      /cannot be sent/,
    ],
    [
      "a token of 20,000 characters",
      send({ ...good, access_token: canary.repeat(1_000) }),
      /cannot be sent/,
    ],
    ["a token that is no text", send({ ...good, access_token: { [canary]: 1 } }), /cannot be sent/],
    ["no token", send({ token_type: "Bearer" }), /cannot be sent/],
    ["a token of another type", send({ ...good, token_type: "DPoP" }), /no bearer token$/],
    [
      "a refresh token",
      send({ ...good, issued_token_type: "urn:ietf:params:oauth:token-type:refresh_token" }),
      /something else/,
    ],
    ["a token that is over", send({ ...good, expires_in: 0 }), /over already/],
    ["a token that was over before", send({ ...good, expires_in: -1 }), /over already/],
    ["a token that ends some time", send({ ...good, expires_in: canary }), /over already/],
    [
      "__proto__",
      send('{"__proto__":{"access_token":"x","token_type":"Bearer"}}'),
      /no bearer token$/,
    ],
    ["more than there may be", pour, /larger than 65536 bytes$/],
    [
      "something compressed",
      (response) => void response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
      /encoded/,
    ],
    [
      "no HTTP",
      (response) => void response.socket?.end("SSH-2.0-x\r\n"),
      /cannot be reached: HTTPParserError/,
    ],
    ["a reset", (response) => void response.socket?.resetAndDestroy(), /cannot be reached: /],
  ]
  test.each(faults)(
    "that is %s is a refusal that shows nothing of it, and the next one counts",
    async (_, act, words) => {
      await using server = await startAuthorizationServer()
      server.state.act = act
      const { backends, call, clock, events } = await openProved("modern", server)
      const refused = refusal(await call("echo"))
      expect(refused).toMatchObject({ code: "backend_unavailable", fate: "unsent" })
      expect("reason" in refused && refused.reason).toMatch(words)
      expect(JSON.stringify([refused, events, backends.status()])).not.toContain(canary)
      expect(events.map(({ event }) => event)).toContain("backend_down")
      server.state.act = undefined
      clock.advance(60_000)
      await until(async () => (await call("echo")).kind === "result")
    },
  )

  test("that does not come in time is waited for no longer", async () => {
    await using server = await startAuthorizationServer()
    server.state.act = () => {}
    const options = { limits: { tokenMs: 300 } }
    const { call } = await openProved("modern", server, { options })
    expect(refusal(await call("echo"))).toHaveProperty(
      "reason",
      expect.stringContaining("it did not answer within 300 ms"),
    )
  })

  test.each([
    ["60", 60],
    [undefined, 300],
    [1e9, 86_400],
  ])("with expires_in %j makes a token for %i seconds at most", async (expiresIn, seconds) => {
    await using server = await startAuthorizationServer()
    server.state.expiresIn = expiresIn
    const { call, clock } = await openProved("modern", server)
    await call("echo")
    clock.advance(seconds * 700)
    await call("echo")
    expect(server.requests).toHaveLength(1)
    clock.advance(seconds * 300)
    expect(text(await call("echo"))).toBe("null")
    expect(server.requests).toHaveLength(2)
  })

  test("that nobody can give makes all wait, for longer each time, and no other server", async () => {
    await using server = await startAuthorizationServer()
    await using other = await startAuthorizationServer()
    const limits = { backoffMs: 1_000, backoffMaxMs: 8_000 }
    const { call, clock } = await openProved("modern", server, { options: { limits } })
    const fine = await openProved("modern", other)
    await call("echo")
    await server.close()
    clock.advance(3_600_000)
    const waits: unknown[] = []
    for (const before of [1, 2, 3]) {
      const failed = await Promise.all(Array.from({ length: 50 }, () => call("echo")))
      const [refused] = failed.map(refusal)
      waits.push(
        refused && "retryAfterMs" in refused && (refused.retryAfterMs ?? 0) >= before * 1_000,
      )
      expect(new Set(failed.map((reply) => refusal(reply).code))).toEqual(
        new Set(["backend_unavailable"]),
      )
      clock.advance(10_000)
    }
    expect(waits).toEqual([true, true, true])
    expect(text(await fine.call("echo"))).toBe("null")
  })
})
