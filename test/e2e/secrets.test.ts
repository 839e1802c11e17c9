import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createLocalJWKSet } from "jose"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import {
  type AuthorizationServer,
  json,
  startAuthorizationServer,
} from "../support/authorization-server.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { logged, makeWorld, startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { postern, project } from "../support/e2e-process.ts"
import { as, ask, http, initialize, legacy, post, session } from "../support/face-server.ts"
import { makeKey } from "../support/issuer.ts"

/** Each where a secret may stand; none may ever be seen again. */
const canary = {
  backendHeader: "canary-backend-header-7c1f",
  query: "canary-query-8d2e",
  childToken: "canary-child-token-9e3d",
  childPart: "canary-child-part-b1f7",
  session: "canary-session-key-that-is-long-enough-1a5b",
  audit: "canary-audit-key-that-is-long-enough-2b6a",
  argument: "canary-argument-3c79",
  wrongArgument: "canary-wrong-argument-4d88",
  result: "canary-result-5e97",
  claim: "canary-claim-6fa6",
  environment: "canary-environment-70b5",
  clientSecret: "canary-client-secret-81c4",
  clientFile: "canary-client-file-92d3",
  bearerFile: "canary-bearer-file-a3e2",
  ownToken: "canary-own-token-b4f1",
  callersToken: "canary-callers-token-c500",
  tokenAnswer: "canary-token-answer-d61f",
}
const env = {
  BACKEND_HEADER: canary.backendHeader,
  BACKEND_QUERY: canary.query,
  CHILD_TOKEN: canary.childToken,
  CHILD_PW: canary.childPart,
  SESSION_KEY: canary.session,
  AUDIT_KEY: canary.audit,
  CLIENT_SECRET: canary.clientSecret,
  UNRELATED_PASSWORD: canary.environment,
}

const key = await makeKey("k1")
const token = await key.sign({
  iss: "https://idp.example",
  aud: "postern",
  exp: Math.floor(Date.now() / 1_000) + 600,
  agent_name: "a",
  agent_version: "1.0.0",
  sub: "s",
  note: canary.claim,
})

/** Servers that are called with a token of some kind, and what they do with it. */
const provedServers = ["own", "filed", "bearer", "callers"]
const told = ["headers", "tells", "fails", "leaks"]

let backend: TestBackend
let authority: AuthorizationServer
let gateway: TestGateway
const answers: string[] = []
let sessionId = ""

