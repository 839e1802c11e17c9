import { writeFileSync } from "node:fs"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import { type BackendCall, openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import { callTool, logged, startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { as, events, legacy, modern, post, session } from "../../support/face-server.ts"
import { agentOf, documentOf, sourceTool, toolDependency } from "../../support/registries.ts"

const agent = "a@1.0.0"
const reading = { annotations: { readOnlyHint: true } }
const step = (id: string, more: JsonObject = {}) => ({
  id,
  operation: { tool: { name: id } },
  ...more,
})
const pipeline = (...steps: object[]) => ({ pipeline: { steps } })

const tools = {
  echo: reading,
  slow: reading,
  held: reading,
  save: { annotations: { readOnlyHint: false } },
  leaky: reading,
  hostile: reading,
}
const compositions: Readonly<Record<string, object>> = {
  three: {
    spec: pipeline(
      ...["one", "two", "three"].map((id, at, ids) => ({
        ...step("slow", { input: { path: "$" }, after: ids.slice(at - 1, at) }),
        id,
        name: `Step ${id}`,
      })),
    ),
  },
  list: {
    spec: pipeline({ id: "v", operation: { value: { path: "$.items" } } }),
    outputSchema: { type: "array", items: { type: "number" } },
  },
  waits: { spec: pipeline(step("held"), step("echo", { input: { constant: { after: true } } })) },
  taps: { spec: pipeline(step("echo"), step("held", { detached: true, input: { path: "$" } })) },
  saves: {
    spec: pipeline(step("save", { forEach: { path: "$.items" }, input: { constant: {} } })),
  },
  leaks: { spec: pipeline(step("leaky")) },
  each: {
    spec: pipeline(
      step("echo", {
        forEach: { path: "$.items" },
        input: { construct: { fields: { it: { item: { path: "$" } } } } },
      }),
    ),
  },
  said: {
    spec: {
      pipeline: {
        steps: [step("hostile")],
        output: {
          construct: {
            fields: {
              first: { reference: { step: "hostile", path: "$[0]" } },
              own: { reference: { step: "hostile", path: "$[0].toString[*]" } },
            },
          },
        },
      },
    },
  },
  deep: { spec: pipeline({ id: "v", operation: { value: { path: "$..x" } } }) },
  merge: {
    spec: pipeline({
      id: "v",
      operation: { value: { merge: [{ path: "$.one" }, { path: "$.two" }] } },
    }),
  },
}

const documentWith = (more: object = {}) =>
  JSON.stringify(
    documentOf(
      [
        ...Object.entries(tools).map(([name, members]) =>
          sourceTool(name, { inputSchema: { type: "object" }, ...members }),
        ),
        ...Object.entries({ ...compositions, ...more }).map(([name, members]) => ({
          name,
          version: "1.0.0",
          inputSchema: { type: "object" },
          depends: Object.keys(tools).map((tool) => toolDependency(tool)),
          ...members,
        })),
      ],
      {
        agents: [
          agentOf(
            "a",
            Object.keys(compositions).map((name) => toolDependency(name)),
          ),
        ],
      },
    ),
  )

const hostile = '{"__proto__":{"polluted":true},"constructor":1}'
const keys: unknown[] = []
const acts: Readonly<Record<string, (call: BackendCall) => void>> = {
  slow: (call) => void setTimeout(() => call.text("done"), 150),
  save: (call) => {
    keys.push(call.headers["idempotency-key"])
    call.text("saved")
  },
  hostile: (call) => call.text(`[${hostile}]`),
  leaky: (call) =>
    call.send({
      result: {
        content: [{ type: "text", text: `no access with ${call.headers.authorization}` }],
        isError: true,
      },
    }),
}

let backend: TestBackend
let gateway: TestGateway
const start = async () =>
  startGateway({
    registry: documentWith(),
    servers: { "s:1.0.0": { url: backend.url, headers: { authorization: "Bearer ${TOKEN}" } } },
    env: { TOKEN: "s3cr3t-t0ken" },
  })
beforeAll(async () => {
  backend = await openBackend(acts)
  gateway = await start()
}, 30_000)
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

describe("progress of a composition", () => {
  const progressIn = (text: string) =>
    events(text).flatMap((message) => {
      const { method, params } = Object(message)
      return method === "notifications/progress" ? [params] : []
    })

  test.each(["modern", "legacy"])(
    "is told by step to a %s caller, and nothing after the result",
    async (era) => {
      const params = { name: "three", arguments: {}, _meta: { progressToken: "mine" } }
      const request = modern("tools/call", params)
      const answer =
        era === "modern"
          ? await post(gateway.port, request.message, { ...request.headers, ...as(agent) })
          : await post(
              gateway.port,
              legacy("tools/call", params, 2),
              await session(gateway.port, agent),
            )
      expect(progressIn(answer.text)).toEqual(
        ["one", "two", "three"].map((name, at) => ({
          progressToken: "mine",
          progress: at + 1,
          total: 3,
          message: `Step ${name}`,
        })),
      )
      expect(events(answer.text).at(-1)).toMatchObject({ result: { content: [{ text: "done" }] } })
    },
  )
})

describe("a result that is no object", () => {
  const identity = { requestInit: { headers: as(agent) } }

  test("is what the list says, to the official clients of both eras", async () => {
    const old = new ClientV1({ name: "v1", version: "1" })
    await old.connect(new TransportV1(new URL(gateway.url), identity) as never) // its own types disagree under exactOptionalPropertyTypes
    const young = new Client(
      { name: "v2", version: "1" },
      { versionNegotiation: { mode: { pin: "2026-07-28" } } },
    )
    await young.connect(new StreamableHTTPClientTransport(new URL(gateway.url), identity))
    const call = { name: "list", arguments: { items: [1, 2] } }
    await old.listTools() // the client holds results to what it was listed
    expect(await old.callTool(call)).toMatchObject({ structuredContent: { result: [1, 2] } })
    await young.listTools()
    expect(await young.callTool(call)).toMatchObject({ structuredContent: [1, 2] })
    await Promise.all([old.close(), young.close()])
  })
})

describe("a call inside a composition", () => {
  test("carries its key to the server in a header, another one for each item", async () => {
    const { _meta } = await callTool(gateway, agent, "saves", { items: [1, 2] })
    const { id } = Object(_meta)["dev.postern/run"]
    expect(keys.sort()).toEqual([`${id}/save[0]`, `${id}/save[1]`])
  })

  test("shows no secret in what it says when it fails", async () => {
    const { content } = await callTool(gateway, agent, "leaks")
    const text = JSON.stringify(content)
    expect(text).toContain("leaks failed at step leaky (leaky@1.0.0): no access with ")
    expect(text).not.toContain("s3cr3t")
    expect(JSON.stringify(gateway.audit())).not.toContain("s3cr3t")
  })
})

describe("hostile arguments", () => {
  test("are data like any other, and so is what a server says", async () => {
    const items = [JSON.parse(hostile), null, { constructor: { prototype: 1 } }]
    const sent = await callTool(gateway, agent, "each", { items: items.slice(1) })
    expect(sent["structuredContent"]).toEqual(items.slice(1).map((it) => ({ it })))
    const members = { one: { toString: 1 }, two: { valueOf: 2, hasOwnProperty: 3 } }
    const merged = await callTool(gateway, agent, "merge", members)
    expect(merged["structuredContent"]).toEqual({ ...members.one, ...members.two })
    const said = await callTool(gateway, agent, "said")
    expect(JSON.stringify(said["structuredContent"])).toBe(`{"first":${hostile},"own":[]}`)
  })

  test("that are too many or too deep are refused by the name of the limit, and nobody else waits", async () => {
    const many = callTool(gateway, agent, "each", { items: Array.from({ length: 5_000 }, () => 1) })
    const other = callTool(gateway, agent, "each", { items: [1] })
    expect(JSON.stringify((await many)["content"])).toContain("(limit maxItems) [budget]")
    expect(await other).toMatchObject({ structuredContent: [{ it: 1 }] })
    let deep: JsonObject = { x: 1 }
    for (let level = 0; level < 55; level++) deep = { inner: deep }
    expect(JSON.stringify((await callTool(gateway, agent, "deep", { deep }))["content"])).toContain(
      "[binding]",
    )
  })
})

describe("a reload", () => {
  test("to a document with a composition that cannot be planned is refused, and says where", async () => {
    const own = await start()
    onTestFinished(() => own[Symbol.asyncDispose]())
    const spec = { scatterGather: { targets: [{ tool: "echo" }], complete: { quorum: 2 } } }
    writeFileSync(own.registryFile, documentWith({ broken: { spec } }))
    const { problems } = await logged(own, "registry_refused")
    expect(JSON.stringify(problems)).toContain(
      "quorum_range /tools/16/spec/scatterGather/complete/quorum",
    )
    expect(await callTool(own, agent, "list", { items: [1] })).toMatchObject({
      structuredContent: [1],
    })
  })

  test("does not change a run that has begun", async () => {
    const own = await start()
    onTestFinished(() => own[Symbol.asyncDispose]())
    const running = callTool(own, agent, "waits")
    await becomes(() => backend.held() === 1, "held")
    writeFileSync(
      own.registryFile,
      documentWith({
        waits: { spec: pipeline(step("echo", { input: { constant: { other: true } } })) },
      }),
    )
    await logged(own, "registry_loaded", ({ generation }) => generation === 2)
    const next = await callTool(own, agent, "waits")
    expect(next["content"]).toMatchObject([{ text: '{"other":true}' }])
    backend.release()
    expect((await running)["content"]).toMatchObject([{ text: '{"after":true}' }])
  })
})

describe("SIGTERM", () => {
  test("waits for the run that is under way, with all its steps, and for what was detached", async () => {
    const own = await start()
    onTestFinished(() => own[Symbol.asyncDispose]())
    expect(await callTool(own, agent, "taps", { n: 1 })).toMatchObject({
      content: [{ text: '{"n":1}' }],
    })
    const running = callTool(own, agent, "waits")
    await becomes(() => backend.held() === 2, "held")
    own.running.child.kill("SIGTERM")
    await becomes(async () => (await own.admin("/readyz")).status === 503, "not ready")
    backend.release()
    expect(await running).toMatchObject({ content: [{ text: '{"after":true}' }] })
    expect(await own.running.exited).toEqual({ code: 0, signal: null })
    const steps = own.audit().filter(({ kind }) => kind === "step")
    expect(steps.map(({ outcome }) => outcome)).toEqual(["ok", "ok", "ok", "ok"])
    expect(own.audit().at(-1)).toMatchObject({ kind: "config" })
  })

  test("ends what was detached when it takes too long", async () => {
    const own = await startGateway({
      registry: documentWith(),
      servers: { "s:1.0.0": { url: backend.url } },
      config: { limits: { shutdownTimeout: "300ms" } },
    })
    onTestFinished(() => own[Symbol.asyncDispose]())
    await callTool(own, agent, "taps", { n: 1 })
    await becomes(() => backend.held() === 1, "held")
    expect(await own.stop()).toEqual({ code: 0, signal: null })
    const last = own.audit().findLast(({ kind }) => kind === "step")
    expect(last).toMatchObject({ refusal: "cancelled", note: { step: "held" } })
    expect(isObject(last)).toBe(true)
  })
})
