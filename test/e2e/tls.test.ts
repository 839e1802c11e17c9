import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { Agent, fetch as undiciFetch } from "undici"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { type Certified, certify, overTls, type TlsClient } from "../support/certificates.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { refusalOf, startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { as, modern, posting } from "../support/face-server.ts"

const authority = certify({ name: "agents' authority", isAuthority: true })
const foreign = certify({ name: "agents' authority", isAuthority: true }) // of the same name
const gatewayCa = certify({ name: "gateway's authority", isAuthority: true })
const server = (more = {}) =>
  certify({ name: "gateway", by: gatewayCa, dns: ["localhost"], addresses: ["127.0.0.1"], ...more })
const own = server()
const uriOf = (agent: string) => `spiffe://example.org/agent/${agent.replace("@", "/")}`
const agentOf = (agent: string, more = {}) =>
  certify({ name: agent, by: authority, uris: [uriOf(agent)], ...more })
const showing = ({ cert, key }: Pick<Certified, "cert" | "key">): TlsClient => ({
  ca: gatewayCa.cert,
  cert,
  key,
})
const nothing: TlsClient = { ca: gatewayCa.cert }

const folder = mkdtempSync(join(tmpdir(), "postern-tls-"))
const write = (name: string, text: string) => writeFileSync(join(folder, name), text)

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  write("tls.crt", own.cert)
  write("tls.key", own.key)
  write("agents.pem", authority.cert)
  backend = await openBackend()
  gateway = await startGateway({
    folder,
    registry: { tools: { echo: "web" }, agents: { a: ["echo"], b: [] } },
    servers: { "web:1.0.0": { url: backend.url } },
    config: {
      listen: {
        port: 0,
        tls: {
          cert: "./tls.crt",
          key: "file:./tls.key",
          ca: "./agents.pem",
          clientCert: "request",
        },
      },
      identity: {
        mtls: { agents: ["spiffe://example.org/agent/{name}/{version}"] },
        headers: { trustedFrom: ["spiffe://example.org/edge"] },
        minTrust: "asserted",
      },
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

/** Calls `echo` over a connection on which `client` is shown. */
async function call(client: TlsClient, headers: Record<string, string> = {}) {
  const { message, headers: said } = modern("tools/call", { name: "echo", arguments: { n: 1 } })
  const answer = await overTls(gateway.port, client, posting(message, { ...said, ...headers }))
  const { result, error } = JSON.parse(answer.text)
  return { status: answer.status, result, error }
}

const served = { status: 200, result: { content: [{ text: '{"n":1}' }] } }

describe("a client certificate", () => {
  test.each(["legacy", "modern"] as const)(
    "says who calls, to the official client (%s)",
    async (era) => {
      const { ca, cert = "", key = "" } = showing(agentOf("a@1.0.0"))
      const dispatcher = new Agent({ connect: { ca, cert, key } })
      onTestFinished(() => dispatcher.destroy())
      const client = new Client(
        { name: "official", version: "1" },
        { versionNegotiation: { mode: era === "legacy" ? era : { pin: "2026-07-28" } } },
      )
      const fetch = (url: string | URL, init?: RequestInit) =>
        undiciFetch(url, { ...init, dispatcher } as never) as never // two declarations of one fetch
      expect(gateway.url).toMatch(/^https:/)
      await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url), { fetch }))
      const { tools } = await client.listTools()
      expect(tools.map(({ name }) => name)).toEqual(["echo"])
      expect(await client.callTool({ name: "echo", arguments: { n: 1 } })).toMatchObject({
        content: [{ text: '{"n":1}' }],
      })
      await client.close()
      expect(gateway.audit().at(-1)).toMatchObject({
        caller: { name: "a", version: "1.0.0", trust: "verified", by: ["mtls"] },
      })
    },
  )

  test("decides over headers, which may only agree", async () => {
    const a = showing(agentOf("a@1.0.0"))
    expect(await call(a, as("a@1.0.0"))).toMatchObject(served)
    const other = await call(a, as("b@1.0.0"))
    expect([other.status, refusalOf(other)]).toEqual([403, "identity_conflict"])
  })

  const none: [string, () => TlsClient, string][] = [
    ["no certificate", () => nothing, "unknown_caller"],
    [
      "a foreign authority, with the right URI",
      () => showing(agentOf("a@1.0.0", { by: foreign })),
      "invalid_credentials",
    ],
    ["no authority", () => showing(agentOf("a@1.0.0", { by: undefined })), "invalid_credentials"],
    [
      "a certificate that has ended",
      () => showing(agentOf("a@1.0.0", { begins: -9, ends: -1 })),
      "invalid_credentials",
    ],
    [
      "a certificate of tomorrow",
      () => showing(agentOf("a@1.0.0", { begins: 9 })),
      "invalid_credentials",
    ],
    [
      "two URIs",
      () => showing(agentOf("a@1.0.0", { uris: [uriOf("a@1.0.0"), uriOf("b@1.0.0")] })),
      "unknown_caller",
    ],
    [
      "the right URI as a name of DNS",
      () => showing(agentOf("a@1.0.0", { uris: [], dns: [`x, URI:${uriOf("a@1.0.0")}`] })),
      "unknown_caller",
    ],
    [
      "a URI that no template fits",
      () => showing(agentOf("a@1.0.0", { uris: ["spiffe://evil.example/agent/a/1.0.0"] })),
      "unknown_caller",
    ],
  ]
  test.each(none)("row 5: %s is no identity", async (_, client, code) => {
    const before = backend.called.length
    const shown = client()
    const answer = await call(shown)
    expect(refusalOf(answer)).toBe(code)
    expect([401, 403]).toContain(answer.status)
    expect(backend.called).toHaveLength(before)
    const asA = await call(shown, as("a@1.0.0"))
    expect(["insufficient_trust", "invalid_credentials"]).toContain(refusalOf(asA))
  })
})
