import { brotliCompressSync, gzipSync } from "node:zlib"
import { describe, expect, test } from "vitest"
import { SourceAway, Unreadable } from "../../../src/store/source.ts"
import { bytesMax, keep, world } from "../../support/http-source.ts"
import { type Act, certificate } from "../../support/registry-server.ts"

describe("a document at an address", () => {
  test("is fetched once, and then only if it is another one", async () => {
    const { server, source } = await world('{"a":1}')
    const first = await source.read()
    expect(first).toMatchObject({ text: '{"a":1}', provenance: { file: server.url } })
    keep(source, first)
    expect(await source.read()).toBeUndefined()
    server.state.document = '{"a":2}'
    expect(await source.read()).toMatchObject({ text: '{"a":2}' })
    expect(server.requests.map(({ headers }) => headers["if-none-match"])).toEqual([
      undefined,
      expect.stringMatching(/^"/),
      expect.stringMatching(/^"/),
    ])
    expect(source.state().fetches).toEqual({ changed: 2, unchanged: 1, refused: 0, away: 0 })
  })

  test("is asked for whole again as long as what came was not kept", async () => {
    const { server, source } = await world("{")
    await source.read()
    await source.read()
    expect(server.requests.map(({ headers }) => headers["if-none-match"])).toEqual([
      undefined,
      undefined,
    ])
  })

  test("is asked for by its time where it has no ETag", async () => {
    const { server, source } = await world("{}")
    server.state.act = (_, response) =>
      response.writeHead(200, { "last-modified": "Sun, 29 Nov 2026 00:00:00 GMT" }).end("{}")
    keep(source, await source.read())
    server.state.act = (_, response) => response.writeHead(304).end()
    expect(await source.read()).toBeUndefined()
    expect(server.requests[1]?.headers).toMatchObject({
      "if-modified-since": "Sun, 29 Nov 2026 00:00:00 GMT",
    })
  })

  test("may begin with a byte order mark", async () => {
    const { source } = await world("\uFEFF{}")
    expect(await source.read()).toMatchObject({ text: "{}" })
  })

  test.each<[string, Act, string]>([
    ["redirects", (_, r) => r.writeHead(302, { location: "/x" }).end(), "redirects (302)"],
    ["has nothing there", (_, r) => r.writeHead(404).end(), "nothing at this address (404)"],
    ["lets nobody in", (_, r) => r.writeHead(403).end(), "does not let the gateway in (403)"],
    ["is broken", (_, r) => r.writeHead(503).end("down"), "answered 503"],
    ["sends a page", sending("<html>", { "content-type": "text/html" }), "with text/html"],
    ["sends a part", (_, r) => r.writeHead(206).end("{"), "answered 206"],
    ["compresses", sending(gzipSync("{}"), { "content-encoding": "gzip" }), "compressed"],
    [
      "bombs",
      sending(brotliCompressSync(Buffer.alloc(1e8)), { "content-encoding": "br" }),
      "compressed",
    ],
    ["resets before it answers", (_, r) => r.destroy(), "the connection ended"],
    ["stops in the middle", stopping, "the connection ended"],
    ["says 304 to no condition", (_, r) => r.writeHead(304).end(), "means another one"],
    ["hangs before headers", () => undefined, "took too long"],
    ["hangs in the middle", hanging, "took too long"],
    ["drips", dripping, "took too long"],
  ])("is away when its source %s", async (_, act, words) => {
    const { events, server, source } = await world("{}", { limits: { fetchMs: 400 } })
    server.state.act = act
    await expect(source.read()).rejects.toThrow(SourceAway)
    await expect(source.read()).rejects.toThrow(words)
    expect(source.state()).toMatchObject({ away: { attempts: 2 }, fetches: { away: 2 } })
    expect(events.map(({ kind }) => kind)).toEqual(["away"]) // once for the same reason
    server.state.act = undefined
    expect(await source.read()).toMatchObject({ text: "{}" })
    expect(events.map(({ kind }) => kind)).toEqual(["away", "back"])
    expect(source.state().away).toBeUndefined()
  })

  test("is away when nothing listens there, and its query is not told", async () => {
    const { server, source } = await world("{}", { query: "?sig=hush-hush" })
    await server.close()
    const error = await source.read().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ message: "nothing listens there (ECONNREFUSED)" })
    expect(JSON.stringify([error, source.state(), source.file])).not.toContain("hush")
  })

  test.each<[string, Act]>([
    ["by its own word", sending("x".repeat(bytesMax + 1))],
    ["without a word", (_, r) => endless(r)],
  ])("is refused when it is too large %s", async (_, act) => {
    const { server, source } = await world("{}")
    server.state.act = act
    await expect(source.read()).rejects.toMatchObject({ problem: { code: "document_too_large" } })
    expect(source.state()).toMatchObject({ away: undefined, fetches: { refused: 1, away: 0 } })
  })

  test("is not unchanged when the source means another one, and is then asked for whole", async () => {
    const { server, source } = await world("{}")
    keep(source, await source.read())
    server.state.act = (_, response) => response.writeHead(304, { etag: '"other"' }).end()
    await expect(source.read()).rejects.toThrow("means another one")
    server.state.act = undefined
    expect(await source.read()).toMatchObject({ text: "{}" })
    expect(server.requests.at(-1)?.headers).not.toHaveProperty("if-none-match")
  })

  test("is refused when it is older than the one in use, unless that is accepted", async () => {
    const lastModified = new Date("2026-11-02T00:00:00Z")
    const before = new Date("2026-11-01T00:00:00Z")
    const one = await world("{}")
    Object.assign(one.server.state, { lastModified })
    keep(one.source, await one.source.read())
    Object.assign(one.server.state, { document: "[]", lastModified: before })
    const error = await one.source.read().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(Unreadable)
    expect(error).toMatchObject({ problem: { code: "registry_document_older" } })
    const other = await world("{}", { acceptOlder: true })
    Object.assign(other.server.state, { lastModified })
    keep(other.source, await other.source.read())
    Object.assign(other.server.state, { document: "[]", lastModified: before })
    expect(await other.source.read()).toMatchObject({ text: "[]" })
  })

  test("is older than none that has a time to come, as a source with a wrong clock gives it", async () => {
    const { server, source } = await world("{}")
    Object.assign(server.state, { lastModified: new Date("2999-01-01T00:00:00Z") })
    keep(source, await source.read())
    Object.assign(server.state, { document: "[]", lastModified: new Date() })
    expect(await source.read()).toMatchObject({ text: "[]" })
  })

  test("is left alone as long as the source asks, up to the limit", async () => {
    const { server, source } = await world("{}", { limits: { retryMaxMs: 50_000 } })
    server.state.act = (_, r) => r.writeHead(429, { "retry-after": "20" }).end()
    await expect(source.read()).rejects.toThrow("429")
    const asked = source.state().nextAtMs - Date.now()
    expect(asked).toBeGreaterThan(15_000)
    server.state.act = (_, r) => r.writeHead(503, { "retry-after": "99999" }).end()
    await expect(source.read()).rejects.toThrow("503")
    expect(source.state().nextAtMs - Date.now()).toBeLessThanOrEqual(50_000)
  })

  test("is believed over TLS only from whom the authority vouches for", async () => {
    const ca = certificate("ca.pem")
    const trusting = await world("{}", { tls: { ca } }, { tls: "server" })
    expect(await trusting.source.read()).toMatchObject({ text: "{}" })
    const strict = await world("{}", {}, { tls: "server" })
    await expect(strict.source.read()).rejects.toThrow("certificate is not trusted")
    expect(strict.server.requests).toEqual([])
  })

  test("is fetched with a certificate of the gateway's own", async () => {
    const ca = certificate("ca.pem")
    const client = { cert: certificate("client.pem"), key: certificate("client.key") }
    const known = await world("{}", { tls: { ca, client } }, { tls: "mutual" })
    expect(await known.source.read()).toMatchObject({ text: "{}" })
    const unknown = await world("{}", { tls: { ca } }, { tls: "mutual" })
    await expect(unknown.source.read()).rejects.toThrow(SourceAway)
    const missing = await world("{}", { tls: { ca: `${ca}.not` } })
    await expect(missing.source.read()).rejects.toThrow("ENOENT")
  })

  test("is asked for with another proof where the first is refused, and that once", async () => {
    const proofs = ["old", "new"]
    const renewals: string[] = []
    const proof = {
      headers: async () => ({ authorization: `Bearer ${proofs[0]}` }),
      async renew() {
        renewals.push(proofs.shift() ?? "")
        return proofs.length > 0
      },
    }
    const { server, source } = await world("{}", { proof })
    server.state.act = ({ headers }, response) =>
      response.writeHead(headers.authorization === "Bearer new" ? 200 : 401).end("{}")
    expect(await source.read()).toMatchObject({ text: "{}" })
    server.state.act = (_, response) => response.writeHead(401).end()
    await expect(source.read()).rejects.toThrow("does not let the gateway in (401)")
    expect([server.requests.length, renewals]).toEqual([3, ["old", "new"]])
  })
})

function sending(body: string | Buffer, headers: Record<string, string> = {}): Act {
  return (_, response) => response.writeHead(200, headers).end(body)
}

function stopping(...[, response]: Parameters<Act>): void {
  response.writeHead(200, { "content-length": "100" })
  response.write("{", () => response.destroy())
}

function hanging(...[, response]: Parameters<Act>): void {
  response.writeHead(200)
  response.write("{")
}

function dripping(...[, response]: Parameters<Act>): void {
  response.writeHead(200)
  const timer = setInterval(() => response.write(" "), 20)
  response.on("close", () => clearInterval(timer))
}

function endless(response: Parameters<Act>[1]): void {
  response.writeHead(200)
  const more = (): void => {
    if (!response.destroyed) response.write(" ".repeat(4_096), more)
  }
  more()
}
