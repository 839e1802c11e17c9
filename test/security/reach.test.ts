import { once } from "node:events"
import { existsSync } from "node:fs"
import { createServer, request as send } from "node:http"
import { type AddressInfo, createServer as listenTcp } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { JsonObject } from "../../src/schema/json.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import {
  callTool,
  refusalOf,
  startGateway,
  type TestGateway,
  toolsOf,
} from "../support/e2e-gateway.ts"
import { registryOf } from "../support/e2e-registry.ts"
import { ask, json, modern, post } from "../support/face-server.ts"

/** An address that nothing may ever connect to: what a registry or a caller names, and the configuration does not. */
async function openTrap() {
  let touched = 0
  const server = listenTcp((socket) => {
    touched++
    socket.destroy()
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}/card`,
    touched: () => touched,
    close: () => server.close(),
  }
}

/** Hands requests on as a server of `agent`'s would reach the gateway: a gateway that is its own server. */
async function openMirror(agent: string) {
  const to = { port: 0, passed: 0, open: 0, most: 0 }
  const server = createServer((request, response) => {
    to.passed++
    to.most = Math.max(to.most, ++to.open)
    const headers = { ...request.headers, host: `127.0.0.1:${to.port}`, "x-agent-name": agent }
    const onward = send({ port: to.port, path: "/mcp", method: "POST", headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on("error", () => response.destroy())
    response.on("close", () => {
      to.open--
      onward.destroy()
    })
    request.pipe(onward)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    to,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

const mark = join(import.meta.dirname, "no-such-file-was-made")
const agent = "a@1.0.0"
const depends = ["echo", "challenged", "broken", "circle", "twice"]
const secretHeaders = {
  authorization: "Bearer of-the-caller",
  cookie: "session=of-the-caller",
  "x-forwarded-for": "10.1.1.1",
  "x-forwarded-client-cert": "By=spiffe://example.org/edge;Hash=of-the-caller",
  "x-agent-version": "1.0.0",
}

let trap: Awaited<ReturnType<typeof openTrap>>
let mirror: Awaited<ReturnType<typeof openMirror>>
let backend: TestBackend
let gateway: TestGateway
const seen: JsonObject[] = []

/** Calls itself twice, by way of a server that is this gateway. */
const twice = {
  name: "twice",
  version: "1.0.0",
  description: "calls itself",
  inputSchema: { type: "object" },
  depends: [{ type: "tool", name: "again", version: "1.0.0" }],
  spec: {
    scatterGather: {
      targets: [{ tool: "again" }, { tool: "again" }],
      aggregation: { ops: [{ flatten: true }] },
    },
  },
}

/** A registry whose author would like the gateway to go to many places. */
function registry(): JsonObject {
  const document = registryOf({
    tools: {
      echo: "web",
      challenged: "web",
      broken: "web",
      circle: { server: "self", hasEffects: true },
      again: { server: "self", as: "twice", hasEffects: true },
    },
    agents: { a: depends },
  })
  const listed = (section: string) => document[section] as JsonObject[]
  const agents = listed("agents").map((one) => ({
    ...one,
    url: trap.url,
    provider: { organization: "x", url: trap.url },
    documentationUrl: trap.url,
    iconUrl: trap.url,
  }))
  const tools = listed("tools").map((one) => ({
    ...one,
    icons: [{ src: "https://127.0.0.1:1/i" }],
  }))
  return { ...document, agents, tools: [...tools, twice] }
}

beforeAll(async () => {
  trap = await openTrap()
  mirror = await openMirror("a")
  backend = await openBackend({
    echo: ({ headers, meta, text }) => {
      seen.push({ ...headers, meta: meta as JsonObject } as JsonObject)
      text("heard")
    },
    challenged: ({ response }) =>
      response
        .writeHead(401, { "www-authenticate": 'Bearer resource_metadata="https://evil.example/"' })
        .end("who are you"),
    broken: ({ response }) =>
      response.writeHead(500).end("Error: at /srv/app/secret.js:10:2\n    at db.internal:5432"),
  })
  gateway = await startGateway({
    registry: JSON.stringify(registry()),
    servers: {
      "web:1.0.0": { url: backend.url },
      "self:1.0.0": { url: mirror.url, concurrency: 3, queue: 0 },
    },
  })
  mirror.to.port = gateway.port
}, 30_000)
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
  mirror.close()
  trap.close()
})

describe("the gateway reaches nothing that a registry or a caller names", () => {
  test("row 30: the addresses of a registry document are words to it", async () => {
    expect(await toolsOf(gateway, agent)).toEqual([...depends].sort())
    const attempts: JsonObject[] = [
      { type: "object", properties: { a: { $ref: trap.url } } },
      { $schema: trap.url, type: "object" },
      { type: "object", properties: { a: { $ref: "file:///etc/passwd" } } },
    ]
    const refused = () => gateway.log().filter(({ event }) => event === "registry_refused")
    for (const inputSchema of attempts) {
      const before = refused().length
      const sketch = { tools: { echo: { server: "web", inputSchema } }, agents: { a: ["echo"] } }
      gateway.writeRegistry(sketch)
      await expect.poll(() => refused().length).toBeGreaterThan(before)
    }
    expect(trap.touched()).toBe(0)
  })

  test("row 31: X-Caller-Agent is looked up, never fetched", async () => {
    const { message, headers } = modern("tools/list")
    const named = async (url: string) =>
      json(await post(gateway.port, message, { ...headers, "x-caller-agent": url }))
    expect(await named(trap.url)).toMatchObject({ result: { tools: expect.any(Array) } })
    expect(refusalOf((await named(`${trap.url}/other`)) as JsonObject)).toBe("unknown_caller")
    expect(trap.touched()).toBe(0)
  })

  test("row 42: a document starts no process, whatever it says of a server", async () => {
    const { servers, ...rest } = registry()
    const commands = (servers as JsonObject[]).map((server) => ({
      ...server,
      command: `touch ${mark}`,
      args: [";", `$(touch ${mark})`],
      transport: { type: "stdio", command: "touch", args: [mark] },
    }))
    const before = gateway.log().length
    gateway.writeRegistry(JSON.stringify({ ...rest, schemaVersion: "1.0", servers: commands }))
    await expect
      .poll(() =>
        gateway
          .log()
          .slice(before)
          .some(({ event }) => event === "registry_refused" || event === "registry_loaded"),
      )
      .toBe(true)
    await callTool(gateway, agent, "echo")
    expect(existsSync(mark)).toBe(false)
    gateway.writeRegistry(JSON.stringify(registry()))
  })
})

describe("what passes between a caller and a server", () => {
  test("row 39: nothing that the caller proves itself with reaches the server", async () => {
    seen.length = 0
    const meta = { "dev.postern/trust": "verified", "dev.postern/refusal": { code: "x" }, "x/y": 1 }
    const params = { name: "echo", arguments: {}, _meta: meta }
    const answer = await ask(gateway.port, agent, "tools/call", params, secretHeaders)
    expect(json(answer)).toMatchObject({ result: { content: [{ text: "heard" }] } })
    const [headers = {}] = seen
    const names = Object.keys(headers)
    expect(
      names.filter((name) => /^(authorization|cookie|x-agent|x-forw|x-caller)/.test(name)),
    ).toEqual([])
    expect(JSON.stringify(seen)).not.toContain("of-the-caller")
    const ours = Object.entries(Object(headers["meta"])).filter(([key]) => key.startsWith("dev."))
    expect(ours).toEqual([["dev.postern/hops", 1]])
  })

  test("row 40: a server's challenge is no challenge to the caller", async () => {
    const answer = await ask(gateway.port, agent, "tools/call", {
      name: "challenged",
      arguments: {},
    })
    expect(answer.headers["www-authenticate"]).toBeUndefined()
    expect(answer.status).toBe(200)
    expect(answer.text).not.toContain("evil.example")
    expect(answer.text).not.toContain("who are you")
  })

  test("row 50: a server's stack, paths and addresses stay in the log", async () => {
    const answer = await ask(gateway.port, agent, "tools/call", { name: "broken", arguments: {} })
    for (const word of ["/srv/app", "db.internal", "Error:", String(backend.port), "127.0.0.1"])
      expect(answer.text).not.toContain(word)
  })
})

describe("row 53: a gateway that is its own server", () => {
  test("is stopped by the limit of that server, and goes on", async () => {
    const answer = await callTool(gateway, agent, "circle")
    expect(answer).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining("busy") }],
    })
    expect(mirror.to.passed).toBeLessThan(40)
  })

  test("does not multiply what it is asked: never more calls than that server may have", async () => {
    mirror.to.most = 0
    const answer = await callTool(gateway, agent, "twice")
    expect(answer).toMatchObject({ isError: true })
    expect(mirror.to.most).toBeLessThanOrEqual(4) // with one that looks whether the server is there
    expect(await callTool(gateway, agent, "echo")).toMatchObject({ content: [{ text: "heard" }] })
  })
})
