import { describe, expect, test } from "vitest"
import { call } from "../../src/call/call.ts"
import type { Level } from "../../src/call/gateway.ts"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import { parseExact } from "../../src/schema/parse-exact.ts"
import { sketchCatalog, type ToolSketch } from "../support/catalog.ts"
import { callOf, sketchGateway } from "../support/gateway.ts"
import { wordsOf } from "../support/refusal-words.ts"

const levels: Level[] = ["deny", "warn", "allow"]

/** Calls a tool of this sketch; returns what the backend was sent, or the refusal and its public words. */
async function send(
  tool: ToolSketch,
  args?: JsonObject,
  level: Level = "deny",
  exact: JsonObject | undefined = args,
) {
  const catalog = sketchCatalog({ tools: { "t@1": tool }, agents: { "a@1": ["t@1"] } })
  const { gateway, records, requests } = sketchGateway(catalog, {
    levels: { inputValidation: level },
  })
  const answer = await call(callOf("t", args, { exactArguments: exact }), gateway)
  const [record] = records
  const warnings = record?.warnings
  if (answer.kind !== "refusal") return { sent: requests[0]?.params["arguments"], warnings }
  return {
    refusal: answer.refusal.code,
    words: wordsOf(answer.refusal),
    reason: record?.reason,
  }
}

const named: JsonObject = {
  type: "object",
  properties: { name: { type: "string" }, limit: { type: "integer" } },
  required: ["name"],
}

describe("arguments", () => {
  test("that fit what was shown go on as they are: no coercion, nothing filled in, nothing dropped", async () => {
    const args = { name: "x", extra: [1, null] }
    expect((await send({ inputSchema: named }, args)).sent).toBe(args)
  })

  test("that do not fit come back in words to repair them", async () => {
    const { refusal, words } = await send({ inputSchema: named }, { name: "x", limit: "10" })
    expect(refusal).toBe("invalid_input")
    expect(words).toMatch(/^Invalid arguments for t:\n\/limit: .*integer/)
  })

  test("that are absent are judged as none, and sent on as absent", async () => {
    expect(await send({ inputSchema: named })).toMatchObject({ refusal: "invalid_input" })
    expect(await send({})).toMatchObject({ sent: undefined })
  })

  test("that do not fit pass with a warning, or unseen, where the configuration says so", async () => {
    const args = { limit: "10" }
    expect(await send({ inputSchema: named }, args, "warn")).toEqual({
      sent: args,
      warnings: ["invalid_input"],
    })
    expect(await send({ inputSchema: named }, args, "allow")).toEqual({ sent: args, warnings: [] })
  })
})

describe("a hidden field", () => {
  const tool: ToolSketch = { hidden: ["tenant"], defaults: { tenant: "acme" } }

  test.each(levels)(
    "is refused from a caller at %s, whatever additional properties may be",
    async (level) => {
      const answer = await send(tool, { tenant: "other" }, level)
      expect(answer).toMatchObject({
        refusal: "invalid_input",
        words: expect.stringContaining("/tenant: not allowed"),
      })
      expect(answer.words).not.toContain("acme")
    },
  )

  test.each(levels)("always has its default at %s", async (level) => {
    expect((await send(tool, { q: 1 }, level)).sent).toEqual({ tenant: "acme", q: 1 })
    expect((await send(tool, undefined, level)).sent).toEqual({ tenant: "acme" })
  })

  test("named __proto__ is a field like any other", async () => {
    const odd: ToolSketch = { hidden: ["__proto__"] }
    const args = JSON.parse('{"__proto__": {"polluted": true}}')
    expect(await send(odd, args, "allow")).toMatchObject({ refusal: "invalid_input" })
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe("a default", () => {
  const tool: ToolSketch = { defaults: { limit: 10, mode: { deep: true } } }

  test("stands in for an absent field alone", async () => {
    expect((await send(tool, { limit: 3 })).sent).toEqual({ limit: 3, mode: { deep: true } })
    expect((await send(tool, { limit: null })).sent).toMatchObject({ limit: null })
  })

  test("leaves the caller's numbers digit for digit", async () => {
    const { value, exact } = parseExact('{"id":12345678901234567890}')
    if (!isObject(value) || !isObject(exact)) throw new Error("expected objects")
    const { sent } = await send(tool, value, "deny", exact)
    expect(JSON.stringify(sent)).toContain('"id":12345678901234567890')
    expect(JSON.stringify(sent)).toContain('"limit":10')
  })

  test("leaves a field named __proto__ as data", async () => {
    const args = JSON.parse('{"__proto__": {"polluted": true}}')
    const { sent } = await send(tool, args, "allow")
    expect(Object.keys(sent ?? {})).toContain("__proto__")
    expect((sent as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe("the server's own contract", () => {
  const contract: JsonObject = {
    type: "object",
    properties: {
      q: { type: "string", maxLength: 3 },
      tenant: { type: "string" },
      limit: { type: "integer" },
    },
    required: ["q", "tenant"],
    additionalProperties: false,
  }
  const tool: ToolSketch = { contract, hidden: ["tenant"], defaults: { tenant: "acme", limit: 5 } }

  test("is held against the arguments with their defaults", async () => {
    expect((await send(tool, { q: "abc" })).sent).toEqual({ q: "abc", tenant: "acme", limit: 5 })
    const answer = await send(tool, { q: "abcd" })
    expect(answer).toMatchObject({
      refusal: "invalid_input",
      words: expect.stringContaining("/q: "),
    })
  })

  test("names no field that the caller was not shown", async () => {
    const { refusal, words } = await send(tool, { q: "abc", tennant: "x" })
    expect(refusal).toBe("invalid_input")
    expect(words).not.toMatch(/\btenant\b/)
  })

  test("that a default breaks is no fault of the caller, and its value is not told", async () => {
    const broken: ToolSketch = { ...tool, defaults: { tenant: 7, limit: 5 } }
    const answer = await send(broken, { q: "abc" })
    expect(answer).toEqual({
      refusal: "backend_error",
      words: "t failed",
      reason: "the defaults break the server's contract: /tenant",
    })
  })

  test("that only warns lets the call pass", async () => {
    expect(await send(tool, { q: "abcd" }, "warn")).toMatchObject({ warnings: ["invalid_input"] })
    expect(await send(tool, { q: "abcd" }, "allow")).toMatchObject({ warnings: [] })
  })

  test("is told as it is where nothing is hidden", async () => {
    const answer = await send({ contract }, { q: "abc" })
    expect(answer.words).toMatch(/tenant/)
  })
})
