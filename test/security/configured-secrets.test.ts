import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { JsonObject } from "../../src/schema/json.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { callTool, logged, startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { becomes, postern } from "../support/e2e-process.ts"
import { registryOf } from "../support/e2e-registry.ts"

/** Each in the section that it is named for, by the variable that holds it. */
const canary = {
  REGISTRY_BEARER: "canary-registry-bearer-1f0a",
  REGISTRY_PASSWORD: "canary-registry-password-2e1b",
  TELEMETRY_HEADER: "canary-telemetry-header-3d2c",
  SERVER_BEARER: "canary-server-bearer-4c3d",
  SESSION_KEY: "canary-session-key-that-is-long-enough-5b4e",
  AUDIT_KEY: "canary-audit-key-that-is-long-enough-6a5f",
  RATES_PASSWORD: "canary-rates-password-7960",
  RUNS_PASSWORD: "canary-runs-password-8871",
}
const database = (user: string, variable: string) =>
  `postgres://${user}:\${${variable}}@127.0.0.1:1/app?application_name=postern`

/** With a saga, for which the journal of runs is opened. */
const document = registryOf({
  tools: { echo: "web", leaks: "web" },
  agents: { a: ["echo", "leaks", "order"] },
})
const order = {
  name: "order",
  version: "1.0.0",
  description: "orders",
  inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
  depends: [{ type: "tool", name: "echo", version: "1.0.0" }],
  spec: {
    saga: {
      sagaIdPath: "$.id",
      steps: [{ id: "say", action: { tool: { name: "echo" } } }],
    },
  },
}
const registry = JSON.stringify({
  ...document,
  tools: [...(document["tools"] as JsonObject[]), order],
})

/** A registry and a collector that tell everybody what they were sent. */
async function openGossip() {
  const state = { asked: 0, spans: 0, isGossiping: false, heard: "" }
  const server = createServer((request, response) => {
    request.resume()
    const { headers, url } = request
    const told = JSON.stringify(headers)
    state.heard += told
    if (url === "/registry.json") state.asked++
    else state.spans++
    if (url === "/registry.json" && !state.isGossiping)
      response.writeHead(200, { "content-type": "application/json" }).end(registry)
    else
      response
        .writeHead(400, {
          "content-type": "application/json",
          "x-told": headers.authorization ?? "",
        })
        .end(JSON.stringify({ message: told, partialSuccess: { errorMessage: told } }))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo // it listens on TCP
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { url: `http://127.0.0.1:${port}`, state, close }
}

let gossip: Awaited<ReturnType<typeof openGossip>>
let backend: TestBackend
let gateway: TestGateway
const outputs: Record<string, string> = {}

beforeAll(async () => {
  gossip = await openGossip()
  backend = await openBackend({
    leaks: ({ headers, response }) =>
      response.writeHead(403, { "www-authenticate": `${headers.authorization}` }).end("no"),
  })
  const source = `${gossip.url}/registry.json`
  const servers = { "web:1.0.0": { url: backend.url, auth: { bearer: "${SERVER_BEARER}" } } }
  const rest = {
    session: { key: "${SESSION_KEY}" },
    audit: { file: "./audit.jsonl", key: "${AUDIT_KEY}", begin: "all" },
    log: { level: "trace" },
    telemetry: {
      endpoint: gossip.url,
      headers: { authorization: "Bearer ${TELEMETRY_HEADER}" },
      metrics: { interval: "1s" },
    },
    rateLimits: [{ agent: "*", rate: "100/s" }],
  }
  gateway = await startGateway({
    env: canary,
    registry,
    servers,
    config: {
      ...rest,
      registry: { source, auth: { bearer: "${REGISTRY_BEARER}" }, refreshInterval: "1s" },
      state: { rates: database("rater", "RATES_PASSWORD") },
    },
  })
  const answers = [
    await callTool(gateway, "a@1.0.0", "echo"),
    await callTool(gateway, "a@1.0.0", "leaks"),
  ]
  gossip.state.isGossiping = true
  const { asked, spans } = gossip.state
  await becomes(() => gossip.state.asked > asked + 1, "the registry is asked again")
  await becomes(() => gossip.state.spans > spans, "the collector is told")
  await logged(gateway, "telemetry_trouble")
  const pages = ["/status", "/metrics", "/readyz", "/healthz"]
  const shown = await Promise.all(pages.map(async (page) => (await gateway.admin(page)).text))
  gossip.state.isGossiping = false
  const other = await startGateway({
    env: canary,
    registry,
    servers,
    config: {
      ...rest,
      registry: {
        source,
        auth: { basic: { user: "postern", password: "${REGISTRY_PASSWORD}" } },
      },
      state: { runs: database("runner", "RUNS_PASSWORD") },
    },
  })
  answers.push(await callTool(other, "a@1.0.0", "order", { id: "1" }))
  const others = await Promise.all(pages.map(async (page) => (await other.admin(page)).text))
  gossip.state.isGossiping = true
  const judged = await postern(["validate", "--config", other.configFile], { env: canary })
  const otherAudit = readFileSync(other.auditFile, "utf8")
  await other[Symbol.asyncDispose]()
  Object.assign(outputs, {
    log: gateway.running.stderr(),
    stdout: gateway.running.stdout(),
    audit: readFileSync(gateway.auditFile, "utf8"),
    pages: shown.join("\n"),
    answers: JSON.stringify(answers),
    otherLog: other.running.stderr() + other.running.stdout(),
    otherAudit,
    otherPages: others.join("\n"),
    judged: judged.stdout + judged.stderr,
  })
}, 60_000)
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
  gossip.close()
})

describe("nothing that a gateway prints, serves or records holds", () => {
  test("what its neighbours were told, to begin with", () => {
    for (const name of ["REGISTRY_BEARER", "TELEMETRY_HEADER"] as const)
      expect(gossip.state.heard).toContain(canary[name])
    const basic = Buffer.from(`postern:${canary.REGISTRY_PASSWORD}`).toString("base64")
    expect(gossip.state.heard).toContain(basic)
    for (const [place, text] of Object.entries(outputs))
      expect([place, text.length > 40]).toEqual([place, true])
    for (const text of Object.values(outputs)) expect(text).not.toContain(basic)
    expect(backend.called).toEqual(["echo", "leaks"])
    expect(outputs["otherPages"]).toContain("run_journal_unavailable")
  })

  test.each(Object.entries(canary))("a secret of a section: %s", (_, secret) => {
    for (const [place, text] of Object.entries(outputs))
      expect([place, text.includes(secret)]).toEqual([place, false])
  })
})
