import { createHmac } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { exportSPKI, type JWTPayload } from "jose"
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { command } from "../support/command.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { callTool, refusalOf, startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { becomes } from "../support/e2e-process.ts"
import { both, http, modern } from "../support/face-server.ts"
import { makeKey } from "../support/issuer.ts"

const iss = "https://idp.example"
const registry = { tools: { echo: "web" }, agents: { a: ["echo"], b: [] } }
const key = await makeKey("k1", "RS256")
const seconds = () => Math.floor(Date.now() / 1_000)
const claims = (): JWTPayload => ({
  iss,
  aud: "postern",
  exp: seconds() + 600,
  agent_name: "a",
  agent_version: "1.0.0",
})

/** An issuer's key set on loopback; it counts how often it is asked. */
async function openIssuer(keys: object[] = [key.jwk]) {
  const state = { keys, fetches: 0 }
  const server = createServer((_, response) => {
    state.fetches++
    response.end(JSON.stringify({ keys: state.keys }))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo // it listens on TCP
  return { state, server, url: `http://127.0.0.1:${port}/jwks.json` }
}

let backend: TestBackend
let issuer: Awaited<ReturnType<typeof openIssuer>>
let gateway: TestGateway
const start = (jwks: unknown, more = {}) =>
  startGateway({
    registry,
    servers: { "web:1.0.0": { url: backend.url } },
    config: {
      listen: { port: 0, publicUrl: "https://gate.example/mcp", hosts: ["127.0.0.1"] },
      identity: { jwt: { issuer: iss, audience: "postern", jwks }, minTrust: "verified" } as never,
      ...more,
    },
  })
beforeAll(async () => {
  backend = await openBackend()
  issuer = await openIssuer()
  gateway = await start(issuer.url)
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
  issuer.server.close()
  issuer.server.closeAllConnections()
})

/** Asks under whatever the Authorization header proves. */
async function ask(authorization: string | undefined, of: { port: number } = gateway) {
  const { message, headers } = modern("tools/call", { name: "echo", arguments: { n: 1 } })
  const all = { ...headers, accept: both, "content-type": "application/json" }
  const sent = authorization === undefined ? all : { ...all, authorization }
  const answer = await http(of.port, { headers: sent, body: JSON.stringify(message) })
  const { result, error } = JSON.parse(answer.text)
  return { status: answer.status, headers: answer.headers, text: answer.text, result, error }
}

const good = async () => ask(`Bearer ${await key.sign(claims())}`)
const isServed = (answer: { status: number; result?: unknown }) => {
  expect(answer).toMatchObject({ status: 200, result: { content: [{ text: '{"n":1}' }] } })
}

/** Whatever came before, a good token is still believed. */
afterEach(async () => isServed(await good()))

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
const forged = (header: object, payload: object, signature: string) =>
  `${part(header)}.${part(payload)}.${signature}`

const hmac = (secret: string, alg = "HS256") => {
  const text = `${part({ alg, kid: "k1" })}.${part(claims())}`
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`
}

describe("a bearer token", () => {
  test("that is good says who calls", async () => {
    isServed(await good())
    expect(gateway.audit().at(-1)).toMatchObject({
      caller: { name: "a", version: "1.0.0", trust: "verified", by: ["jwt"], issuer: iss },
    })
  })

  const bad: [string, () => string | Promise<string>][] = [
    ["without a signature", async () => `${(await key.sign(claims())).replace(/[^.]*$/, "")}`],
    ["signed with another key", async () => (await makeKey("k1", "RS256")).sign(claims())],
    [
      "whose claims were changed",
      async () => {
        const [head, , signature] = (await key.sign(claims())).split(".")
        return `${head}.${part({ ...claims(), agent_name: "b" })}.${signature}`
      },
    ],
    ["with alg none", () => forged({ alg: "none" }, claims(), "")],
    ["with alg None and a signature", () => forged({ alg: "None", kid: "k1" }, claims(), "AAAA")],
    ["with HS256 over the public key as PEM", async () => hmac(await exportSPKI(key.publicKey))],
    ["with HS256 over the public key as JWK", () => hmac(JSON.stringify(key.jwk))],
    ["with HS256 over nothing", () => hmac("")],
    [
      "with its key inside",
      async () => {
        const own = await makeKey("k1", "RS256")
        const [, payload] = (await own.sign(claims())).split(".")
        return own.sign(claims(), { kid: "k1", ...({ jwk: own.jwk, x: payload } as object) })
      },
    ],
    [
      "with a key from an address of its choice",
      async () => {
        const own = await makeKey("k1", "RS256")
        return own.sign(claims(), { kid: "k1", ...({ jku: issuer.url } as object) })
      },
    ],
    ["for another audience", () => key.sign({ ...claims(), aud: "other" })],
    ["for nobody", () => key.sign(without("aud"))],
    ["of another issuer", () => key.sign({ ...claims(), iss: "https://evil.example" })],
    ["of an issuer with a slash more", () => key.sign({ ...claims(), iss: `${iss}/` })],
    ["of no issuer", () => key.sign(without("iss"))],
    ["that is over", () => key.sign({ ...claims(), exp: seconds() - 60 })],
    ["that never ends", () => key.sign(without("exp"))],
    ["that is not good yet", () => key.sign({ ...claims(), nbf: seconds() + 600 })],
    ["of an unknown kid", () => key.sign(claims(), { kid: "k9" })],
    ["bound to a key that was not shown", () => key.sign({ ...claims(), cnf: { jkt: "x" } })],
    ["that is no token", () => "abc"],
    ["of four parts", async () => `${await key.sign(claims())}.x`],
    [
      "of 12,000 characters",
      () => forged({ alg: "RS256", kid: "k1" }, claims(), "A".repeat(12_000)),
    ],
  ]
  test.each(bad)("%s is refused with 401", async (_, token) => {
    const before = backend.called.length
    const sent = await token()
    const answer = await ask(`Bearer ${sent}`)
    expect([answer.status, refusalOf(answer)]).toEqual([401, "invalid_credentials"])
    expect(answer.headers["www-authenticate"]).toMatch(
      /^Bearer resource_metadata="https:\/\/gate\.example\/\.well-known\/oauth-protected-resource\/mcp", error="invalid_token"/,
    )
    expect(answer.text).not.toContain(sent)
    expect(answer.error.message).toMatch(/^(invalid credentials|expired)$/)
    expect(backend.called).toHaveLength(before)
    expect(gateway.audit().at(-1)).toMatchObject({
      refusal: "invalid_credentials",
      decision: "refuse",
    })
  })

  test.each([
    ["no name", ["agent_name"]],
    ["neither name nor version", ["agent_name", "agent_version"]],
  ])("with %s names nobody, and is refused", async (_, missing) => {
    const answer = await ask(`Bearer ${await key.sign(without(...missing))}`)
    expect([answer.status, refusalOf(answer)]).toEqual([403, "unknown_caller"])
  })

  test("whose name is no text is refused", async () => {
    for (const agent_name of [7, ["a"], { a: 1 }, "", "x".repeat(5_000), "a\u0000"]) {
      const answer = await ask(`Bearer ${await key.sign({ ...claims(), agent_name })}`)
      expect([401, 403]).toContain(answer.status)
    }
  })

  test("that is missing: 401, and where to get one", async () => {
    const answer = await ask(undefined)
    expect([answer.status, refusalOf(answer)]).toEqual([401, "unknown_caller"])
    const at = "/.well-known/oauth-protected-resource/mcp"
    expect(answer.headers["www-authenticate"]).toContain(`https://gate.example${at}`)
    const metadata = await http(gateway.port, { method: "GET", path: at })
    expect(JSON.parse(metadata.text)).toMatchObject({
      resource: "https://gate.example/mcp",
      authorization_servers: [iss],
    })
  })

  test("sent in another scheme, or twice, is refused", async () => {
    expect((await ask("Basic YTpi")).status).toBeGreaterThanOrEqual(400)
    const token = await key.sign(claims())
    expect((await ask(`Bearer ${token}, Bearer ${token}`)).status).toBeGreaterThanOrEqual(400)
  })

  test("that contradicts the headers is refused, and headers alone are not enough", async () => {
    const token = await key.sign(claims())
    const other = await callTool(
      gateway,
      "b@1.0.0",
      "echo",
      {},
      { authorization: `Bearer ${token}` },
    )
    expect(refusalOf(other)).toBe("identity_conflict")
    expect(refusalOf(await callTool(gateway, "a@1.0.0", "echo"))).toBe("insufficient_trust")
  })

  test("that is not accepted is not asked for again by the commands: they say where the reason is", async () => {
    const env = { GOOD: await key.sign(claims()), BAD: "opaque" }
    const tools = (...options: string[]) =>
      command(["tools", "--url", gateway.url, ...options], env)
    const [bad, other, none] = await Promise.all([
      tools("--token", "BAD"),
      tools("--token", "GOOD", "--agent", "b@1.0.0"),
      tools(),
    ])
    expect(bad.stderr).toMatch(
      /^invalid credentials .*\n {2}what was sent is not accepted; .* audit/,
    )
    expect(other.stderr).toMatch(/^conflicting identities .*\n {2}.* name different agents/)
    expect(none.stderr).toMatch(/^unknown caller .*\n {2}send credentials: /)
  })
})

