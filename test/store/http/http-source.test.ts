import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { brotliCompressSync, gzipSync } from "node:zlib"
import { describe, expect, onTestFinished, test } from "vitest"
import { GoodCopy } from "../../../src/store/http/copy.ts"
import {
  HttpSource,
  type HttpSourceOptions,
  type SourceEvent,
} from "../../../src/store/http/http-source.ts"
import { SourceAway, Unreadable } from "../../../src/store/source.ts"
import {
  type Act,
  certificate,
  type RegistryServer,
  type ServeOptions,
  serveRegistry,
} from "../../support/registry-server.ts"

const bytesMax = 10_000

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

describe("the copy of the last good document", () => {
  test("is written when a document was found good, for its owner only, and names no address", async () => {
    const { copyFile, source } = await world('{"a":1}', { query: "?sig=hush-hush" })
    const document = await source.read()
    expect(existsSync(copyFile)).toBe(false)
    keep(source, document)
    await expect.poll(() => existsSync(copyFile)).toBe(true)
    expect(statSync(copyFile).mode & 0o777).toBe(0o600)
    const text = readFileSync(copyFile, "utf8")
    expect(text.endsWith('\n{"a":1}')).toBe(true)
    expect(text).not.toContain("hush")
  })

  test("is what a next process has while the source is away, with its age, and until it is confirmed", async () => {
    const first = await world('{"a":1}')
    await kept(first)
    const second = again(first)
    first.server.state.act = (_, response) => response.destroy()
    await expect(second.source.read()).rejects.toThrow(SourceAway)
    const document = await second.source.lastGood()
    expect(document).toMatchObject({ text: '{"a":1}', provenance: { file: first.server.url } })
    keep(second.source, document)
    expect(second.source.state()).toMatchObject({ isFromCopy: true })
    expect(second.events).toMatchObject([{ kind: "away" }, { kind: "copy_used" }])
    first.server.state.act = undefined
    expect(await second.source.read()).toBeUndefined()
    expect(second.source.state()).toMatchObject({ isFromCopy: false, away: undefined })
  })

  test("saves the next process a download, and is then as good as new", async () => {
    const first = await world('{"a":1}')
    await kept(first)
    const { source } = again(first)
    const document = await source.read()
    expect(document).toMatchObject({ text: '{"a":1}' })
    keep(source, document)
    expect(source.state()).toMatchObject({ isFromCopy: false })
    expect(first.server.requests.at(-1)?.headers).toHaveProperty("if-none-match")
  })

  test("keeps an older document out after a restart, too", async () => {
    const first = await world("{}")
    first.server.state.lastModified = new Date("2026-11-02T00:00:00Z")
    await kept(first)
    const second = again(first)
    first.server.state.lastModified = new Date("2026-11-01T00:00:00Z")
    first.server.state.document = "[]"
    await expect(second.source.read()).rejects.toMatchObject({
      problem: { code: "registry_document_older" },
    })
    expect(await second.source.lastGood()).toMatchObject({ text: "{}" })
  })

  test.each<[string, (file: string) => void, string]>([
    ["was cut short", (file) => writeFileSync(file, readFileSync(file).subarray(0, -1)), "damaged"],
    ["was changed", (file) => edit(file, '{"a":1}', '{"a":2}'), "damaged"],
    ["lost its head", (file) => edit(file, "postern-registry-copy 1", "copy 9"), "not a copy"],
    ["is a document alone", (file) => writeFileSync(file, '{"a":1}'), "not a copy"],
    ["is empty", (file) => writeFileSync(file, ""), "not a copy"],
    ["is too large", (file) => writeFileSync(file, Buffer.alloc(bytesMax + 100_000)), "bytes"],
    ["is everybody's to write", (file) => chmodSync(file, 0o666), "everybody may write it"],
  ])("is not used when it %s, and told of", async (_, spoil, words) => {
    const first = await world('{"a":1}')
    await kept(first)
    spoil(first.copyFile)
    const { events, source } = again(first)
    first.server.state.act = (_, response) => response.destroy()
    await expect(source.read()).rejects.toThrow(SourceAway)
    await expect(source.lastGood()).rejects.toMatchObject({
      problem: { code: "registry_copy_unusable", message: expect.stringContaining(words) },
    })
    expect(events[0]).toMatchObject({
      kind: "copy_unusable",
      reason: expect.stringContaining(words),
    })
    first.server.state.act = undefined
    keep(source, await source.read()) // the source alone will do, and what it has is kept again
    await expect.poll(() => source.state().copy?.problem).toBeUndefined()
    expect(await again(first).source.lastGood()).toMatchObject({ text: '{"a":1}' })
  })

  test("of another source is not used", async () => {
    const first = await world("{}")
    await kept(first)
    const { source } = await world("{}", { copyFile: first.copyFile })
    await expect(source.lastGood()).rejects.toThrow("of another source")
  })

  test("is none where none was written", async () => {
    const { source } = await world("{}")
    expect(await source.lastGood()).toBeUndefined()
  })

  test("that cannot be written changes nothing else, is told of once, and is written later", async () => {
    const folder = temporary()
    writeFileSync(join(folder, "in-the-way"), "")
    const { events, server, source } = await world("{}", {
      copyFile: join(folder, "in-the-way/copy"),
    })
    keep(source, await source.read())
    await expect.poll(() => source.state().copy?.problem).toMatch(/EEXIST|ENOTDIR/)
    expect(await source.read()).toBeUndefined()
    expect(events.map(({ kind }) => kind)).toEqual(["copy_unusable", "copy_unwritten"])
    rmSync(join(folder, "in-the-way"))
    expect(await source.read()).toBeUndefined()
    await expect.poll(() => existsSync(join(folder, "in-the-way/copy"))).toBe(true)
    expect(server.requests).toHaveLength(3)
  })

  test("that was removed is written again", async () => {
    const first = await world("{}")
    await kept(first)
    rmSync(first.copyFile)
    await first.source.read()
    await expect.poll(() => first.source.state().copy?.problem).toContain("ENOENT")
    keep(first.source, await first.source.read())
    await expect.poll(() => existsSync(first.copyFile)).toBe(true)
  })

  test("is never half written, whoever shares it", async () => {
    const first = await world("{}")
    const lastModified = (day: number) => ({ lastModified: new Date(Date.UTC(2026, 10, day)) })
    const sources = [first, again(first), again(first)]
    for (const day of [1, 2, 3]) {
      Object.assign(first.server.state, { document: JSON.stringify({ day }), ...lastModified(day) })
      await Promise.all(sources.map(async ({ source }) => keep(source, await source.read())))
      const copy = new GoodCopy(first.copyFile, first.server.url, bytesMax)
      await expect.poll(async () => String((await copy.read())?.bytes)).toBe(`{"day":${day}}`)
    }
    expect(readdirSync(join(first.copyFile, ".."))).toEqual(["copy"])
  })
})

