import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import { serveLegacy, serveModern } from "../../support/backend-http.ts"
import { callTool, startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { becomes, project } from "../../support/e2e-process.ts"
import { as, legacy, modern, opened, post, posting, session } from "../../support/face-server.ts"
import { agentOf, toolDependency } from "../../support/registries.ts"

const agent = "a@1.0.0"
/** Every way to a server: two transports in two eras. */
const servers = ["http_legacy", "http_modern", "stdio_legacy", "stdio_modern"]
const named = (tool: string) => servers.map((server) => `${tool}_${server}`)

const targets = (more: JsonObject = {}) => named("wait").map((tool) => ({ tool, ...more }))
const compositions = {
  patient: { scatterGather: { targets: targets(), aggregation: { ops: [] } } },
  first: {
    scatterGather: {
      targets: [...targets(), { tool: "slow_http_legacy" }],
      complete: "first",
      aggregation: { ops: [] },
    },
  },
  hasty: {
    scatterGather: {
      targets: [{ tool: "echo_http_modern" }, ...targets()],
      timeoutMs: 1_000,
      aggregation: { ops: [] },
    },
  },
  strict: {
    scatterGather: { targets: [{ tool: "fail_http_legacy" }, ...targets()], failFast: true },
  },
  brief: {
    pipeline: {
      steps: named("wait").map((tool) => ({
        id: tool,
        operation: { tool: { name: tool } },
        input: { constant: {} },
        timeoutMs: 500,
        retry: { maxAttempts: 1 },
        onError: { output: { constant: "late" } },
      })),
    },
  },
}

function document(): object {
  const tools = ["echo", "slow", "fail", "wait", "waiting"].flatMap((tool) =>
    servers.map((server) => ({ tool, server, name: `${tool}_${server}` })),
  )
  const depends = tools.map(({ name }) => toolDependency(name))
  const mine = [...Object.keys(compositions), ...named("waiting")]
  return {
    schemaVersion: "2.0",
    servers: servers.map((name) => ({
      name,
      version: "1.0.0",
      provides: tools.filter(({ server }) => server === name).map(({ tool }) => ({ tool })),
    })),
    tools: [
      ...tools.map(({ name, server, tool }) => ({
        name,
        version: "1.0.0",
        source: { server, serverVersion: "1.0.0", tool },
        inputSchema: { type: "object" },
        annotations: { readOnlyHint: true },
      })),
      ...Object.entries(compositions).map(([name, spec]) => ({
        name,
        version: "1.0.0",
        inputSchema: { type: "object" },
        spec,
        depends,
      })),
    ],
    agents: [
      agentOf(
        "a",
        mine.map((name) => toolDependency(name)),
      ),
    ],
  }
}

async function world(): Promise<TestGateway> {
  const [old, young] = await Promise.all([serveLegacy(), serveModern()])
  const child = (era: string) => ({
    command: "node",
    args: [join(project, "test/support/backend-child.ts"), era],
  })
  const gateway = await startGateway({
    registry: JSON.stringify(document()),
    servers: {
      "http_legacy:1.0.0": { url: old.url },
      "http_modern:1.0.0": { url: young.url },
      "stdio_legacy:1.0.0": child("legacy"),
      "stdio_modern:1.0.0": child("modern"),
    },
  })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

/** What each server says of the calls that wait there. */
async function standing(gateway: TestGateway): Promise<readonly unknown[]> {
  const answers = await Promise.all(named("waiting").map((name) => callTool(gateway, agent, name)))
  return answers.map(({ content }) => Object(content)[0].text)
}

const stand = (gateway: TestGateway, words: string) =>
  becomes(
    async () => (await standing(gateway)).every((said) => said === words),
    `${words} at every server`,
  )

const statuses = (result: JsonObject, key: string): unknown[] => {
  const found = isObject(result["_meta"]) ? result["_meta"][key] : undefined
  const list = isObject(found) ? found["steps"] : found
  return Array.isArray(list) ? list.map(({ status }) => status) : []
}

describe("every server is told, whatever it speaks, that nobody waits any more", () => {
  test("when a modern caller hangs up", async () => {
    const gateway = await world()
    const leaving = new AbortController()
    const { message, headers } = modern("tools/call", { name: "patient", arguments: {} })
    const request = posting(message, { ...headers, ...as(agent) })
    const gone = opened(gateway.port, { ...request, signal: leaving.signal })
    await stand(gateway, "1 waiting, 0 cancelled")
    leaving.abort()
    await expect(gone).rejects.toThrow("abort")
    await stand(gateway, "0 waiting, 1 cancelled")
    await becomes(
      () => gateway.audit().some(({ target }) => Object(target).name === "patient"),
      "on record",
    )
    const outcomes = gateway.audit().filter(({ refusal }) => refusal === "cancelled")
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual([
      "call",
      "step",
      "step",
      "step",
      "step",
    ])
  })

  test("when a legacy caller says so", async () => {
    const gateway = await world()
    const headers = await session(gateway.port, agent)
    const params = { name: "patient", arguments: {} }
    const answer = post(gateway.port, legacy("tools/call", params, 7), headers)
    await stand(gateway, "1 waiting, 0 cancelled")
    const cancelled = {
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: 7 },
    }
    await post(gateway.port, cancelled, headers)
    await stand(gateway, "0 waiting, 1 cancelled")
    expect((await answer).text).toContain("cancelled")
  })

  test("when another was first", async () => {
    const gateway = await world()
    await stand(gateway, "0 waiting, 0 cancelled") // all are up
    const result = await callTool(gateway, agent, "first", { n: 1 })
    expect(result).toMatchObject({ structuredContent: [{ n: 1 }] })
    expect(statuses(result, "dev.postern/scatter")).toEqual([...servers.map(() => "aborted"), "ok"])
    await stand(gateway, "0 waiting, 1 cancelled")
  })

  test("when the time is up, and what has arrived is kept", async () => {
    const gateway = await world()
    await stand(gateway, "0 waiting, 0 cancelled")
    const result = await callTool(gateway, agent, "hasty", { n: 1 })
    expect(result).toMatchObject({ structuredContent: [{ n: 1 }] })
    expect(statuses(result, "dev.postern/scatter")).toEqual(["ok", ...servers.map(() => "timeout")])
    await stand(gateway, "0 waiting, 1 cancelled")
  })

  test("when one has failed and that is the end", async () => {
    const gateway = await world()
    await stand(gateway, "0 waiting, 0 cancelled")
    const result = await callTool(gateway, agent, "strict")
    expect(result).toMatchObject({ isError: true })
    expect(JSON.stringify(result["content"])).toContain("error -32005: no [protocol]")
    await stand(gateway, "0 waiting, 1 cancelled")
  })

  test("when a step has taken too long, and the others go on", async () => {
    const gateway = await world()
    await stand(gateway, "0 waiting, 0 cancelled")
    const result = await callTool(gateway, agent, "brief")
    expect(result).toMatchObject({ structuredContent: "late" })
    await stand(gateway, "0 waiting, 1 cancelled")
  })
})
