import { describe, expect, test } from "vitest"
import { call } from "../../src/call/call.ts"
import type { Level } from "../../src/call/gateway.ts"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import { parseExact } from "../../src/schema/parse-exact.ts"
import { sketchCatalog, type ToolSketch } from "../support/catalog.ts"
import { callOf, done, sketchGateway } from "../support/gateway.ts"
import { resultsOf } from "../support/rules.ts"

/** What a caller gets of a backend's result: the result, or the code of the refusal, and the audit's warnings. */
async function receive(
  tool: ToolSketch,
  result: JsonObject,
  level: Level = "deny",
  plain?: JsonObject,
) {
  const catalog = sketchCatalog({ tools: { "t@1": tool }, agents: { "a@1": ["t@1"] } })
  const { gateway, records } = sketchGateway(catalog, {
    levels: { outputValidation: level },
    backend: () => ({ kind: "result", result, ...(plain && { plain }) }),
  })
  const respondent = { kind: "rounds", ...nothing } as const
  const answer = await call(callOf("t", {}, { respondent }), gateway)
  if (answer.kind === "refusal") return { refusal: answer.refusal.code, reason: records[0]?.reason }
  if (answer.kind === "error") throw new Error("no error was sent")
  return { result: answer.result, warnings: records[0]?.warnings }
}

const nothing = { capabilities: undefined, responses: undefined, state: undefined }
const text = (value: string) => [{ type: "text", text: value }]
const outputSchema: JsonObject = {
  type: "object",
  properties: { n: { type: "integer" } },
  required: ["n"],
}

describe("a result", () => {
  test("that fits goes on as it came, with what nobody knows", async () => {
    const result = { content: [], structuredContent: { n: 1, more: {} }, odd: [1], _meta: { x: 1 } }
    expect((await receive({ outputSchema }, result)).result).toBe(result)
  })

  test("that does not fit is refused, passes with a warning, or is not looked at", async () => {
    const result = { content: [], structuredContent: { n: "1" } }
    expect(await receive({ outputSchema }, result)).toEqual({
      refusal: "invalid_output",
      reason: "/n type",
    })
    expect(await receive({ outputSchema }, result, "warn")).toEqual({
      result,
      warnings: ["invalid_output"],
    })
    expect(await receive({ outputSchema }, result, "allow")).toEqual({ result, warnings: [] })
  })

  test("without structured content breaks an output schema, whatever its text holds", async () => {
    for (const content of [[], text("hello"), text('{"n":1}')])
      expect(await receive({ outputSchema }, { content })).toMatchObject({
        refusal: "invalid_output",
      })
  })

  test.each([null, 0, false, ""])(
    "may be %j where the schema says so: presence is not truth",
    async (value) => {
      const result = { content: [], structuredContent: value }
      expect((await receive({ outputSchema: { enum: [value] } }, result)).result).toBe(result)
    },
  )

  test("without an output schema is not looked at", async () => {
    const result = { content: text("hello") }
    expect((await receive({}, result)).result).toBe(result)
  })

  test("that says isError, or asks for input, owes nothing", async () => {
    const failed = { isError: true, content: [] }
    expect((await receive({ outputSchema }, failed)).result).toBe(failed)
    const asking = { resultType: "input_required", requestState: "the server's own" }
    expect(await receive({ outputSchema }, asking)).toMatchObject({
      result: { resultType: "input_required" },
    })
    const complete = { resultType: "complete", content: [] }
    expect(await receive({ outputSchema }, complete)).toMatchObject({ refusal: "invalid_output" })
  })

  test("is validated by its doubles and sent digit for digit", async () => {
    const { value, exact } = parseExact(
      '{"content":[],"structuredContent":{"n":12345678901234567890}}',
    )
    if (!isObject(value) || !isObject(exact)) throw new Error("expected objects")
    const { result } = await receive({ outputSchema }, exact, "deny", value)
    expect(JSON.stringify(result)).toContain('"n":12345678901234567890')
  })
})

describe("text that nobody sees", () => {
  const secret = "sk-0123456789abcdefghijklmnop"
  const split = `${secret.slice(0, 9)}\u200b${secret.slice(9)}`

  test.each(["flag", "strip"] as const)(
    "keeps nothing from redactions in what is told without it: %s",
    async (hiddenText) => {
      const catalog = sketchCatalog({ tools: { "t@1": {} }, agents: { "a@1": ["t@1"] } })
      const results = resultsOf({ hiddenText, redact: [{ id: "secrets", detect: ["token"] }] })
      const { gateway, records } = sketchGateway(catalog, {
        gateway: { results },
        backend: () =>
          done({ content: text(`is ${split}`), structuredContent: { [split]: split } }),
      })
      const answer = JSON.stringify(await call(callOf("t"), gateway))
      expect(answer).toContain(hiddenText === "strip" ? '"is [redacted]"' : split)
      expect(answer).not.toContain(secret)
      if (hiddenText === "strip")
        expect(records[0]?.warnings).toEqual(["hidden_text", "redacted: secrets"])
    },
  )
})

describe("an outputTransform", () => {
  const outputTransform: JsonObject = { mappings: { n: { path: "$.count" } } }
  const tool: ToolSketch = { outputSchema, outputTransform }

  test("makes structure and text from structured content, and nothing else gets through", async () => {
    const result = {
      content: text("secret"),
      structuredContent: { count: 2, secret: "x" },
      _meta: { kept: 1 },
    }
    expect((await receive(tool, result)).result).toEqual({
      content: text('{"n":2}'),
      structuredContent: { n: 2 },
      _meta: { kept: 1 },
    })
  })

  test("works on the JSON that the only block of text is, and never on prose", async () => {
    const made = await receive(tool, { content: text('{"count":3}') })
    expect(made.result).toMatchObject({ structuredContent: { n: 3 } })
    const odd = [
      text('Result: {"count":3}'),
      [...text('{"count":3}'), ...text("more")],
      [],
      [{ type: "image" }],
    ]
    for (const content of odd)
      expect(await receive(tool, { content })).toMatchObject({ refusal: "invalid_output" })
  })

  test("comes before the output schema is looked at", async () => {
    const result = { content: [], structuredContent: { count: "three" } }
    expect(await receive(tool, result)).toEqual({ refusal: "invalid_output", reason: "/n type" })
    expect(await receive(tool, result, "warn")).toMatchObject({
      result: { structuredContent: { n: "three" } },
      warnings: ["invalid_output"],
    })
  })

  test("is applied where output is not validated, too", async () => {
    const result = { content: [], structuredContent: { count: 2 } }
    const { result: made } = await receive(tool, result, "allow")
    expect(made).toMatchObject({ structuredContent: { n: 2 } })
  })

  test("makes text alone for a tool without an output schema", async () => {
    const result = { content: [], structuredContent: { count: 2, secret: "x" } }
    expect((await receive({ outputTransform }, result)).result).toEqual({
      content: text('{"n":2}'),
    })
  })

  test("leaves the error of a tool as it is", async () => {
    const result = { isError: true, content: text("no such user") }
    expect((await receive(tool, result)).result).toBe(result)
  })

  test("with nothing to work on lets the result pass where output only warns", async () => {
    const result = { content: text("prose") }
    expect(await receive(tool, result, "warn")).toEqual({ result, warnings: ["invalid_output"] })
  })
})