describe("a storm of unknown kids", () => {
  test("asks the issuer hardly ever, and holds up nobody", async () => {
    const before = issuer.state.fetches
    const storm = await Promise.all(
      Array.from({ length: 200 }, async (_, n) =>
        ask(`Bearer ${await key.sign(claims(), { kid: `unknown-${n}` })}`),
      ),
    )
    expect(new Set(storm.map(({ status }) => status))).toEqual(new Set([401]))
    expect(issuer.state.fetches - before).toBeLessThanOrEqual(2)
  })
})

describe("an issuer that is down", () => {
  test("from the start is 503 and no 401, makes the gateway unready, and is asked again", async () => {
    const away = await openIssuer()
    const { port } = away.server.address() as AddressInfo
    away.server.close()
    await once(away.server, "close")
    const own = await start(away.url)
    onTestFinished(() => own[Symbol.asyncDispose]())
    const token = `Bearer ${await key.sign(claims())}`
    const answer = await ask(token, own)
    expect([answer.status, refusalOf(answer)]).toEqual([503, "identity_unavailable"])
    expect(answer.headers["retry-after"]).toBeDefined()
    expect(answer.text).not.toContain(String(port))
    expect(await own.admin("/readyz")).toMatchObject({
      status: 503,
      text: expect.stringContaining("identity_unavailable"),
    })
    const back = createServer((_, response) => response.end(JSON.stringify({ keys: [key.jwk] })))
    back.listen(port, "127.0.0.1")
    onTestFinished(() => {
      back.close()
      back.closeAllConnections()
    })
    await becomes(async () => (await own.admin("/readyz")).status === 200, "ready")
    isServed(await ask(token, own))
  })

  test("later on is not noticed: the keys that were fetched are good", async () => {
    const failing = await openIssuer()
    const own = await start(failing.url)
    onTestFinished(() => own[Symbol.asyncDispose]())
    isServed(await ask(`Bearer ${await key.sign(claims())}`, own))
    failing.server.close()
    failing.server.closeAllConnections()
    isServed(await ask(`Bearer ${await key.sign({ ...claims(), jti: "another" })}`, own))
  })

  test("in another way: garbage for keys, private keys, an endless answer", async () => {
    const endless = createServer((_, response) => {
      response.writeHead(200)
      const pour = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      }
      response.on("drain", pour)
      pour()
    })
    const garbage = createServer((_, response) => response.end("<html>"))
    for (const server of [endless, garbage]) {
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      onTestFinished(() => {
        server.close()
        server.closeAllConnections()
      })
      const { port } = server.address() as AddressInfo
      const own = await start(`http://127.0.0.1:${port}/jwks.json`)
      const answer = await ask(`Bearer ${await key.sign(claims())}`, own)
      expect([answer.status, refusalOf(answer)]).toEqual([503, "identity_unavailable"])
      await own[Symbol.asyncDispose]()
    }
  })
})

const without = (...names: string[]): JWTPayload =>
  Object.fromEntries(Object.entries(claims()).filter(([name]) => !names.includes(name)))
