import { expect, test } from "vitest"
import type { Message } from "../support/backend-behaviour.ts"
import { json, serve } from "../support/backend-http.ts"
import { callTool, startGateway } from "../support/e2e-gateway.ts"
import { ask, initialize, legacy, post, json as read, session } from "../support/face-server.ts"

const uri = "ui://page/1"
const extensions = { "com.example/ours": { depth: 2 }, "com.example/other": {} }

/** A modern server with one resource, which the results of its tool name in every way there is. */
const linking = (name: string) =>
  serve(({ id, method, params }: Message, response) => {
    const results: Record<string, object> = {
      "server/discover": {
        supportedVersions: ["2026-07-28"],
        capabilities: { tools: {}, resources: {}, extensions },
      },
      "tools/list": {
        tools: [
          {
            name: `${name}_link`,
            inputSchema: { type: "object" },
            _meta: { ui: { resourceUri: uri } },
          },
        ],
      },
      "resources/list": { resources: [{ uri, name }] },
      "resources/templates/list": { resourceTemplates: [] },
      "resources/read": { contents: [{ uri: params?.["uri"], text: `of ${name}` }] },
      "tools/call": {
        content: [
          { type: "resource_link", uri, name },
          { type: "resource", resource: { uri, text: `of ${name}` } },
        ],
        _meta: { ui: { resourceUri: uri } },
      },
      "acme/find": { found: params?.["what"] ?? null },
    }
    const result = { resultType: "complete", ...results[method ?? ""] }
    json(response, { jsonrpc: "2.0", id, result })
  })

/** Two such servers: the URI could mean either, so callers see it with its server. */
async function world() {
  const [one, two] = [await linking("one"), await linking("two")]
  const extra = { methods: ["acme/find"], extensions: ["com.example/ours"] }
  return startGateway({
    registry: {
      tools: { one_link: { server: "one" }, two_link: { server: "two" } },
      agents: { a: ["one_link", "two_link"], b: ["two_link"] },
    },
    servers: { "one:1.0.0": { url: one.url, ...extra }, "two:1.0.0": { url: two.url } },
  })
}

test("a method and an extension that configuration names are there in the legacy era, too", async () => {
  await using gateway = await world()
  const { port } = gateway
  await callTool(gateway, "a", "one_link") // now its server is known
  const greeted = read(await post(port, initialize(), { "x-agent-name": "a" }))
  expect(greeted).toMatchObject({ result: { capabilities: {} } })
  expect((greeted as Greeted).result.capabilities.extensions).toEqual({
    "com.example/ours": { depth: 2 },
  })
  const found = legacy("acme/find", { what: "tide" }, 7)
  const answer = read(await post(port, found, await session(port, "a")))
  expect(answer).toEqual({ jsonrpc: "2.0", id: 7, result: { found: "tide" } })

  const other = await session(port, "b") // the server that takes it is beyond its reach
  for (const method of ["acme/find", "acme/other"])
    expect(read(await post(port, legacy(method), other))).toMatchObject({ error: { code: -32601 } })
})

interface Greeted {
  readonly result: { readonly capabilities: { readonly extensions?: object } }
}

test("what a tool's result names can be read under the name that it gives, in both eras", async () => {
  await using gateway = await world()
  const { port } = gateway
  await ask(port, "a", "resources/list") // both servers are known to have it
  const headers = await session(port, "a")
  const call = legacy("tools/call", { name: "one_link", arguments: {} })
  const { result } = read(await post(port, call, headers)) as { result: Linked }
  for (const told of [result, (await callTool(gateway, "a", "one_link")) as unknown as Linked]) {
    const name = told.content[0]?.uri ?? ""
    expect(name).toMatch(/one@1\.0\.0/)
    expect(told.content[1]?.resource?.uri).toBe(name)
    expect(told._meta.ui.resourceUri).toBe(name)
    const { text } = await ask(port, "a", "resources/read", { uri: name }, { "mcp-name": name })
    expect(JSON.parse(text)).toMatchObject({
      result: { contents: [{ uri: name, text: "of one" }] },
    })
    const again = await post(port, legacy("resources/read", { uri: name }), headers)
    expect(read(again)).toMatchObject({ result: { contents: [{ uri: name, text: "of one" }] } })
  }
})

interface Linked {
  readonly content: readonly { readonly uri?: string; readonly resource?: { uri: string } }[]
  readonly _meta: { readonly ui: { readonly resourceUri: string } }
}

test("a tool that nobody registered names its page as its caller can read it, in both eras", async () => {
  const [one, two] = [await linking("one"), await linking("two")]
  const expose = { expose: "all", to: ["a"] }
  await using gateway = await startGateway({
    registry: {
      tools: { other: { server: "one" }, another: { server: "two" } },
      agents: { a: ["other"] },
    },
    servers: { "one:1.0.0": { url: one.url, ...expose }, "two:1.0.0": { url: two.url, ...expose } },
  })
  const { port } = gateway
  const headers = await session(port, "a")
  const modern = JSON.parse((await ask(port, "a", "tools/list")).text)
  for (const listed of [modern, read(await post(port, legacy("tools/list"), headers))]) {
    const { tools } = (listed as { result: { tools: (Linked & { name: string })[] } }).result
    const name = tools.find((tool) => tool.name === "one_link")?._meta.ui.resourceUri ?? ""
    expect(name).toMatch(/one@1\.0\.0/)
    const { text } = await ask(port, "a", "resources/read", { uri: name }, { "mcp-name": name })
    expect(JSON.parse(text)).toMatchObject({ result: { contents: [{ text: "of one" }] } })
    expect(tools.find((tool) => tool.name === "two_link")?._meta.ui.resourceUri).toMatch(/two@1/)
  }
  expect((await ask(port, "a", "tools/list")).text).toBe(JSON.stringify(modern))
})
