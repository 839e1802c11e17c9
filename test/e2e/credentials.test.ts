import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import {
  type AuthorizationServer,
  makeSubjects,
  startAuthorizationServer,
} from "../support/authorization-server.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import {
  callTool,
  logged,
  makeWorld,
  refusalOf,
  startGateway,
  type TestGateway,
} from "../support/e2e-gateway.ts"
import { becomes, postern } from "../support/e2e-process.ts"
import { both, http, modern } from "../support/face-server.ts"

const callers = await makeSubjects()
const secret = "gateway-secret-31d9"
const identity = {
  jwt: { issuer: "https://idp.example", audience: "postern", jwks: { keys: [callers.key.jwk] } },
  minTrust: "asserted",
}
const registry = {
  tools: {
    echo: "own",
    who: { server: "callers", as: "whoami" },
    change: { server: "callers", hasEffects: true },
  },
  agents: { a: ["echo", "who", "change"], b: ["who"] },
} as const

let server: AuthorizationServer
let own: TestBackend
let forCallers: TestBackend
let gateway: TestGateway
const shown: (string | undefined)[] = []

beforeAll(async () => {
  server = await startAuthorizationServer(undefined, callers)
  const admits = ({ headers }: { headers: { authorization?: string | undefined } }) => {
    shown.push(headers.authorization)
    return server.accepts(headers.authorization)
  }
  own = await openBackend({}, 0, admits)
  forCallers = await openBackend(
    { whoami: ({ headers, text }) => text(`you are ${server.holder(headers.authorization)}`) },
    0,
    admits,
  )
  gateway = await startGateway({
    registry,
    env: { CLIENT_SECRET: secret },
    servers: {
      "own:1.0.0": {
        url: own.url,
        auth: {
          clientCredentials: {
            issuer: server.issuer,
            clientId: "gateway",
            clientSecret: "${CLIENT_SECRET}",
          },
        },
      },
      "callers:1.0.0": {
        url: forCallers.url,
        auth: { tokenExchange: clientOf(server) },
      },
    },
    config: {
      listen: { port: 0, publicUrl: "https://gate.example/mcp", hosts: ["127.0.0.1"] },
      identity: identity as never,
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  for (const one of [own, forCallers, server]) await one[Symbol.asyncDispose]()
})

/** A call with a token of the caller's, as it came over HTTP. */
async function ask(token: string | undefined, name: string) {
  const { message, headers } = modern("tools/call", { name, arguments: {} })
  const who =
    token === undefined
      ? { "x-agent-name": "a", "x-agent-version": "1.0.0" }
      : { authorization: `Bearer ${token}` }
  const answer = await http(gateway.port, {
    headers: { ...headers, accept: both, "content-type": "application/json", ...who },
    body: JSON.stringify(message),
  })
  const { result, error } = JSON.parse(answer.text)
  return { ...answer, result, error }
}

const tokenOf = (sub: string, agent = "a", more = {}) =>
  callers.token(sub, { agent_name: agent, agent_version: "1.0.0", ...more })

describe("a server that wants a token", () => {
  test("is called with the gateway's own, whoever calls", async () => {
    expect(await callTool(gateway, "a@1.0.0", "echo", { n: 1 })).toMatchObject({
      content: [{ text: '{"n":1}' }],
    })
    expect((await ask(await tokenOf("alice"), "echo")).status).toBe(200)
    const clients = server.requests.filter(
      ({ form }) => form.get("grant_type") === "client_credentials",
    )
    expect(clients).toHaveLength(1)
  })

  test("is called for its caller where it is configured so, and each caller for itself", async () => {
    const [alice, bob] = [await tokenOf("alice"), await tokenOf("bob", "b")]
    const answers = await Promise.all([ask(alice, "who"), ask(bob, "who"), ask(alice, "who")])
    expect(answers.map(({ result }) => result.content[0].text)).toEqual([
      "you are alice",
      "you are bob",
      "you are alice",
    ])
    for (const token of [alice, bob]) expect(shown.join()).not.toContain(token)
    const another = await tokenOf("alice", "a", {
      jti: "another",
      exp: Math.floor(Date.now() / 1_000) + 900,
    })
    const before = server.requests.length
    expect((await ask(another, "who")).result.content[0].text).toBe("you are alice")
    expect(server.requests.length).toBe(before) // it says the same
  })

  test("is not called for a caller without a token: 401, where to get one, and the reason in the audit", async () => {
    const before = forCallers.called.length
    const answer = await ask(undefined, "change")
    expect([answer.status, refusalOf(answer)]).toEqual([401, "insufficient_trust"])
    expect(answer.headers["www-authenticate"]).toBe(
      'Bearer resource_metadata="https://gate.example/.well-known/oauth-protected-resource/mcp"',
    )
    expect(forCallers.called).toHaveLength(before)
    expect(gateway.audit().at(-1)).toMatchObject({
      kind: "call",
      decision: "refuse",
      refusal: "insufficient_trust",
      reason: expect.stringContaining("callers@1.0.0 is called with its caller's own identity"),
    })
  })

  test("that takes its tokens back is shown another, and nobody notices", async () => {
    const alice = await tokenOf("alice")
    await ask(alice, "who")
    await callTool(gateway, "a@1.0.0", "echo")
    server.revoke()
    expect((await ask(alice, "who")).result.content[0].text).toBe("you are alice")
    expect(await callTool(gateway, "a@1.0.0", "echo")).not.toHaveProperty("isError")
  })

  test("keeps its token when the registry changes", async () => {
    await callTool(gateway, "a@1.0.0", "echo")
    const before = server.requests.length
    gateway.writeRegistry({ ...registry, agents: { ...registry.agents, c: ["echo"] } })
    await becomes(
      async () => refusalOf(await callTool(gateway, "c@1.0.0", "echo")) === undefined,
      "c is served",
    )
    expect(server.requests.length).toBe(before)
  })

  test("is told of on /status and in the metrics", async () => {
    const { servers } = await gateway.status()
    expect(servers).toMatchObject([
      { server: { name: "own" }, state: "up", tokens: { kind: "client_credentials", failures: 0 } },
      { server: { name: "callers" }, state: "up", tokens: { kind: "token_exchange" } },
    ])
    const { text } = await gateway.admin("/metrics")
    expect(text).toMatch(/^postern_backend_token_requests_total\{server="own@1\.0\.0"\} [1-9]/m)
    expect(text).toMatch(/^postern_backend_callers\{server="callers@1\.0\.0"\} [1-9]/m)
  })

  test("is explained with where its tokens come from", async () => {
    const env = { CLIENT_SECRET: secret }
    const explain = (tool: string) =>
      postern(["explain", "--config", gateway.configFile, "--agent", "a@1.0.0", "--tool", tool], {
        env,
      })
    expect((await explain("echo")).stdout).toContain(
      `, with a token of gateway from ${server.issuer}/`,
    )
    expect((await explain("who")).stdout).toContain(
      `, with a token for its caller from ${server.tokenEndpoint}`,
    )
  })
})

describe("an authorization server that is away", () => {
  test("makes its own servers unavailable and no others, and is found again", async () => {
    await using away = await startAuthorizationServer()
    await using closed = await openBackend({}, 0, ({ headers }) =>
      away.accepts(headers.authorization),
    )
    await using open = await openBackend()
    away.state.act = (response) => void response.writeHead(503).end("out of order")
    await using own = await startGateway({
      registry: {
        tools: { echo: "closed", other: { server: "open", as: "echo" } },
        agents: { a: ["echo", "other"] },
      },
      env: { CLIENT_SECRET: secret },
      servers: {
        "closed:1.0.0": { url: closed.url, auth: { clientCredentials: clientOf(away) } },
        "open:1.0.0": { url: open.url },
      },
      config: { limits: { backendRetryWait: "200ms" } },
    })
    const refused = await callTool(own, "a@1.0.0", "echo")
    expect([refusalOf(refused), refused["content"]]).toEqual([
      "backend_unavailable",
      [{ type: "text", text: "echo is unavailable now" }],
    ])
    expect(own.audit().at(-1)).toHaveProperty(
      "reason",
      `no token from ${away.tokenEndpoint}: its answer has the status 503`,
    )
    expect(await callTool(own, "a@1.0.0", "other", { n: 1 })).toMatchObject({
      content: [{ text: '{"n":1}' }],
    })
    await logged(own, "token_unavailable", ({ server }) => server === "closed@1.0.0")
    expect(own.running.stderr()).not.toContain("out of order")
    away.state.act = undefined
    await becomes(
      async () => refusalOf(await callTool(own, "a@1.0.0", "echo")) === undefined,
      "served again",
    )
  })
})

test("a bearer token in a file is read again when it changes, while calls go on", async () => {
  let wanted = "Bearer the-first-token-001"
  await using backend = await openBackend({}, 0, ({ headers }) => headers.authorization === wanted)
  const sketch = {
    registry: { tools: { echo: "web" }, agents: { a: ["echo"] } },
    servers: { "web:1.0.0": { url: backend.url, auth: { bearer: "file:./token" } } },
  }
  const { folder } = makeWorld(sketch)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, "token"), "the-first-token-001\n")
  await using gateway = await startGateway({ ...sketch, folder })
  const served = async () => refusalOf(await callTool(gateway, "a@1.0.0", "echo"))
  expect(await served()).toBeUndefined()
  writeFileSync(join(folder, "token"), "the-second-token-02\n")
  wanted = "Bearer the-second-token-02"
  const all = await Promise.all(Array.from({ length: 50 }, served))
  expect(new Set(all)).toEqual(new Set([undefined]))
  wanted = "Bearer nothing of this"
  const refused = await callTool(gateway, "a@1.0.0", "echo")
  expect(refused["content"]).toEqual([
    { type: "text", text: "echo failed: upstream authorization failed" },
  ])
  expect(JSON.stringify(refused)).not.toContain("inner")
})

function clientOf({ tokenEndpoint }: Pick<AuthorizationServer, "tokenEndpoint">) {
  return { tokenEndpoint, clientId: "gateway", clientSecret: "${CLIENT_SECRET}" }
}