test("a gateway that is behind does not put an older document into a copy that others share", async () => {
  const first = await world("{}")
  const late = again(first)
  expect(await late.source.lastGood()).toBeUndefined() // it began before there was a copy
  first.server.state.lastModified = new Date("2026-11-02T00:00:00Z")
  await kept(first)
  Object.assign(first.server.state, {
    document: "[]",
    lastModified: new Date("2026-11-01T00:00:00Z"),
  })
  keep(late.source, await late.source.read())
  expect(await late.source.read()).toBeUndefined() // its turn to write has come
  expect(await again(first).source.lastGood()).toMatchObject({ text: "{}" })
})

describe("a stream of changes", () => {
  test("is listened to where the source says so, and an event makes the gateway look", async () => {
    const { changes, server, source } = await world("{}", { events: true })
    server.state.headers = { link: '</other>; rel="next", </events>; rel="monitor"' }
    const watch = await source.watch(() => changes.push("due"))
    onTestFinished(() => watch.close())
    keep(source, await source.read())
    await expect.poll(() => source.state().events).toBe("open")
    await expect.poll(() => changes.length).toBe(1) // what came before the stream was open
    expect(await source.read()).toBeUndefined()
    server.announce("id: 7\nretry: 1\ndata: anything\n\n")
    await expect.poll(() => changes.length, { timeout: 10_000 }).toBe(2)
    for (const stream of server.streams) stream.destroy()
    const asked = () => server.requests.filter(({ url }) => url === "/events")
    await expect.poll(() => asked().length, { timeout: 10_000 }).toBe(2)
    expect(asked()[1]?.headers).toMatchObject({
      "last-event-id": "7",
      accept: "text/event-stream",
    })
  })

  test("of many events makes it look once", async () => {
    const { changes, server, source } = await world("{}", { events: true })
    server.state.headers = { link: "</events>; rel=monitor" }
    const watch = await source.watch(() => changes.push("due"))
    onTestFinished(() => watch.close())
    keep(source, await source.read())
    await expect.poll(() => source.state().events).toBe("open")
    for (let index = 0; index < 1_000; index++) server.announce("data\n\n")
    await expect.poll(() => changes.length).toBe(1)
    expect(server.requests.map(({ url }) => url)).toEqual(["/registry.json", "/events"])
  })

  test("is not asked for at another origin, nor where it is switched off", async () => {
    const elsewhere = await serve("{}")
    const link = `<${new URL("/events", elsewhere.url).href}>; rel="monitor"`
    const one = await world("{}", { events: true })
    one.server.state.headers = { link }
    keep(one.source, await one.source.read())
    const off = await world("{}")
    off.server.state.headers = { link: '</events>; rel="monitor"' }
    keep(off.source, await off.source.read())
    expect([one.source.state().events, off.source.state().events]).toEqual(["none", "none"])
    expect(elsewhere.requests).toEqual([])
  })

  test("that asks not to come back is left alone", async () => {
    const { server, source } = await world("{}", { events: true })
    server.state.headers = { link: '</events>; rel="monitor"' }
    keep(source, await source.read())
    server.state.act = (_, response) => response.writeHead(204).end()
    await expect.poll(() => source.state().events).toBe("none")
  })
})

