import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { Agent, fetch as undiciFetch } from "undici"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { type Certified, certify, overTls, type TlsClient } from "../support/certificates.ts"
import { command } from "../support/command.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { logged, refusalOf, startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { postern } from "../support/e2e-process.ts"
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

describe("postern call", () => {
  const echo = ["call", "echo", "--args", '{"n":1}']
  const agent = agentOf("a@1.0.0")
  const file = (name: string) => join(folder, name)
  beforeAll(() => {
    write("agent.crt", agent.cert)
    write("agent.key", agent.key)
    write("other.key", agentOf("b@1.0.0").key)
    write("gateway-ca.pem", gatewayCa.cert)
  })
  const shown = (key = "agent.key") => ["--cert", file("agent.crt"), "--key", file(key)]

  test("shows a certificate, and believes whom NODE_EXTRA_CA_CERTS names", async () => {
    const env = { NODE_EXTRA_CA_CERTS: file("gateway-ca.pem") }
    const done = await postern([...echo, "--url", gateway.url, ...shown()], { env })
    expect(done).toEqual({ code: 0, stdout: '{"n":1}\n', stderr: "" })
  })

  test("says that the certificate shown may be why a server hung up", async () => {
    const trusting = { requestCert: true, rejectUnauthorized: true, ca: foreign.cert }
    const strict = createServer({ cert: own.cert, key: own.key, ...trusting }).listen(
      0,
      "127.0.0.1",
    )
    onTestFinished(() => void strict.close())
    await once(strict, "listening")
    const { port } = Object(strict.address())
    const env = { NODE_EXTRA_CA_CERTS: file("gateway-ca.pem") }
    const done = await postern([...echo, "--url", `https://127.0.0.1:${port}/mcp`, ...shown()], {
      env,
    })
    expect(done).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/not this one|the certificate shown is not believed/),
    })
  })

  const failing: [string, () => string[], RegExp][] = [
    [
      "an authority that it does not know",
      () => ["--url", gateway.url],
      /VERIFY_LEAF_SIGNATURE.*\n {2}its certificate is not believed: .*NODE_EXTRA_CA_CERTS/,
    ],
    [
      "the key of another certificate",
      () => ["--url", gateway.url, ...shown("other.key")],
      /--cert and --key name files with a certificate and its own key/,
    ],
    [
      "no TLS on the other side",
      () => ["--url", `https://127.0.0.1:${backend.port}/mcp`],
      /the other side does not speak TLS: the URL begins with http\n/,
    ],
    [
      "TLS on the other side",
      () => ["--url", gateway.url.replace("https", "http")],
      /where it speaks TLS, the URL begins with https\n/,
    ],
    [
      "a certificate without a key",
      () => ["--cert", file("agent.crt")],
      /a certificate needs its key/,
    ],
    [
      "a file that is not there",
      () => ["--cert", file("none.crt"), "--key", file("agent.key")],
      /--cert: cannot be read: ENOENT/,
    ],
  ]
  test.each(failing)("says what to do about %s", async (_, args, words) => {
    const done = await command([...echo, ...args()])
    expect(done.code).not.toBe(0)
    expect(done.stderr).toMatch(words)
    expect(done.stderr).not.toContain("PRIVATE KEY")
  })
})

