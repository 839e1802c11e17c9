import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { describe, expect, onTestFinished, test } from "vitest"
import { defaultLimits } from "../../src/server/limits.ts"
import { type Listener, type ListenOptions, listen } from "../../src/server/listen.ts"

describe("a listener", () => {
  test("answers on the port it found, and counts", async () => {
    const listener = await opened()
    expect(listener.url).toBe(`http://127.0.0.1:${listener.port}`)
    expect(await (await fetch(listener.url)).text()).toBe("hello")
    await expect.poll(() => listener.inFlight()).toBe(0)
    expect(listener.connections()).toBe(1)
  })

  test("names host, port and key when another process has them", async () => {
    const { port } = await opened()
    await expect(opened({ port })).rejects.toThrow(
      `listen: cannot listen on 127.0.0.1:${port}, another process does; stop it, or set listen.port to a free port`,
    )
  })

  test("names the key when the host is not this machine's", async () => {
    await expect(opened({ section: "admin", host: "192.0.2.1" })).rejects.toThrow("set admin.host")
  })

  test("closes connections over its limit, and those that are open go on", async () => {
    const { port } = await opened({ connectionsMax: 2 })
    const open = await Promise.all([socketTo(port), socketTo(port)])
    const third = await socketTo(port)
    expect(await ended(third)).toBe("")
    open[0]?.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    expect(await ended(open[0])).toContain("200 OK")
  })

  test("cuts a reader that takes nothing of its answer, and none that takes its time", async () => {
    const limits = { ...defaultLimits, answerTimeout: 200, keepAliveTimeout: 60_000 }
    const answer = "x".repeat(16 * 1024 * 1024)
    const { port, ...listener } = await opened({ limits, answer: saying(answer) })
    const [deaf, slow] = await Promise.all([socketTo(port), socketTo(port)])
    for (const socket of [deaf, slow]) {
      socket.pause()
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    }
    let taken = 0
    const sips = setInterval(() => {
      taken += slow.read()?.length ?? 0
    }, 5)
    onTestFinished(() => clearInterval(sips))
    await expect.poll(() => listener.connections(), { timeout: 5_000 }).toBe(1)
    await expect.poll(() => taken, { timeout: 20_000 }).toBeGreaterThan(answer.length)
    expect(listener.connections()).toBe(1)
  })

  test("cuts who has the answer and goes on sending", async () => {
    const { port } = await opened({ answer: (_, outgoing) => void outgoing.end("no") })
    const socket = await socketTo(port)
    const sending = setInterval(() => socket.write("1\r\nx\r\n"), 5)
    onTestFinished(() => clearInterval(sending))
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
    expect(await ended(socket)).toContain("200 OK")
  })

  test("leaves a connection open where the request was answered before its end", async () => {
    const { port } = await opened({ answer: (_, outgoing) => void outgoing.end("no") })
    const socket = await socketTo(port)
    let answers = ""
    socket.setEncoding("utf8").on("data", (text) => {
      answers += text
    })
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
    await expect.poll(() => answers).toContain("200 OK")
    socket.write("xxGET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await expect.poll(() => answers.match(/200 OK/g)).toHaveLength(2)
  })

  test.each([
    [
      "headers that are too large",
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(17_000)}\r\n\r\n`,
      "431",
    ],
    ["headers that never end", "GET / HTTP/1.1\r\nHost: a\r\n", "408"],
    ["a body that never ends", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx", "408"],
    ["no Host", "GET / HTTP/1.1\r\n\r\n", "400"],
    [
      "two lengths",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
      "400",
    ],
    [
      "a length and chunks",
      "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "400",
    ],
  ])("ends a request with %s", async (_, text, status) => {
    const limits = { ...defaultLimits, headersTimeout: 200, requestTimeout: 300 }
    const socket = await socketTo((await opened({ limits })).port)
    socket.write(text)
    expect(await ended(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })

  test("answers a request that came while the connection was open, though it is read when its time is over", async () => {
    const limits = { ...defaultLimits, keepAliveTimeout: 1 } // Node waits a second longer than it tells who calls
    const { port } = await opened({ limits })
    const socket = await socketTo(port)
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await once(socket, "data")
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200) // the event loop has no time for it
    expect(await ended(socket)).toContain("200 OK")
  })

  test("tells a connection when its last request is answered, and serves no more on it", async () => {
    const limits = { ...defaultLimits, requestsPerConnection: 2 }
    const socket = await socketTo((await opened({ limits })).port)
    let answers = ""
    socket.setEncoding("utf8").on("data", (text) => {
      answers += text
    })
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3))
    const starts = () => answers.match(/HTTP\/1\.1 \d+|^connection: \S+/gim)
    await expect
      .poll(starts)
      .toEqual([
        ...["HTTP/1.1 200", "Connection: keep-alive"],
        ...["HTTP/1.1 200", "Connection: close"],
        ...["HTTP/1.1 503", "Connection: close"],
      ])
  })
})

describe("closing a listener", () => {
  test("lets requests in flight finish, closes what is idle, and takes no more", async () => {
    const gate = Promise.withResolvers<void>()
    const listener = await opened({
      answer: (_, outgoing) => void gate.promise.then(() => outgoing.end("late")),
    })
    const idle = await socketTo(listener.port)
    const answer = fetch(listener.url)
    await expect.poll(() => listener.inFlight()).toBe(1)
    const closed = listener.close(60_000)
    expect(await ended(idle)).toBe("")
    await expect(fetch(listener.url)).rejects.toThrow()
    gate.resolve()
    expect(await (await answer).text()).toBe("late")
    expect(await closed).toBe(0)
    await expect.poll(() => listener.connections()).toBe(0)
  })

  test("answers a request that was on its way on an idle connection, and ends that with it", async () => {
    const listener = await opened()
    const socket = await socketTo(listener.port)
    let answers = ""
    socket.setEncoding("utf8").on("data", (text) => {
      answers += text
    })
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await expect.poll(() => answers).toContain("hello")
    const closed = listener.close(60_000)
    answers = ""
    socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    await expect.poll(() => answers).toContain("hello")
    expect(answers).toMatch(/^connection: close/im)
    expect(await closed).toBe(0)
  })

  test("answers all requests that are under way on a connection, and ends that with the last", async () => {
    const gate = Promise.withResolvers<void>()
    const listener = await opened({
      answer: ({ url }, outgoing) => void gate.promise.then(() => outgoing.end(url)),
    })
    const socket = await socketTo(listener.port)
    socket.write("GET /first HTTP/1.1\r\nHost: a\r\n\r\nGET /last HTTP/1.1\r\nHost: a\r\n\r\n")
    await expect.poll(() => listener.inFlight()).toBe(2)
    const closed = listener.close(60_000)
    gate.resolve()
    const [first, last] = (await ended(socket)).split("/first")
    expect(first).toMatch(/^connection: keep-alive/im)
    expect(last).toMatch(/^connection: close.*\/last/ims)
    expect(await closed).toBe(0)
  })

  test("cuts what has not finished in time, and says how many", async () => {
    const listener = await opened({ answer: () => undefined })
    const answers = [fetch(listener.url), fetch(listener.url)].map((answer) =>
      expect(answer).rejects.toThrow(),
    )
    await expect.poll(() => listener.inFlight()).toBe(2)
    const [first, second] = await Promise.all([listener.close(20), listener.close(60_000)])
    expect([first, second]).toEqual([2, 2])
    await Promise.all(answers)
  })

  test("cuts streams that would never end", async () => {
    const listener = await opened({ answer: (_, outgoing) => void outgoing.write("a") })
    const body = (await fetch(listener.url)).text()
    const cut = expect(body).rejects.toThrow()
    expect(await listener.close(20)).toBe(1)
    await cut
  })
})

async function opened(options: Partial<ListenOptions> = {}): Promise<Listener> {
  const listener = await listen({
    section: "listen",
    host: "127.0.0.1",
    port: 0,
    answer: saying("hello"),
    onError: (error) => expect.unreachable(error.message),
    connectionsMax: 100,
    limits: defaultLimits,
    ...options,
  })
  onTestFinished(async () => void (await listener.close(0)))
  return listener
}

/** Answers when the request is there as a whole. */
const saying =
  (text: string): ListenOptions["answer"] =>
  (incoming, outgoing) =>
    void incoming.resume().on("end", () => outgoing.end(text))

function socketTo(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket))
    socket.once("error", reject)
    onTestFinished(() => void socket.destroy())
  })
}

/** All that a socket receives until the other side ends it. */
function ended(socket: Socket | undefined): Promise<string> {
  return new Promise((resolve) => {
    let text = ""
    socket?.setEncoding("utf8").on("data", (chunk) => (text += chunk))
    socket?.once("error", () => undefined).once("close", () => resolve(text))
  })
}
