import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { request as plainRequest } from "node:http"
import { connect, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls"
import { describe, expect, onTestFinished, test } from "vitest"
import type { ListenTls } from "../../../src/server/config/config.ts"
import { defaultLimits } from "../../../src/server/limits.ts"
import { type Listener, type ListenOptions, listen } from "../../../src/server/listen.ts"
import { Secret } from "../../../src/server/secret.ts"
import { TlsServing } from "../../../src/server/tls/tls-serving.ts"
import { type Certified, certify, overTls } from "../../support/certificates.ts"

const ca = certify({ name: "gateway's authority", isAuthority: true })
const agents = certify({ name: "agents' authority", isAuthority: true })
const server = (more = {}) =>
  certify({ name: "gateway", by: ca, addresses: ["127.0.0.1"], ...more })
const agent = certify({ name: "agent", by: agents, uris: ["spiffe://example.org/agent/a/1"] })

interface Opened extends Listener {
  readonly tls: TlsServing
  readonly events: { readonly event: string }[]
  write(name: "cert" | "key" | "ca", text: string): void
}

async function opened(
  {
    clients,
    minVersion = "TLSv1.2",
  }: { clients?: "require" | "request"; minVersion?: ListenTls["minVersion"] } = {},
  options: Partial<ListenOptions> = {},
  own = server(),
): Promise<Opened> {
  const folder = mkdtempSync(join(tmpdir(), "postern-tls-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = (name: string) => join(folder, `${name}.pem`)
  const write: Opened["write"] = (name, text) => {
    writeFileSync(file("new"), text)
    renameSync(file("new"), file(name))
  }
  write("cert", own.cert)
  write("key", own.key)
  write("ca", agents.cert)
  const events: { event: string }[] = []
  const tell = (event: { event: string }) => void events.push(event)
  const tls = new TlsServing(
    {
      cert: file("cert"),
      key: new Secret(own.key, { file: file("key") }),
      clients: clients && { ca: file("ca"), areRequired: clients === "require" },
      minVersion,
    },
    { log: { info: tell, error: tell } as never, now: Date.now },
  )
  const listener = await listen({
    section: "listen",
    host: "127.0.0.1",
    port: 0,
    answer: (_, outgoing) => void outgoing.end("hello"),
    onError: (error) => expect.unreachable(error.message),
    connectionsMax: 100,
    limits: defaultLimits,
    tls,
    ...options,
  })
  onTestFinished(async () => void (await listener.close(0)))
  return { ...listener, tls, events, write }
}

const get = ({ port }: Opened, client: Partial<Certified> = {}) =>
  overTls(port, { ca: ca.cert, ...client }, { method: "GET", path: "/" })

/** A connection on which TLS is agreed. */
function secured(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: "127.0.0.1", port, ca: ca.cert, ...options }, () =>
      resolve(socket),
    )
    socket.once("error", reject)
    onTestFinished(() => void socket.destroy())
  })
}

function raw(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket))
    socket.once("error", reject)
    onTestFinished(() => void socket.destroy())
  })
}

const ends = (socket: Socket) =>
  new Promise<void>((resolve) => {
    socket.on("error", () => undefined).on("close", () => resolve())
    socket.resume()
  })

const saidOn = (socket: Socket) => {
  let text = ""
  socket.setEncoding("utf8").on("data", (chunk) => (text += chunk))
  return () => text
}