beforeAll(async () => {
  const both = () => [canary.backendHeader, canary.query].join(" and ")
  backend = await openBackend({
    tells: ({ headers, send }) => {
      const message = `${both()} and ${headers.authorization}`
      send({ error: { code: -32000, message, data: { why: both(), headers } } })
    },
    fails: ({ headers, response }) => response.writeHead(500).end(both() + headers.authorization),
    result: ({ text }) => text(canary.result),
    headers: ({ headers, text }) => text(JSON.stringify(headers)),
    leaks: ({ headers: { authorization }, response }) =>
      response.writeHead(401, { "www-authenticate": `${authorization}` }).end(authorization),
  })
  authority = await startAuthorizationServer(
    { own: { secret: canary.clientSecret }, filed: { secret: canary.clientFile } },
    { subjects: { keys: createLocalJWKSet({ keys: [key.jwk] }), audience: "postern" } },
  )
  const tokens: Record<string, string> = { own: canary.ownToken, s: canary.callersToken }
  authority.state.makeToken = (holder) => `${tokens[holder]}.${crypto.randomUUID()}`
  const refusal = { error: canary.tokenAnswer, error_description: canary.tokenAnswer }
  authority.state.act = (response, { form }) =>
    form.get("scope") === "none" && json(response, refusal, 400)
  const inputSchema = {
    type: "object",
    properties: { token: { type: "string", maxLength: 3 }, text: { type: "string" } },
  }
  const web = { echo: { server: "web", inputSchema }, tells: "web", fails: "web", result: "web" }
  const proved = Object.fromEntries(
    provedServers.flatMap((server) =>
      told.map((as) => [`${server}_${as}`, { server, as }] as const),
    ),
  )
  const tools = { ...web, ...proved, lost: "away", env: "child", tokenless: "tokenless" }
  const sketch = { registry: { tools, agents: { a: Object.keys(tools), b: [] } } }
  const { folder } = makeWorld(sketch)
  writeFileSync(join(folder, "client-secret"), `${canary.clientFile}\n`)
  writeFileSync(join(folder, "bearer"), `${canary.bearerFile}\n`)
  const { tokenEndpoint } = authority
  const client = { tokenEndpoint, clientId: "own", clientSecret: "${CLIENT_SECRET}" }
  gateway = await startGateway({
    env,
    folder,
    ...sketch,
    servers: {
      "own:1.0.0": { url: backend.url, auth: { clientCredentials: client } },
      "filed:1.0.0": {
        url: backend.url,
        auth: {
          clientCredentials: {
            issuer: authority.issuer,
            clientId: "filed",
            clientSecret: "file:./client-secret",
            clientAuthentication: "post",
          },
        },
      },
      "bearer:1.0.0": { url: backend.url, auth: { bearer: "file:./bearer" } },
      "callers:1.0.0": { url: backend.url, auth: { tokenExchange: client } },
      "tokenless:1.0.0": {
        url: backend.url,
        auth: { clientCredentials: { ...client, scopes: ["none"] } },
      },
      "web:1.0.0": {
        url: `${backend.url}?api_key=\${BACKEND_QUERY}`,
        headers: { authorization: "Bearer ${BACKEND_HEADER}" },
      },
      "away:1.0.0": {
        url: "http://127.0.0.1:9/mcp?api_key=${BACKEND_QUERY}",
        headers: { "x-api-key": "${BACKEND_HEADER}" },
      },
      "child:1.0.0": {
        command: "node",
        args: [join(project, "test/support/e2e-child.ts"), "leaky"],
        env: { LEAK_TOKEN: "${CHILD_TOKEN}", DATABASE: "postgres://app:${CHILD_PW}@db/app" },
      },
    },
    config: {
      listen: { port: 0, publicUrl: "https://gate.example/mcp", hosts: ["127.0.0.1"] },
      session: { key: "${SESSION_KEY}" },
      audit: { file: "./audit.jsonl", key: "${AUDIT_KEY}", begin: "all" },
      log: { level: "trace" },
      explainRefusals: true,
      identity: {
        jwt: {
          issuer: "https://idp.example",
          audience: "postern",
          jwks: { keys: [{ ...key.jwk, key_ops: ["verify"] } as never] },
        },
      },
    },
  })
  await live()
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  rmSync(gateway.folder, { recursive: true, force: true })
  await authority[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

/** All that a gateway does in a day, good and bad. */
async function live(): Promise<void> {
  const { port } = gateway
  const said = async (name: string, args: object, headers: Record<string, string> = {}) => {
    const answer = await ask(port, "a@1.0.0", "tools/call", { name, arguments: args }, headers)
    answers.push(answer.text, JSON.stringify(answer.headers))
    return answer
  }
  const bearer = { authorization: `Bearer ${token}` }
  expect((await said("echo", { text: "x" }, bearer)).status).toBe(200)
  await said("tells", { text: canary.argument })
  await said("fails", { text: canary.argument })
  await said("lost", { text: canary.argument })
  await said("env", {})
  await said("tokenless", {}, bearer)
  for (const server of provedServers) {
    await said(`${server}_headers`, {})
    for (const tool of told) await said(`${server}_${tool}`, {}, bearer)
  }
  await explained()
  await said("echo", { token: 7 }, { authorization: `Bearer ${token}x` })
  await said("echo", {}, { authorization: `Basic ${token}` })
  await said("nothing", { text: canary.argument }, bearer)
  await said("echo", {}, { ...as("b@1.0.0"), ...bearer })
  answers.push((await http(port, { path: `/mcp?access_token=${token}`, body: "{}" })).text)
  const mine = await session(port, "a@1.0.0")
  sessionId = String(mine["mcp-session-id"])
  answers.push((await post(port, legacy("tools/list"), mine)).text)
  answers.push((await post(port, legacy("tools/list"), { ...mine, ...as("b@1.0.0") })).text)
  answers.push((await post(port, initialize(), { ...as("a@1.0.0"), ...bearer })).text)
  // What the caller itself sent or asked for comes back to it, and is kept nowhere:
  await ask(port, "a@1.0.0", "tools/call", { name: "echo", arguments: { text: canary.argument } })
  await ask(port, "a@1.0.0", "tools/call", {
    name: "echo",
    arguments: { token: canary.wrongArgument },
  })
  await ask(port, "a@1.0.0", "tools/call", { name: "result", arguments: {} })
  await logged(gateway, "backend_stderr")
  gateway.writeRegistry(`{ "schemaVersion": "2.0", "token": "${canary.argument}" `)
  await logged(gateway, "registry_refused")
}

/** What the command line says of all this. */
async function explained(): Promise<void> {
  const who = ["--config", gateway.configFile, "--agent", "a@1.0.0"]
  const ended = await Promise.all([
    postern(["explain", ...who], { env }),
    postern(["explain", ...who, "--json"], { env }),
    postern(["explain", "--config", gateway.configFile, "--agent", "a@1.0.0"], {}),
  ])
  answers.push(...ended.flatMap(({ stdout, stderr }) => [stdout, stderr]))
}

/** Every place to which the gateway writes. */
async function outputs(): Promise<Record<string, string>> {
  const pages = ["/healthz", "/readyz", "/metrics", "/status"]
  const shown = await Promise.all(pages.map(async (page) => (await gateway.admin(page)).text))
  return {
    stdout: gateway.running.stdout(),
    stderr: gateway.running.stderr(),
    audit: readFileSync(gateway.auditFile, "utf8"),
    pages: shown.join("\n"),
    answers: answers.join("\n"),
  }
}

describe("no output of the gateway holds", () => {
  test("what it was given, to begin with: it was used", async () => {
    expect(backend.called).toEqual(expect.arrayContaining(["echo", "tells", "fails", "result"]))
    expect(gateway.audit().some(({ outcome }) => outcome === "rpc_error")).toBe(true)
    const written = await outputs()
    for (const text of Object.values(written)) expect(text.length).toBeGreaterThan(100)
    expect(written["stderr"]).toContain("starting with [secret]")
    expect(written["answers"]).toContain("[secret] and [secret]")
    expect(new Set(authority.requests.map(({ client }) => client))).toEqual(
      new Set(["basic own", "post filed"]),
    )
    for (const tool of told) expect(backend.called).toContain(tool)
    expect(written["answers"]?.match(/Bearer \[secret\]/g)?.length).toBeGreaterThanOrEqual(8)
  })

  test.each(Object.entries(canary))("a secret: %s", async (_, secret) => {
    for (const [place, text] of Object.entries(await outputs()))
      expect([place, text.includes(secret)]).toEqual([place, false])
  })

  test("a caller's token, or a session's id, whole or in parts that would do", async () => {
    const [, claims = "", signature = ""] = token.split(".")
    for (const [place, text] of Object.entries(await outputs()))
      for (const secret of [token, claims, signature, sessionId])
        expect([place, text.includes(secret)]).toEqual([place, false])
  })
})

describe("no words about a configuration hold", () => {
  const written: [string, object, RegExp][] = [
    [
      "the password of a URL",
      { servers: { "web:1.0.0": { url: "http://user:canary-password@127.0.0.1/" } } },
      /servers\.web:1\.0\.0\.url — /,
    ],
    [
      "a header written as it is",
      {
        servers: {
          "web:1.0.0": {
            url: "http://127.0.0.1/",
            headers: { authorization: "Bearer canary-password" },
          },
        },
      },
      /a secret is not written here/,
    ],
    [
      "a key written as it is",
      { session: { key: "canary-password-canary-password-canary" } },
      /a secret is not written here/,
    ],
    [
      "a key that is too short",
      { session: { key: "${SHORT}" } },
      /session\.key — the key is shorter than 32/,
    ],
    ["a variable where a number belongs", { listen: { port: "${SHORT}" } }, /listen\.port — /],
    [
      "a private key",
      {
        identity: {
          jwt: {
            issuer: "i",
            audience: "a",
            jwks: { keys: [{ kty: "RSA", d: "canary-password" }] },
          },
        },
      },
      /private key/,
    ],
  ]
  test.concurrent.for(written)("%s", async ([, config, words], { expect, onTestFinished }) => {
    const { configFile, folder } = makeWorld({ registry: { tools: {}, agents: {} } })
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const sections = { registry: { source: "file://./registry.json" }, ...config }
    writeFileSync(configFile, JSON.stringify(sections))
    const ended = await postern(["serve", "--config", configFile], {
      env: { SHORT: "canary-password" },
    })
    expect(ended).toMatchObject({ code: 1, stdout: "" })
    expect(ended.stderr).toMatch(words)
    expect(ended.stderr).not.toContain("canary")
  })
})

describe("no words of the command line's client hold", () => {
  test("its token, its headers or the user of its URL", async () => {
    const url = `http://user:${canary.query}@127.0.0.1:${gateway.port}/mcp?key=${canary.query}`
    const runs = [
      ["tools", "--url", gateway.url, "--token", "TOKEN"],
      ["tools", "--url", url, "--agent", "a@1.0.0"],
      [
        "tools",
        "--url",
        `http://127.0.0.1:9/mcp?key=${canary.query}`,
        "--header",
        `x-key: ${canary.query}`,
      ],
      ["call", "tells", "--url", gateway.url, "--agent", "a@1.0.0", "--json"],
    ]
    const ended = await Promise.all(
      runs.map((args) => postern(args, { env: { TOKEN: `x.${canary.claim}.y` } })),
    )
    expect(ended.map(({ code }) => code)).toEqual([1, 2, 1, 1])
    for (const { stdout, stderr } of ended) expect(stdout + stderr).not.toContain("canary")
  })
})
