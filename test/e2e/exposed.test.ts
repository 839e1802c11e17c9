import { expect, onTestFinished, test } from "vitest"
import type { JsonObject } from "../../src/schema/json.ts"
import type { Message } from "../support/backend-behaviour.ts"
import { json, serve } from "../support/backend-http.ts"
import { callTool, logged, refusalOf, startGateway, toolsOf } from "../support/e2e-gateway.ts"
import { ask } from "../support/face-server.ts"

const object = { type: "object" }
const pages: Readonly<Record<string, JsonObject>> = {
  undefined: {
    tools: [
      { name: "find", inputSchema: object, icons: [{ src: "x" }], "com.example/extra": 1 },
      { name: "echo", inputSchema: object },
    ],
    nextCursor: "2",
  },
  2: { tools: [{ name: "registered_elsewhere", inputSchema: object }], nextCursor: "3" },
  3: {
    tools: [
      { name: "strict", inputSchema: { type: "object", required: ["q"] } },
      { name: "no name", inputSchema: object },
      { name: "loop", inputSchema: { type: "object", properties: { a: { $ref: "http://x/y" } } } },
      {
        name: "mirrored",
        inputSchema: { type: "object", properties: { n: { type: "number", "x-mcp-header": "N" } } },
      },
    ],
  },
}

/** A modern server with a list of three pages; `answers` decides whether it answers at all. */
const listing = (answers: () => boolean) =>
  serve(({ id, method, params }: Message, response) => {
    if (!answers()) return
    const results: Record<string, object> = {
      "server/discover": { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } },
      "tools/list": pages[`${params?.["cursor"]}`] ?? {},
      "tools/call": { content: [{ type: "text", text: `called ${params?.["name"]}` }] },
      "acme/find": { found: params?.["what"] ?? null },
    }
    json(response, {
      jsonrpc: "2.0",
      id,
      result: { resultType: "complete", ...results[method ?? ""] },
    })
  })

test("a server's own tools are carried to those whom configuration names, and to nobody else", async () => {
  const own = await listing(() => true)
  await using gateway = await startGateway({
    registry: {
      tools: {
        echo: { server: "other" },
        renamed: { server: "own", as: "registered_elsewhere" },
      },
      agents: { a: ["renamed"], b: ["renamed"] },
    },
    servers: {
      "own:1.0.0": { url: own.url, expose: "all", to: ["a"], methods: ["acme/find"] },
      "other:1.0.0": { url: own.url },
    },
  })
  expect(await toolsOf(gateway, "a")).toEqual(["find", "renamed", "strict"])
  expect(await toolsOf(gateway, "b")).toEqual(["renamed"])

  const listed = JSON.parse((await ask(gateway.port, "a", "tools/list")).text).result.tools
  expect(listed[0]).toMatchObject({ icons: [{ src: "x" }], "com.example/extra": 1 })

  expect(await callTool(gateway, "a", "find")).toMatchObject({ content: [{ text: "called find" }] })
  expect(refusalOf(await callTool(gateway, "a", "strict"))).toBe("invalid_input")
  for (const [agent, tool] of [
    ["b", "find"],
    ["a", "echo"],
    ["a", "registered_elsewhere"],
    ["a", "mirrored"],
  ])
    expect(refusalOf(await callTool(gateway, agent ?? "", tool ?? ""))).toBe("unknown_tool")

  const called = gateway.audit().find(({ kind, target }) => {
    return kind === "call" && JSON.stringify(target).includes('"find"')
  })
  expect(called).toMatchObject({
    decision: "allow",
    server: { name: "own" },
    warnings: ["version_assumed", "exposed"],
  })
  await logged(gateway, "exposed_tool_left_out", ({ tool }) => tool === "echo")
  await logged(gateway, "exposed_tool_left_out", ({ tool }) => tool === "no name")
  await logged(gateway, "backend_tool_dropped", ({ tool }) => tool === "mirrored")
  expect(gateway.running.stdout()).toMatch(/own@1\.0\.0 .*its own tools to a$/m)
  expect(gateway.running.stderr()).toContain("tools that nobody registered are carried to a")

  const vendor = await ask(gateway.port, "a", "acme/find", { what: "tide" })
  expect(JSON.parse(vendor.text)).toMatchObject({
    result: { found: "tide", resultType: "complete" },
  })
  expect(await ask(gateway.port, "a", "acme/other")).toMatchObject({ status: 404 })
})

test("a server that does not answer holds no list up, and what was known of it stays", async () => {
  let isAnswering = true
  const own = await listing(() => isAnswering)
  const late = await listing(() => false)
  onTestFinished(() => late.close())
  await using gateway = await startGateway({
    registry: { tools: { echo: { server: "other" } }, agents: { a: ["echo"] } },
    servers: {
      "own:1.0.0": { url: own.url, expose: "all", prefix: "old", to: ["*"] },
      "late:1.0.0": { url: late.url, expose: "all", to: ["*"] },
      "other:1.0.0": { url: own.url },
    },
    config: { limits: { backendListWait: "2s", backendListTtl: "1ms" } },
  })
  const all = ["echo", "old__echo", "old__find", "old__registered_elsewhere", "old__strict"]
  expect(await toolsOf(gateway, "a")).toEqual(all)
  isAnswering = false
  expect(await toolsOf(gateway, "a")).toEqual(all)
  isAnswering = true
  expect(await callTool(gateway, "a", "old__find")).toMatchObject({
    content: [{ text: "called find" }],
  })
})