describe("a listener", () => {
  test("with a certificate speaks TLS 1.3 and 1.2, and says so in its address", async () => {
    const listener = await opened()
    expect(listener.url).toBe(`https://127.0.0.1:${listener.port}`)
    expect(await get(listener)).toMatchObject({ status: 200, text: "hello" })
    const older = await secured(listener.port, {
      maxVersion: "TLSv1.2",
      ALPNProtocols: ["h2", "http/1.1"],
    })
    expect([older.getProtocol(), older.alpnProtocol]).toEqual(["TLSv1.2", "http/1.1"])
    await expect(
      secured(listener.port, {
        minVersion: "TLSv1.1",
        maxVersion: "TLSv1.1",
        ciphers: "DEFAULT@SECLEVEL=0",
      }),
    ).rejects.toThrow()
  })

  test("speaks nothing older than it is told", async () => {
    const { port } = await opened({ minVersion: "TLSv1.3" })
    await expect(secured(port, { maxVersion: "TLSv1.2" })).rejects.toThrow()
    expect((await secured(port)).getProtocol()).toBe("TLSv1.3")
  })

  test("asks for client certificates where it is told whose to believe", async () => {
    const required = await opened({ clients: "require" })
    await expect(get(required)).rejects.toThrow()
    const foreign = certify({ name: "agent", by: ca, uris: ["spiffe://example.org/agent/a/1"] })
    await expect(get(required, foreign)).rejects.toThrow()
    expect(await get(required, agent)).toMatchObject({ status: 200 })
    await expect.poll(() => required.tls.state.handshakeFailures).toBe(2)
    expect(required.events.map(({ event }) => event)).toEqual([
      "handshake_failed",
      "handshake_failed",
    ])
    expect(await get(await opened({ clients: "request" }))).toMatchObject({ status: 200 })
  })

  test("ends plain HTTP, and goes on with the others", async () => {
    const listener = await opened()
    const plain = new Promise((_, reject) =>
      plainRequest({ port: listener.port }).on("error", reject).end(),
    )
    await expect(plain).rejects.toThrow()
    expect(listener.events).toMatchObject([
      { event: "handshake_failed", reason: "ERR_SSL_HTTP_REQUEST" },
    ])
    expect(await get(listener)).toMatchObject({ status: 200 })
  })

  test("of plain HTTP ends TLS, and goes on with the others", async () => {
    const { port, url } = await opened({}, { tls: undefined })
    await expect(secured(port)).rejects.toThrow("wrong version number")
    expect(await (await fetch(url)).text()).toBe("hello")
  })

  test("ends what is no handshake, and a handshake that trickles in, when its time is up", async () => {
    const limits = { ...defaultLimits, handshakeTimeout: 300 }
    const listener = await opened({}, { limits })
    const [noise, silent, slow] = await Promise.all([
      raw(listener.port),
      raw(listener.port),
      raw(listener.port),
    ])
    noise.write("\u0016\u0003\u0001\u0000\u0005hello")
    slow.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]))
    const trickle = setInterval(() => slow.write(Buffer.of(0)), 20)
    onTestFinished(() => clearInterval(trickle))
    await Promise.all([ends(noise), ends(silent), ends(slow)])
    expect(listener.tls.state.handshakeFailures).toBe(3)
    await expect.poll(() => listener.connections()).toBe(0)
  })

  test("counts connections from their first byte: half a handshake takes a place", async () => {
    const listener = await opened(
      {},
      { connectionsMax: 2, limits: { ...defaultLimits, handshakeTimeout: 300 } },
    )
    await Promise.all([raw(listener.port), raw(listener.port)])
    await expect.poll(() => listener.connections()).toBe(2)
    await expect(get(listener)).rejects.toThrow()
    await expect.poll(() => listener.connections()).toBe(0)
    expect(await get(listener)).toMatchObject({ status: 200 })
  })

  test("closes with what is idle, not begun, or in the middle of its handshake", async () => {
    const gate = Promise.withResolvers<void>()
    const listener = await opened(
      {},
      { answer: (_, outgoing) => void gate.promise.then(() => outgoing.end("late")) },
    )
    const [half, fresh] = await Promise.all([raw(listener.port), secured(listener.port)])
    half.write(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc]))
    const late = get(listener)
    await expect.poll(() => listener.inFlight()).toBe(1)
    const closed = listener.close(60_000)
    await Promise.all([ends(half), ends(fresh)])
    gate.resolve()
    expect(await late).toMatchObject({ text: "late" })
    expect(await closed).toBe(0)
  })
})

describe("files that change", () => {
  const shownOn = (socket: TLSSocket) => socket.getPeerX509Certificate()?.serialNumber

  test("are taken up at once; connections that are open go on", async () => {
    const listener = await opened()
    const before = await secured(listener.port)
    const said = saidOn(before)
    const renewed = server({ ends: 600 })
    listener.write("key", renewed.key)
    listener.write("cert", renewed.cert)
    await expect
      .poll(() => listener.events.map(({ event }) => event), { timeout: 10_000 })
      .toContain("certificate_renewed")
    expect(shownOn(await secured(listener.port))).not.toBe(shownOn(before))
    before.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await expect.poll(said).toContain("hello")
    expect(listener.tls.state).toMatchObject({ lastError: undefined })
    expect(listener.tls.state.expiresMs).toBeGreaterThan(Date.now() + 300 * 60_000)
  })

  test("that cannot be used leave what is in use; it is told once, and again when they are mended", async () => {
    const own = server()
    const listener = await opened({ clients: "request" }, {}, own)
    const state = () => listener.tls.state
    const cases: [() => void, RegExp][] = [
      [() => listener.write("ca", agent.cert), /^listen\.tls\.ca: \S+ holds no authority/],
      [() => listener.write("cert", own.cert.slice(0, 300)), /^listen\.tls\.cert: \S+ is cut off/],
      [() => listener.write("cert", ""), /holds no certificate in PEM/],
      [
        () => listener.write("cert", server().cert),
        /^listen\.tls\.key: \S+ does not belong to the certificate in /,
      ],
      [
        () => listener.write("key", "-----BEGIN PRIVATE KEY-----\nMIG"),
        /^listen\.tls\.key: \S+ holds no private key in PEM/,
      ],
    ]
    for (const [change, words] of cases) {
      change()
      await expect.poll(() => state().lastError?.message, { timeout: 10_000 }).toMatch(words)
      expect(await get(listener)).toMatchObject({ status: 200 })
    }
    expect(state().failures).toBe(5)
    listener.write("ca", agents.cert)
    listener.write("key", own.key)
    listener.write("cert", own.cert)
    await expect.poll(() => state().lastError, { timeout: 10_000 }).toBeUndefined()
    expect(listener.events.at(-1)).toMatchObject({ event: "certificate_renewed" })
    expect(JSON.stringify(listener.events)).not.toContain(own.key.slice(30, 60))
  })

  test("with another authority of agents, whom the old one named is nobody on new connections, also by an old ticket", async () => {
    const listener = await opened({ clients: "require" })
    const before = await secured(listener.port, agent)
    const ticket = await new Promise<Buffer>((resolve) => before.once("session", resolve))
    listener.write("ca", certify({ name: "another", isAuthority: true }).cert)
    await expect
      .poll(() => listener.events.at(-1)?.event, { timeout: 10_000 })
      .toBe("certificate_renewed")
    await expect(get(listener, agent)).rejects.toThrow()
    const resumed = await secured(listener.port, { ...agent, session: ticket }).catch(
      () => undefined,
    )
    resumed?.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    if (resumed !== undefined) await ends(resumed)
    await expect.poll(() => listener.tls.state.handshakeFailures).toBe(2)
  })
})
