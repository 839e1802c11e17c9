import { describe, expect, test } from "vitest"

import { createToolLists } from "../../../src/mcp/face/tool-list.ts"
import { sketchCatalog } from "../../support/catalog.ts"
import { fakeGateway } from "../../support/face-gateway.ts"
import {
  type Answer,
  ask,
  faceServer,
  json,
  legacy,
  post,
  session,
} from "../../support/face-server.ts"

const names = Array.from({ length: 7 }, (_, index) => `tool-${index}`)
const seven = {
  tools: Object.fromEntries(names.map((name) => [`${name}@1`, {}])),
  agents: {
    "reader@1": names.map((name) => `${name}@1`),
    "other@1": names.map((name) => `${name}@1`),
  },
}

interface Page {
  readonly names: readonly string[]
  readonly next: string | undefined
}
function page(answer: Answer): Page {
  const { result } = json(answer) as { result: { tools: { name: string }[]; nextCursor?: string } }
  return { names: result.tools.map(({ name }) => name), next: result.nextCursor }
}

describe("a list over more than one page", () => {
  const limits = { listPageMax: 3 }
  const ofModern = (port: number, cursor?: string, agent = "reader@1") =>
    ask(port, agent, "tools/list", cursor === undefined ? {} : { cursor })

  test("comes page by page, in order, nothing twice and nothing lost", async () => {
    const { port } = await faceServer(fakeGateway(seven), { limits })
    const found: string[] = []
    for (let next: string | undefined, first = true; first || next !== undefined; first = false) {
      const one = page(await ofModern(port, next))
      expect(one.names.length).toBeLessThanOrEqual(3)
      found.push(...one.names)
      next = one.next
    }
    expect(found).toEqual(names)
    const headers = await session(port, "reader@1")
    const legacyFirst = page(await post(port, legacy("tools/list"), headers))
    const rest = await post(port, legacy("tools/list", { cursor: legacyFirst.next }), headers)
    expect(page(rest).names).toEqual(names.slice(3, 6))
  })

  test("knows no cursor but its own: not another's, a changed, an old, an empty one", async () => {
    const gateway = fakeGateway(seven)
    const { port } = await faceServer(gateway, { limits })
    const { next = "" } = page(await ofModern(port))
    const { next: foreign = "" } = page(await ofModern(port, undefined, "other@1"))
    for (const cursor of [foreign, "", "1", `${next}x`, next.replace(/.$/, "!")]) {
      const answer = await ofModern(port, cursor)
      expect(answer.status).toBe(200)
      expect(json(answer)).toMatchObject({ error: { code: -32602 } })
    }
    gateway.swap({ ...seven, tools: { ...seven.tools, "unrelated@1": {} } })
    expect((await ofModern(port, next)).text).toContain("tool-3")
    gateway.swap({
      ...seven,
      agents: { "reader@1": ["tool-0@1", "tool-1@1", "tool-2@1", "tool-3@1"] },
    })
    expect(json(await ofModern(port, next))).toMatchObject({ error: { code: -32602 } })
  })

  test("refuses a cursor that is no string", async () => {
    const { port } = await faceServer(fakeGateway(seven), { limits })
    expect(json(await ask(port, "reader@1", "tools/list", { cursor: 3 }))).toMatchObject({
      error: { code: -32602 },
    })
  })
})

describe("a list", () => {
  test("may be empty, and is one page then", async () => {
    const { port } = await faceServer(
      fakeGateway({ tools: { "a@1": {} }, agents: { "idle@1": [] } }),
    )
    expect(page(await ask(port, "idle@1", "tools/list"))).toEqual({ names: [], next: undefined })
  })

  test("leaves out what cannot be called", async () => {
    const sketch = {
      tools: { "gone@1": { unavailable: "no server" }, "ok@1": {} },
      agents: { "reader@1": ["gone@1", "ok@1"] },
    }
    const { port } = await faceServer(fakeGateway(sketch))
    expect(page(await ask(port, "reader@1", "tools/list")).names).toEqual(["ok"])
  })

  test("is printed once for a scope and an era, and each tool once for all scopes", () => {
    const lists = createToolLists(100, { legacy: "", modern: "" })
    const { agents } = sketchCatalog(seven)
    const [first, second] = agents.map(({ scope }) => [...scope.tools.values()])
    if (first === undefined || second === undefined) throw new Error("two agents were sketched")
    expect(lists(first, "modern")).toBe(lists(first, "modern"))
    expect(lists(first, "modern")).not.toBe(lists(first, "legacy"))
    expect(lists(second, "modern").digest).toBe(lists(first, "modern").digest)
  })

  test("never mixes two callers, however their requests interleave", async () => {
    const { port } = await faceServer(
      fakeGateway({
        tools: { "a@1": {}, "b@1": {} },
        agents: { "alice@1": ["a@1"], "bob@1": ["b@1"] },
      }),
    )
    const asked = Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? "alice" : "bob"))
    const answers = await Promise.all(asked.map((agent) => ask(port, `${agent}@1`, "tools/list")))
    expect(answers.map((answer) => page(answer).names.join())).toEqual(
      asked.map((agent) => (agent === "alice" ? "a" : "b")),
    )
  })

  test("gives a boolean output schema as an object in both eras", async () => {
    const sketch = {
      tools: { "all@1": { outputSchema: true }, "none@1": { outputSchema: false } },
      agents: { "reader@1": ["all@1", "none@1"] },
    }
    const { port } = await faceServer(fakeGateway(sketch))
    const schemas = (answer: Answer) =>
      (json(answer) as { result: { tools: { outputSchema: unknown }[] } }).result.tools.map(
        ({ outputSchema }) => outputSchema,
      )
    expect(schemas(await ask(port, "reader@1", "tools/list"))).toEqual([{}, { not: {} }])
    const headers = await session(port, "reader@1")
    const wrap = (result: boolean) => ({
      type: "object",
      properties: { result },
      required: ["result"],
    })
    expect(schemas(await post(port, legacy("tools/list"), headers))).toEqual([
      wrap(true),
      wrap(false),
    ])
  })
})
