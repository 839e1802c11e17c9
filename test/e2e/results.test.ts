import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { JsonObject } from "../../src/schema/json.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { callTool, refusalOf, startGateway, type TestGateway } from "../support/e2e-gateway.ts"

let backend: TestBackend
let gateway: TestGateway
let answered = 0

const outputSchema = {
  type: "object",
  properties: { name: { type: "string" }, mail: { type: "string", format: "email" } },
  required: ["name", "mail"],
}
const person = { name: "Ann", mail: "ann@example.org" }
const result = (structuredContent: JsonObject) => ({
  result: {
    resultType: "complete",
    content: [{ type: "text", text: JSON.stringify(structuredContent) }],
    structuredContent,
  },
})

beforeAll(async () => {
  backend = await openBackend({
    person: (call) => call.send(result(person)),
    strict: (call) => call.send(result(person)),
    news: (call) => call.text(`answer ${++answered}`),
    hides: (call) => call.text("see\u200b \u001b[31mthis"),
    long: (call) => call.text("x".repeat(5_000)),
  })
  gateway = await startGateway({
    registry: {
      tools: {
        person: "web",
        strict: { server: "web", outputSchema },
        news: "web",
        hides: "web",
        long: "small",
      },
      agents: { a: ["person", "strict", "news", "hides", "long"], b: ["news"] },
    },
    servers: {
      "web:1.0.0": { url: backend.url },
      "small:1.0.0": { url: backend.url, answerBytes: "4KiB" },
    },
    config: {
      registry: {
        source: "file://./registry.json",
        validation: { runtime: { outputValidation: "deny" } },
      },
      results: {
        redact: [
          { id: "mails", match: { tool: "person" }, path: "$.mail" },
          { id: "strict-mails", match: { tool: "strict" }, detect: ["email"] },
        ],
        cache: [{ match: { tool: "news" }, ttl: "1h" }],
      },
    },
  })
}, 30_000)
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

const lastCall = () => gateway.audit().findLast(({ kind }) => kind === "call")

describe("results, on a running gateway", () => {
  test("are redacted in structure and text alike, before anybody sees them", async () => {
    const left = { name: "Ann", mail: "[redacted]" }
    expect(await callTool(gateway, "a@1.0.0", "person")).toMatchObject({
      structuredContent: left,
      content: [{ text: JSON.stringify(left) }],
    })
    expect(lastCall()).toMatchObject({ outcome: "ok", warnings: ["redacted: mails"] })
  })

  test("must fit their schema as they are passed on", async () => {
    expect(refusalOf(await callTool(gateway, "a@1.0.0", "strict"))).toBe("invalid_output")
    expect(lastCall()).toMatchObject({
      reason: "/mail format",
      warnings: ["redacted: strict-mails"],
    })
  })

  test("row 56: of read-only tools are kept for their caller, and for nobody else", async () => {
    const first = await callTool(gateway, "a@1.0.0", "news")
    expect(first["content"]).toEqual([{ type: "text", text: "answer 1" }])
    expect(await callTool(gateway, "a@1.0.0", "news")).toMatchObject({
      content: [{ text: "answer 1" }],
      _meta: { "dev.postern/cache": { ageMs: expect.any(Number) } },
    })
    expect(lastCall()).toMatchObject({ note: { cache: "hit" }, server: { name: "web" } })
    expect(await callTool(gateway, "b@1.0.0", "news")).toMatchObject({
      content: [{ text: "answer 2" }],
    })
  })

  test("row 20: with text that nobody sees go on as they came, and say so", async () => {
    expect(await callTool(gateway, "a@1.0.0", "hides")).toMatchObject({
      content: [{ text: "see\u200b \u001b[31mthis" }],
      _meta: {
        "dev.postern/hiddenText": {
          at: "/content/0/text",
          what: "U+200B, U+001B (2 characters)",
          action: "flagged",
        },
      },
    })
    expect(lastCall()).toMatchObject({ warnings: ["hidden_text"] })
  })

  test("are as long as their server's entry lets them be", async () => {
    expect(refusalOf(await callTool(gateway, "a@1.0.0", "long"))).toBe("backend_error")
  })
})
