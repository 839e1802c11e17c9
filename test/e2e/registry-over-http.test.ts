import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FlattenedSign } from "jose"
import { describe, expect, onTestFinished, test } from "vitest"
import { freePort } from "../../examples/support/gateway.ts"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import { startAuthorizationServer } from "../support/authorization-server.ts"
import { command } from "../support/command.ts"
import {
  logged,
  makeWorld,
  startGateway,
  type TestGateway,
  textOf,
  toolsOf,
} from "../support/e2e-gateway.ts"
import { becomes, postern, run, until } from "../support/e2e-process.ts"
import type { RegistrySketch } from "../support/e2e-registry.ts"
import { makeKey } from "../support/issuer.ts"
import {
  certificate,
  type RegistryServer,
  type ServeOptions,
  serveRegistry,
} from "../support/registry-server.ts"

const registryWith = (...names: string[]): RegistrySketch => ({
  tools: Object.fromEntries(names.map((name) => [name, "web"])),
  agents: { a: names },
})
const documentOf = (...names: string[]) => textOf(registryWith(...names))

describe("a gateway whose registry is at an address", () => {
  test("goes over to what is good, keeps it over everything else, and after a crash starts with it", async () => {
    const folder = temporary()
    const token = "registry-token-hush-hush"
    const server = await serve(documentOf("one"), { tls: "server" })
    server.state.lastModified = new Date("2026-11-01T00:00:00Z")
    const settings = {
      folder,
      env: { REGISTRY_TOKEN: token },
      config: over(server, {
        auth: { bearer: "${REGISTRY_TOKEN}" },
        tls: { ca: certificate("ca.pem") },
        refreshInterval: "1s",
      }),
    }
    const first = await start(settings)
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${token}`)
    expect(await toolsOf(first, "a")).toEqual(["one"])
    expect(await sourceOf(first)).toMatchObject({ stale: false, fromCopy: false })
    expect(await metric(first, "registry_is_stale")).toBe("0")

    server.state.document = documentOf("one", "two")
    await until(async () => expect(await toolsOf(first, "a")).toEqual(["one", "two"]))

    for (const [spoil, words] of spoilt) {
      const sound = { ...server.state }
      spoil(server)
      await until(async () => expect(await told(first)).toContain(words))
      expect(await toolsOf(first, "a")).toEqual(["one", "two"])
      expect(await sourceOf(first)).toMatchObject({ stale: true })
      expect(await metric(first, "registry_is_stale")).toBe("1")
      expect((await first.admin("/readyz")).status).toBe(200)
      Object.assign(server.state, sound)
      await until(async () => expect(await sourceOf(first)).toMatchObject({ stale: false }))
    }
    expect(await first.status()).toMatchObject({ registry: { generation: 2 } })

    first.running.child.kill("SIGKILL")
    await first.running.exited
    const { port } = server
    await server.close()
    const second = await start(settings)
    expect(await toolsOf(second, "a")).toEqual(["one", "two"])
    expect(await logged(second, "registry_copy_used")).toHaveProperty("ageMs")
    expect(await sourceOf(second)).toMatchObject({
      stale: true,
      fromCopy: true,
      away: { reason: "nothing listens there (ECONNREFUSED)" },
    })
    expect(await metric(second, "registry_is_from_copy")).toBe("1")
    const back = await serve(documentOf("one", "two"), { tls: "server", port })
    await until(async () => expect(await sourceOf(second)).toMatchObject({ fromCopy: false }))
    expect(back.requests[0]?.headers["if-none-match"]).toBeDefined()

    const seen = [first, second].map(({ running }) => running.stdout() + running.stderr())
    const copy = readFileSync(join(folder, "var/registry.copy"), "utf8")
    const pages = await Promise.all(["/status", "/metrics"].map((page) => second.admin(page)))
    expect(`${seen}${copy}${pages.map(({ text }) => text)}`).not.toContain("hush")
  }, 90_000)

  test("takes signed documents only, in their order, and after a restart no other from its copy", async () => {
    const folder = temporary()
    const key = await makeKey("registry")
    writeFileSync(join(folder, "keys.json"), JSON.stringify({ keys: [key.jwk] }))
    const server = await serve("")
    const publish = async (document: string, iat: number) => {
      const header = { alg: "ES256", kid: "registry", iat, b64: false, crit: ["b64"] }
      const text = new TextEncoder().encode(document)
      const jws = await new FlattenedSign(text).setProtectedHeader(header).sign(key.privateKey)
      server.state.document = document
      server.state.others = { "/registry.json.jws": `${jws.protected}..${jws.signature}` }
    }
    const settings = {
      folder,
      config: over(server, { refreshInterval: "1s", signature: { keys: "./keys.json" } }),
    }
    await publish(documentOf("one"), 2_000)
    const first = await start(settings)
    expect(await toolsOf(first, "a")).toEqual(["one"])
    server.state.document = documentOf("one", "forged") // with the signature of another document
    await until(async () => expect(await told(first)).toContain("registry_signature_invalid"))
    server.state.others = { "/registry.json.jws": "rubbish" }
    await until(async () => expect(await told(first)).toContain("reads HEADER..SIGNATURE"))
    await publish(documentOf("replayed"), 1_999)
    await until(async () => expect(await told(first)).toContain("registry_document_older"))
    expect(await toolsOf(first, "a")).toEqual(["one"])
    await publish(documentOf("two"), 2_001)
    await until(async () => expect(await toolsOf(first, "a")).toEqual(["two"]))
    expect(first.audit().map(({ note }) => note)).toContainEqual({
      event: "refused",
      codes: ["registry_signature_invalid"],
    })

    await first.stop()
    const other = await makeKey("registry")
    writeFileSync(join(folder, "keys.json"), JSON.stringify({ keys: [other.jwk] }))
    await server.close()
    const ended = await postern(["serve", "--config", join(folder, "postern.yaml")])
    expect(ended).toMatchObject({ code: 1, stdout: "" })
    expect(ended.stderr).toContain("registry.copy error registry_copy_unusable")
    expect(ended.stderr).toContain("the signature is not that of this document")
  }, 60_000)

  test("does not start without its source and a copy, and says so; or waits, if it is to", async () => {
    const server = await serve(documentOf("one"))
    const { port } = server
    await server.close()
    const gone = world({ ...over(server), log: { level: "silent" } })
    expect(await command(["serve", "--config", gone])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /registry_source_away .*ECONNREFUSED.*\n.*cannot be fetched, and there is no copy/,
      ),
    })

    const admin = { port: await freePort() }
    const waiting = run(["serve", "--config", world({ ...over(server, { wait: "1m" }), admin })])
    const page = (path: string) => fetch(`http://127.0.0.1:${admin.port}${path}`)
    const ready = () => page("/readyz")
    await until(async () => expect((await page("/healthz")).status).toBe(200))
    expect(await (await ready()).text()).toContain("no_catalog")
    expect([(await ready()).status, (await page("/runs")).status]).toEqual([503, 503])
    expect(await (await page("/status")).text()).toContain("ECONNREFUSED")
    await serve(documentOf("one"), { port })
    await becomes(async () => (await ready()).status === 200, "ready")
    waiting.child.kill("SIGTERM")
    expect(await waiting.exited).toEqual({ code: 0, signal: null })
  }, 60_000)

  test("may be stopped while it waits", async () => {
    const server = await serve(documentOf("one"))
    server.state.act = () => undefined // it hangs
    const waiting = run(["serve", "--config", world(over(server, { wait: "1h" }))])
    await becomes(() => server.requests.length > 0, "asked")
    waiting.child.kill("SIGTERM")
    expect(await waiting.exited).toEqual({ code: 0, signal: null })
  })

  test("gets a token for it; refused for too long it is not ready any more, and answers all the same", async () => {
    await using idp = await startAuthorizationServer()
    idp.state.clients = { postern: { secret: "client-secret" } }
    const server = await serve(documentOf("one"))
    const clientCredentials = {
      tokenEndpoint: idp.tokenEndpoint,
      clientId: "postern",
      clientSecret: "${CLIENT_SECRET}",
    }
    const config = over(server, {
      auth: { clientCredentials },
      refreshInterval: "1s",
      maxStale: "2s",
    })
    const gateway = await start({ config, env: { CLIENT_SECRET: "client-secret" } })
    expect(idp.holder(server.requests[0]?.headers.authorization)).toBe("postern")
    idp.state.clients = {}
    server.state.act = (_, response) => response.writeHead(401).end()
    await until(async () =>
      expect(await told(gateway)).toContain("does not let the gateway in (401)"),
    )
    await becomes(async () => (await gateway.admin("/readyz")).status === 503, "red")
    expect((await gateway.admin("/readyz")).text).toContain("registry_stale")
    expect(await toolsOf(gateway, "a")).toEqual(["one"])
    server.state.act = undefined
    await becomes(async () => (await gateway.admin("/readyz")).status === 200, "green")
  })

  test("hears of a change and takes a tool away under load, without a call that sees half of it", async () => {
    const server = await serve(documentOf("a1", "a2"))
    server.state.headers = { link: '</events>; rel="monitor"' }
    const gateway = await start({ config: over(server, { refreshInterval: "1d" }) })
    await until(async () => expect(await sourceOf(gateway)).toMatchObject({ events: "open" }))
    const seen = new Set<string>()
    server.state.document = documentOf("b1", "b2")
    server.announce("data: registry.json\n\n")
    await becomes(async () => {
      const lists = await Promise.all(Array.from({ length: 20 }, () => toolsOf(gateway, "a")))
      for (const tools of lists) seen.add(tools.join(" "))
      return lists.every(([tool]) => tool === "b1")
    }, "the new tools alone")
    expect([...seen]).toEqual(["a1 a2", "b1 b2"])
    expect(await metric(gateway, "registry_events_open")).toBe("1")
  })
})