describe("the operator is told", () => {
  test("what of the certificate is in use, on /status and in metrics; the admin listener stays as it was", async () => {
    expect(await gateway.status()).toMatchObject({
      tls: { expires: expect.stringMatching(/Z$/), failures: 0 },
    })
    const { text } = await gateway.admin("/metrics")
    const [, seconds] = /^postern_tls_certificate_expiry_timestamp_seconds (\S+)$/m.exec(text) ?? []
    expect(Number(seconds) * 1_000).toBeGreaterThan(Date.now())
    expect(text).toMatch(/^postern_tls_certificate_is_current 1$/m)
  })

  test("of a renewal that cannot be used, while callers are served by the certificate before it", async () => {
    write("tls.crt", `${own.cert.slice(0, 200)}`)
    await logged(gateway, "certificate_not_renewed")
    expect(await gateway.status()).toMatchObject({
      tls: { failures: 1, refused: { reason: expect.stringContaining("tls.crt is cut off") } },
    })
    const { text } = await gateway.admin("/metrics")
    expect(text).toMatch(/^postern_tls_certificate_is_current 0$/m)
    expect(await call(showing(agentOf("a@1.0.0")))).toMatchObject(served)
    const renewed = server({ ends: 600 })
    write("tls.key", renewed.key)
    write("tls.crt", renewed.cert)
    await logged(gateway, "certificate_renewed")
    expect(await call(showing(agentOf("a@1.0.0")))).toMatchObject(served)
    const told =
      gateway.running.stdout() + gateway.running.stderr() + JSON.stringify(await gateway.status())
    for (const { key } of [own, renewed]) expect(told).not.toContain(key.split("\n")[1])
  })
})

describe("a gateway does not start, and says why:", () => {
  const base = ["serve", "--config", join(folder, "broken.yaml")]
  const broken: [string, (files: { cert: string; key: string; ca?: string }) => void, RegExp][] = [
    [
      "no certificate file",
      (files) => (files.cert = "./none.crt"),
      /listen\.tls\.cert: \S+none\.crt cannot be read: ENOENT/,
    ],
    [
      "no key file",
      (files) => (files.key = "file:./none.key"),
      /listen\.tls\.key — the secret's file cannot be read: ENOENT/,
    ],
    [
      "a key in place of the certificate",
      (files) => (files.cert = "./own.key"),
      /listen\.tls\.cert: \S+own\.key holds no certificate in PEM/,
    ],
    [
      "a certificate in place of the key",
      (files) => (files.key = "file:./own.crt"),
      /listen\.tls\.key: \S+own\.crt holds no private key in PEM/,
    ],
    [
      "a garbled certificate",
      (files) => (files.cert = "./garbled.crt"),
      /listen\.tls\.cert: \S+garbled\.crt is garbled in certificate 1; write it anew/,
    ],
    [
      "the key of another",
      (files) => (files.key = "file:./agent.key"),
      /listen\.tls\.key: \S+agent\.key does not belong to the certificate in \S+own\.crt/,
    ],
    [
      "a key with a passphrase",
      (files) => (files.key = "file:./locked.key"),
      /listen\.tls\.key: \S+locked\.key has a passphrase; write it without: openssl pkey/,
    ],
    [
      "a certificate that has ended",
      (files) => Object.assign(files, { cert: "./ended.crt", key: "file:./ended.key" }),
      /listen\.tls\.cert: \S+ended\.crt ended on \S+Z; renew it/,
    ],
    [
      "authorities that are none",
      (files) => (files.ca = "./own.key"),
      /listen\.tls\.ca: \S+own\.key holds no certificate in PEM/,
    ],
    ["a folder", (files) => (files.ca = "."), /listen\.tls\.ca: \S+ cannot be read: /],
    [
      "a path for the key, as if it were no secret",
      (files) => (files.key = "./own.key"),
      /listen\.tls\.key — a secret is not written here: refer to it with/,
    ],
  ]
  test.each(broken)("%s", async (_, change, words) => {
    const ended = server({ begins: -9, ends: -1 })
    write("own.crt", own.cert)
    write("own.key", own.key)
    write("garbled.crt", own.cert.replace(/[a-z]{2}/g, "aa"))
    write("ended.crt", ended.cert)
    write("ended.key", ended.key)
    write(
      "locked.key",
      own.privateKey
        .export({ type: "pkcs8", format: "pem", cipher: "aes-128-cbc", passphrase: "x" })
        .toString(),
    )
    const tls = { cert: "./own.crt", key: "file:./own.key" }
    change(tls)
    const registry = { source: "file://./registry.json" }
    write("broken.yaml", JSON.stringify({ listen: { port: 0, tls }, admin: { port: 0 }, registry }))
    const { code, stdout, stderr } = await command(base)
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" })
    expect(stderr).toMatch(words)
    expect(stderr).not.toContain(own.key.slice(40, 80))
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})
