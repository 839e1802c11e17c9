import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createServer, type Server } from "node:net"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import type { JsonObject } from "../../src/schema/json.ts"
import { type BackendCall, openBackend, type TestBackend } from "../support/e2e-backend.ts"
import {
  callTool,
  logged,
  refusalOf,
  startGateway,
  type TestGateway,
  toolsOf,
} from "../support/e2e-gateway.ts"
import { becomes, descendants, project, until } from "../support/e2e-process.ts"
import { modern, opened, posting } from "../support/face-server.ts"

const agent = "a@1.0.0"
const child = (...quirks: string[]): JsonObject => ({
  command: "node",
  args: [join(project, "test/support/e2e-child.ts"), ...quirks],
  timeout: "5s",
})

/** What a server over HTTP does with a call, by tool. */
const faults: Readonly<Record<string, (call: BackendCall) => void>> = {
  hang: () => undefined,
  half: ({ response }) =>
    response.writeHead(200, { "content-type": "application/json" }).write('{"json'),
  reset: ({ response }) => response.socket?.resetAndDestroy(),
  close: ({ response }) => response.socket?.destroy(),
  "500": ({ response }) => response.writeHead(500).end("<h1>stack trace</h1>"),
  "502": ({ response }) => response.writeHead(502).end(),
  "503": ({ response }) => response.writeHead(503, { "retry-after": "7" }).end(),
  "302": ({ response }) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end(),
  "401": ({ response }) => response.writeHead(401, { "www-authenticate": "Basic" }).end(),
  wrongid: ({ send }) => send('{"jsonrpc":"2.0","id":"feedfeedfeedfeed","result":{"content":[]}}'),
  nojson: ({ send }) => send("<html>surprise</html>"),
  noresult: ({ id, send }) => send(`{"jsonrpc":"2.0","id":"${id}"}`),
  deep: ({ send }) => send("[".repeat(100_000)),
  endless: ({ response }) => pour(response, "application/json", "x".repeat(65_536)),
  stream: ({ response }) => pour(response, "text/event-stream", `data: ${"y".repeat(65_536)}\n`),
  mb100: ({ id, send }) =>
    send(`{"jsonrpc":"2.0","id":"${id}","result":{"content":[],"x":"${"z".repeat(100_000_000)}"}}`),
}

function pour(response: BackendCall["response"], type: string, text: string): void {
  response.writeHead(200, { "content-type": type })
  const more = () => {
    while (!response.destroyed && response.write(text));
  }
  response.on("drain", more)
  more()
}

const stdioTools = {
  s_echo: "echo",
  s_crash: "crash",
  s_garbage: "garbage",
  s_wrong: "wrong",
  s_huge: "huge",
  s_held: "held",
}

