import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { freePort } from "../../examples/support/gateway.ts"
import { certify, overTls } from "../support/certificates.ts"
import { type ConformanceFixture, openFixture } from "../support/conformance-fixture.ts"
import { startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { ask, modern, posting } from "../support/face-server.ts"

const tool = "test_input_required_result_elicitation"
const able = { "io.modelcontextprotocol/clientCapabilities": { elicitation: {} } }

interface Told {
  readonly result?: { inputRequests: object; requestState: string; content: { text: string }[] }
  readonly error?: { code: number; data: { "dev.postern/refusal": { code: string } } }
}

interface TlsFiles {
  readonly listen: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
}

/** Two gateways with one key before a legacy server: what it asks is held by the one that was asked. */
describe("replicas", { timeout: 60_000 }, () => {
  let fixture: ConformanceFixture
  let first: TestGateway
  let second: TestGateway
  beforeAll(async () => {
    fixture = await openFixture("legacy")
    ;[first, second] = await Promise.all([start(), start()])
  }, 60_000)
  afterAll(async () => {
    await Promise.all([first, second].map((gateway) => gateway[Symbol.asyncDispose]()))
    await fixture[Symbol.asyncDispose]()
  })

  async function start(limits: Record<string, string> = {}, tls?: TlsFiles): Promise<TestGateway> {
    const port = await freePort()
    const scheme = tls === undefined ? "http" : "https"
    return startGateway({
      registry: {
        tools: { [tool]: { server: "fixture" } },
        agents: { ann: [tool], eve: [tool] },
      },
      servers: { "fixture:1.0.0": { url: fixture.url } },
      config: {
        listen: { port, ...(tls && { tls: { ...tls.listen } }) },
        ...(tls && { identity: { mtls: { agents: ["spiffe://example.org/{name}"] } } }),
        limits,
        session: { key: "${SESSION_KEY}", replicaUrl: `${scheme}://127.0.0.1:${port}/mcp` },
      },
      env: { SESSION_KEY: "a session key that only a test would use", ...tls?.env },
    })
  }

  async function call({ port }: TestGateway, agent: string, more: object = {}, headers = {}) {
    const params = { name: tool, arguments: {}, _meta: able, ...more }
    return JSON.parse((await ask(port, agent, "tools/call", params, headers)).text) as Told
  }
  const begin = async (gateway: TestGateway) => {
    const { inputRequests, requestState } = (await call(gateway, "ann")).result ?? {}
    const answer = { action: "accept", content: { name: "ann" } }
    const keys = Object.keys(inputRequests ?? {})
    return { requestState, inputResponses: Object.fromEntries(keys.map((key) => [key, answer])) }
  }
  const refused = {
    error: { code: -32602, data: { "dev.postern/refusal": { code: "invalid_round" } } },
  }
  const calls = (gateway: TestGateway) =>
    gateway.audit().filter(({ method }) => method === "tools/call").length

  test("an answer that comes to another replica reaches the one that holds the question", async () => {
    const before = [calls(first), calls(second)]
    const answered = await call(second, "ann", await begin(first))
    expect(answered.result?.content).toEqual([{ type: "text", text: "Hello, ann!" }])
    const back = await call(first, "ann", await begin(second))
    expect(back.result?.content).toEqual([{ type: "text", text: "Hello, ann!" }])
    expect([calls(first), calls(second)]).toEqual(before.map((count) => count + 2))
  })

  test("whoever brings it is who it was there: another caller's answer is none", async () => {
    const round = await begin(first)
    expect(await call(second, "eve", round)).toMatchObject(refused)
    const forged = { "postern-forwarded": "p1.own.AAAA" }
    expect(await call(second, "ann", round, forged)).toMatchObject(refused) // not handed on, and nobody else for it
    expect((await call(second, "ann", round)).result?.content).toHaveLength(1)
    expect(await call(second, "ann", round)).toMatchObject(refused) // answered before
  })

  test("over TLS they know each other by the name in their certificate, and say whose certificate was shown", async () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-replicas-"))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const authority = certify({ name: "authority", isAuthority: true })
    const own = certify({ name: "gateway", by: authority, dns: ["gateway.example"] })
    const ca = write("ca.pem", authority.cert)
    const files: TlsFiles = {
      listen: {
        cert: write("tls.crt", own.cert),
        key: "${TLS_KEY}",
        ca,
        clientCert: "request",
      },
      env: { NODE_EXTRA_CA_CERTS: ca, TLS_KEY: own.key },
    }
    await using third = await start({}, files)
    await using fourth = await start({}, files)
    const ask = async ({ port }: TestGateway, agent: string, more: object = {}) => {
      const { cert, key } = certify({
        name: agent,
        by: authority,
        uris: [`spiffe://example.org/${agent}`],
      })
      const params = { name: tool, arguments: {}, _meta: able, ...more }
      const { message, headers } = modern("tools/call", params)
      const client = { ca: authority.cert, cert, key, servername: "gateway.example" }
      return JSON.parse((await overTls(port, client, posting(message, headers))).text) as Told
    }
    const { inputRequests, requestState } = (await ask(third, "ann")).result ?? {}
    const answer = { action: "accept", content: { name: "ann" } }
    const keys = Object.keys(inputRequests ?? {})
    const inputResponses = Object.fromEntries(keys.map((name) => [name, answer]))
    expect(await ask(fourth, "eve", { requestState, inputResponses })).toMatchObject(refused)
    const answered = await ask(fourth, "ann", { requestState, inputResponses })
    expect(answered.result?.content).toEqual([{ type: "text", text: "Hello, ann!" }])
    expect(third.audit().at(-1)).toMatchObject({ caller: { name: "ann", by: ["mtls"] } })
  })

  test("a replica that says nothing any more is taken to be gone", async () => {
    await using impatient = await start({ streamKeepAlive: "100ms" })
    const round = await begin(first)
    first.running.child.kill("SIGSTOP")
    try {
      expect(await call(impatient, "ann", round)).toMatchObject(refused)
    } finally {
      first.running.child.kill("SIGCONT")
    }
  })

  test("a replica that is gone is said to be", async () => {
    const third = await start()
    const round = await begin(third)
    third.running.child.kill("SIGKILL")
    await third.running.exited
    await third[Symbol.asyncDispose]()
    expect(await call(second, "ann", round)).toMatchObject(refused)
    const { requestState: _, ...again } = round
    expect((await call(second, "ann", again)).result?.inputRequests).toBeDefined()
  })
})