interface Wanted extends Partial<Omit<HttpSourceOptions, "limits" | "copy" | "url">> {
  readonly limits?: Partial<HttpSourceOptions["limits"]>
  readonly copyFile?: string
  readonly query?: string
}

interface World {
  readonly server: RegistryServer
  readonly source: HttpSource
  readonly copyFile: string
  readonly events: SourceEvent[]
  /** What the source says that it is time for. */
  readonly changes: string[]
}

async function world(
  document: string,
  wanted: Wanted = {},
  how: ServeOptions = {},
): Promise<World> {
  const server = await serve(document, how)
  return open(server, wanted)
}

function open(server: RegistryServer, { query = "", limits, copyFile, ...wanted }: Wanted): World {
  const file = copyFile ?? join(temporary(), "copies/copy")
  const events: SourceEvent[] = []
  const url = server.url + query
  const source = new HttpSource({
    url,
    tls: {},
    refreshMs: 3_600_000,
    events: false,
    acceptOlder: false,
    proof: undefined,
    signature: undefined,
    copy: new GoodCopy(file, url, bytesMax),
    tell: (event) => void events.push(event),
    ...wanted,
    limits: {
      fetchMs: 10_000,
      documentBytesMax: bytesMax,
      retryMaxMs: 3_600_000,
      eventsIdleMs: 60_000,
      ...limits,
    },
  })
  onTestFinished(() => source.close())
  return { server, source, copyFile: file, events, changes: [] }
}

/** Another process with the same source and the same file. */
const again = ({ copyFile, server }: World): World => open(server, { copyFile })

async function serve(document: string, how: ServeOptions = {}): Promise<RegistryServer> {
  const server = await serveRegistry(document, how)
  onTestFinished(() => server.close())
  return server
}

async function kept({ copyFile, source }: World): Promise<void> {
  keep(source, await source.read())
  await expect.poll(() => existsSync(copyFile)).toBe(true)
}

function keep(source: HttpSource, document: Awaited<ReturnType<HttpSource["read"]>>): void {
  if (document === undefined) throw new Error("there is no document to keep")
  source.keep(document)
}

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "postern-http-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const edit = (file: string, from: string, to: string) =>
  writeFileSync(file, readFileSync(file, "utf8").replace(from, to))

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