describe("commands with a configuration whose registry is at an address", () => {
  test("work on the copy while the source is away, and say so; say why where the copy is none", async () => {
    const server = await serve(documentOf("one"))
    const gateway = await start({ config: over(server) })
    await gateway.stop()
    await server.close()
    const asked = ["explain", "--config", gateway.configFile, "--agent", "a"]
    expect(await command(asked)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("this is of the copy of it"),
    })
    writeFileSync(join(gateway.folder, "var/registry.copy"), "not a copy")
    const { code, stderr } = await command(asked)
    expect(code).toBe(1)
    expect(stderr).toMatch(/^the copy of \S+ is not used: \S+/m)
    expect(stderr).toContain("registry_source_away")
  })

  test("fetch it with user and password, which are asked for", async () => {
    const server = await serve(documentOf("one"))
    const auth = { basic: { user: "postern", password: "${PASSWORD}" } }
    const config = world(over(server, { auth }))
    const asked = ["explain", "--config", config, "--agent", "a"]
    const env = { PASSWORD: "pass:wörd" }
    expect(await command(asked, env)).toMatchObject({ code: 0, stderr: "" })
    const { authorization = "" } = server.requests[0]?.headers ?? {}
    expect(Buffer.from(authorization.slice(6), "base64").toString()).toBe("postern:pass:wörd")
    const checked = await command(["validate", "--config", config], env)
    expect(checked).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${server.url}: sound`),
    })
    expect(await command(asked)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("PASSWORD is not set in the environment"),
    })
    await server.close()
    expect(await command(asked, env)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("registry_source_away"),
    })
  })

  test.each([
    [{ source: "http://registry.example/r.json" }, "expected an https address; http only on this"],
    [{ source: "https://u:p@registry.example/r.json" }, "an address holds no user or password"],
    [{ auth: { bearer: "literal" } }, "a secret is not written here"],
    [{ auth: {} }, "expected bearer, basic or clientCredentials"],
    [{ tls: { cert: "./c.pem" } }, "a certificate needs its key"],
    [{ signature: { keys: "./k", path: "https://b.example/s" } }, "of the same origin"],
    [{ signature: { keys: "./k", algorithms: ["HS256"] } }, "registry.signature.algorithms"],
  ])("are told that %j is not sound", async (registry, words) => {
    const config = world({ registry: { source: "https://a.example/registry.json", ...registry } })
    const ended = await command(["explain", "--config", config, "--agent", "a"])
    expect(ended).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(words) })
  })
})

/** What a source may do that changes nothing for callers, and what is then said of it. */
const spoilt: readonly (readonly [(server: RegistryServer) => void, string])[] = [
  [
    ({ state }) => Object.assign(state, { document: `${state.document}`.slice(0, -2) }),
    "json_syntax",
  ],
  [
    ({ state }) => Object.assign(state, { document: '{"error":"internal"}' }),
    "document_not_registry",
  ],
  [
    ({ state }) =>
      Object.assign(state, { document: documentOf("zero"), lastModified: new Date("2026-10-01") }),
    "registry_document_older",
  ],
  [
    ({ state }) =>
      Object.assign(state, { headers: { "content-type": "text/html" }, document: "<p>" }),
    "text/html",
  ],
  [({ state }) => Object.assign(state, { act: down }), "answered 503"],
]

const down: RegistryServer["state"]["act"] = (_, response) => response.writeHead(503).end("down")

/** The sections of a configuration with that registry. */
function over({ url }: RegistryServer, more: JsonObject = {}): { readonly registry: JsonObject } {
  return { registry: { source: url, cache: "./var/registry.copy", ...more } }
}

async function serve(document: string, how: ServeOptions = {}): Promise<RegistryServer> {
  const server = await serveRegistry(document, how)
  onTestFinished(() => server.close())
  return server
}

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "postern-registry-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** The file of a configuration in a folder of its own. */
function world(config: JsonObject): string {
  return makeWorld({ registry: "{}", config, folder: temporary() }).configFile
}

async function start(settings: {
  readonly config: JsonObject
  readonly folder?: string
  readonly env?: Record<string, string>
}): Promise<TestGateway> {
  const gateway = await startGateway({ registry: "{}", folder: temporary(), ...settings })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

async function sourceOf(gateway: TestGateway): Promise<JsonObject> {
  const { registry } = await gateway.status()
  const http = isObject(registry) ? registry["http"] : undefined
  if (!isObject(http)) throw new Error("no registry over HTTP on /status")
  return http
}

/** All that is said of the registry. */
const told = async (gateway: TestGateway) => JSON.stringify((await gateway.status())["registry"])

async function metric(gateway: TestGateway, name: string): Promise<string | undefined> {
  const { text } = await gateway.admin("/metrics")
  return new RegExp(`^postern_${name} (\\S+)$`, "m").exec(text)?.[1]
}