let healthy: TestBackend
let faulty: TestBackend
let black: Server
let gateway: TestGateway
beforeAll(async () => {
  healthy = await openBackend()
  faulty = await openBackend(faults)
  black = createServer(() => undefined).listen(0, "127.0.0.1") // takes connections, says nothing
  await once(black, "listening")
  const { port } = black.address() as AddressInfo // it listens on TCP
  const web = Object.fromEntries(
    Object.keys(faults).map((as) => [`w_${as}`, { server: "faulty", as }]),
  )
  const stdio = Object.fromEntries(
    Object.entries(stdioTools).map(([name, as]) => [name, { server: "child", as }]),
  )
  const others = {
    refused: "refused",
    black: "black",
    looping: "looping",
    noisy: { server: "noisy", as: "echo" },
    mute: "mute",
    missing: "missing",
    endless: "babbling",
    calm: { server: "babbling", as: "echo" },
    w_echo: { server: "faulty", as: "echo" },
  }
  const tools = { echo: "healthy", ...web, ...stdio, ...others }
  gateway = await startGateway({
    registry: { tools, agents: { a: Object.keys(tools) } },
    servers: {
      "healthy:1.0.0": { url: healthy.url },
      "faulty:1.0.0": { url: faulty.url, timeout: "3s", breaker: "off" },
      "refused:1.0.0": { url: "http://127.0.0.1:9/mcp" },
      "black:1.0.0": { url: `http://127.0.0.1:${port}/mcp`, timeout: "1s" },
      "child:1.0.0": child(),
      "looping:1.0.0": child("crash-loop"),
      "noisy:1.0.0": child("noisy"),
      "mute:1.0.0": child("mute"),
      "babbling:1.0.0": { ...child(), timeout: "2s" },
      "missing:1.0.0": { command: "/no/such/program" },
    },
    config: {
      limits: {
        backendRetryWait: "200ms",
        backendConnectTimeout: "1s",
        backendProbeTimeout: "500ms",
      },
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await healthy[Symbol.asyncDispose]()
  await faulty[Symbol.asyncDispose]()
  black.close()
})

const answers = async (tool: string) =>
  expect(await callTool(gateway, agent, tool, { n: 1 })).toMatchObject({
    content: [{ text: '{"n":1}' }],
  })

/** Whatever a server did, it did to nobody else: the healthy one is served, and the process is the same. */
afterEach(async () => {
  await answers("echo")
  expect(gateway.running.child.exitCode).toBe(null)
  expect(gateway.log().filter(({ event }) => String(event).includes("bug"))).toEqual([])
})

describe("a server over HTTP that", () => {
  test.each([
    ["refuses connections", "refused", "backend_unavailable"],
    ["takes connections and says nothing", "black", /backend_(timeout|unavailable)/],
    ["hangs in a call", "w_hang", "backend_timeout"],
    ["stops in the middle of its answer", "w_half", "backend_timeout"],
    ["resets the connection", "w_reset", "backend_unavailable"],
    ["closes the connection", "w_close", "backend_unavailable"],
    ["answers 500", "w_500", "backend_error"],
    ["answers 502", "w_502", "backend_unavailable"],
    ["answers 503", "w_503", "backend_unavailable"],
    ["redirects", "w_302", "backend_error"],
    ["refuses the gateway's credentials", "w_401", "backend_error"],
    ["answers another call", "w_wrongid", "backend_error"],
    ["answers no JSON", "w_nojson", "backend_error"],
    ["answers without a result", "w_noresult", "backend_error"],
    ["answers with nesting", "w_deep", "backend_error"],
    ["never stops answering", "w_endless", "backend_error"],
    ["streams one event for ever", "w_stream", "backend_error"],
    ["answers with 100 MB", "w_mb100", "backend_error"],
  ])("%s gives a typed refusal for its own tool", async (_, tool, code) => {
    const [answer, ...others] = await Promise.all([
      callTool(gateway, agent, tool),
      ...Array.from({ length: 5 }, () => callTool(gateway, agent, "echo", { n: 1 })),
    ])
    expect(answer).toMatchObject({ isError: true, content: [{ text: expect.any(String) }] })
    expect(refusalOf(answer)).toEqual(expect.stringMatching(code))
    expect(JSON.stringify(answer)).not.toMatch(/127\.0\.0\.1|ECONN|stack trace|surprise|\.[jt]s:/)
    for (const other of others) expect(other).toMatchObject({ content: [{ text: '{"n":1}' }] })
    expect(gateway.audit().findLast(({ target }) => nameOf(target) === tool)).toMatchObject({
      decision: "allow",
      outcome: "refused",
      refusal: refusalOf(answer),
      reason: expect.stringMatching(/./),
    })
  })

  test("failed so often is used again as soon as it is well", async () => {
    await until(() => answers("w_echo"))
  })

  test("sent 100 MB has not grown the gateway by as much", async () => {
    expect(await residentBytes()).toBeLessThan(400 * 1024 * 1024)
  })
})

describe("a server over stdio that", () => {
  test("answers well shares one child between all callers", async () => {
    await Promise.all(Array.from({ length: 10 }, () => answers("s_echo")))
    expect(descendants(gateway.running.pid)).toContain(await pidOf("child"))
    const children = gateway
      .log()
      .filter(({ event, server }) => event === "backend_up" && server === "child@1.0.0")
    expect(children).toHaveLength(1)
  })

  test("is killed in a call gives a typed refusal, and is started again", async () => {
    expect(refusalOf(await callTool(gateway, agent, "s_crash"))).toBe("backend_unavailable")
    await logged(gateway, "backend_down", ({ server }) => server === "child@1.0.0")
    await until(() => answers("s_echo"))
  })

  test("prints garbage among its messages is understood all the same", async () => {
    await answers("noisy")
    expect(await callTool(gateway, agent, "s_garbage")).toMatchObject({
      content: [{ text: "after the garbage" }],
    })
    await logged(gateway, "backend_stray", ({ server }) => server === "noisy@1.0.0")
  })

  test("answers what nobody asked gives it to nobody", async () => {
    expect(await callTool(gateway, agent, "s_wrong")).toMatchObject({
      content: [{ text: "for you" }],
    })
  })

  test("answers with 100 MB gives a typed refusal, and goes on", async () => {
    const [huge, echoed] = await Promise.all([
      callTool(gateway, agent, "s_huge"),
      callTool(gateway, agent, "s_echo", { n: 2 }),
    ])
    expect(refusalOf(huge)).toBe("backend_error")
    expect(echoed).toMatchObject({ content: [{ text: '{"n":2}' }] })
    await answers("s_echo")
  })

  test("never ends its line is not gathered, its calls end in time, and others are served meanwhile", async () => {
    const babble = callTool(gateway, agent, "endless")
    await answers("echo")
    await answers("s_echo")
    expect(refusalOf(await babble)).toBe("backend_timeout")
    expect(await residentBytes()).toBeLessThan(400 * 1024 * 1024)
    process.kill(await pidOf("babbling"), "SIGKILL")
    await until(() => answers("calm"))
  })

  test.each([
    ["dies at each start", "looping"],
    ["never says anything", "mute"],
    ["does not exist", "missing"],
  ])("%s gives a typed refusal, and is not started without end", async (_, tool) => {
    const codes = []
    for (let n = 0; n < 10; n++) codes.push(refusalOf(await callTool(gateway, agent, tool)))
    expect(new Set(codes)).toEqual(new Set(["backend_unavailable"]))
    const downs = gateway
      .log()
      .filter(({ event, server }) => event === "backend_down" && server === `${tool}@1.0.0`)
    expect(downs.length).toBeGreaterThan(0)
    expect(downs.length).toBeLessThan(10)
  })
})

describe("with every server in trouble", () => {
  test("tools/list shows all tools at once, and readiness stays green", async () => {
    const hanging = Array.from({ length: 5 }, () => callTool(gateway, agent, "w_hang"))
    const tools = await toolsOf(gateway, agent)
    expect(tools).toContain("refused")
    expect(tools).toContain("endless")
    expect(await gateway.admin("/readyz")).toMatchObject({ status: 200 })
    await Promise.all(hanging)
  })

  test("a server that is full refuses the rest at once and lets nobody else wait", async () => {
    const own = await startGateway({
      registry: {
        tools: { held: "narrow", echo: "healthy" },
        agents: { a: ["held", "echo"] },
      },
      servers: {
        "narrow:1.0.0": { url: faulty.url, concurrency: 2, queue: 3 },
        "healthy:1.0.0": { url: healthy.url },
      },
    })
    onTestFinished(() => own[Symbol.asyncDispose]())
    const { message, headers } = modern("tools/call", { name: "held" })
    const all = { ...headers, "x-agent-name": "a", "x-agent-version": "1.0.0" }
    const five = Array.from({ length: 5 }, () => opened(own.port, posting(message, all)))
    await becomes(() => faulty.held() === 2, "two held")
    await becomes(async () => {
      const { servers } = await own.status()
      return (servers as JsonObject[]).some(({ queued }) => queued === 3)
    }, "three queued")
    expect(refusalOf(await callTool(own, agent, "held"))).toBe("overloaded")
    expect(await callTool(own, agent, "echo", { n: 1 })).toMatchObject({
      content: [{ text: '{"n":1}' }],
    })
    let served = 0
    for (const answer of five) void answer.then(() => served++)
    await becomes(() => {
      faulty.release()
      return served === 5
    }, "all five served")
    for (const answer of await Promise.all(five)) answer.resume()
  })
})

async function residentBytes(): Promise<number> {
  const { text } = await gateway.admin("/metrics")
  return Number(/^postern_resident_memory_bytes (\S+)$/m.exec(text)?.[1])
}

/** Of the process that the gateway runs for a server, by its own account. */
async function pidOf(server: string): Promise<number> {
  const { servers } = await gateway.status()
  const found = (servers as JsonObject[]).find(({ server: ref }) => nameOf(ref) === server)
  if (typeof found?.["pid"] !== "number") throw new Error(`${server} has no process`)
  return found["pid"]
}

const nameOf = (ref: unknown) => (ref as { name?: unknown } | null)?.name
