import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { call } from "../../src/call/call.ts"
import type { Level } from "../../src/call/gateway.ts"
import { list } from "../../src/call/list.ts"
import { authoring } from "../../src/registry/draft.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { loadRegistry, toEnd } from "../../src/registry/load.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { evidence } from "../support/evidence.ts"
import { callOf, done, type GatewaySketch, sketchGateway } from "../support/gateway.ts"
import { wordsOf } from "../support/refusal-words.ts"

const file = join(import.meta.dirname, "../fixtures/registries/flagship.json")
const options = { knobs: authoring, limits: defaultLoadLimits }
const { catalog } = toEnd(loadRegistry(readFileSync(file, "utf8"), options))
if (catalog === undefined) throw new Error("the flagship registry is sound")

const found = done({ content: [], structuredContent: { results: [] } })

async function ask(agent: string, tool: string, args: JsonObject, sketch?: GatewaySketch) {
  if (catalog === undefined) throw new Error("no catalog")
  const { gateway, requests } = sketchGateway(catalog, { backend: () => found, ...sketch })
  const [agentName, agentVersion] = agent.split("@")
  const from = evidence({ agentName, agentVersion })
  const answer = await call(callOf(tool, args, { evidence: from }), gateway)
  const listing = await list(callOf(tool, args, { evidence: from }), gateway)
  return {
    code: answer.kind === "refusal" ? answer.refusal.code : answer.kind,
    words: answer.kind === "refusal" ? wordsOf(answer.refusal) : undefined,
    tools: listing.ok ? listing.value.tools.map(({ name }) => name) : listing.refusal.code,
    sent: requests,
  }
}

describe("in the flagship registry", () => {
  test("an agent sees and calls what it declares", async () => {
    const { code, tools, sent } = await ask("research-agent@2.1.0", "search_documents", {
      query: "x",
    })
    expect(tools).toEqual(["create_entities", "fetch", "search_documents"])
    expect(code).toBe("result")
    expect(sent).toMatchObject([{ params: { arguments: { query: "x" } } }])
  })

  test("an agent that declares nothing sees nothing and may call nothing", async () => {
    const { code, tools, sent, words } = await ask("summarizer-agent@2.0.0", "search_documents", {
      query: "x",
    })
    expect({ code, tools, sent }).toEqual({ code: "undeclared_dependency", tools: [], sent: [] })
    expect(words).toBe("Unknown tool: search_documents")
  })

  test("a missing field is refused in words that name it", async () => {
    const { code, words, sent } = await ask("research-agent@2.1.0", "search_documents", {})
    expect(code).toBe("invalid_input")
    expect(words).toMatch(/query/)
    expect(sent).toEqual([])
  })

  test.each<[Level, string, number]>([
    ["deny", "unknown_caller", 0],
    ["warn", "result", 1],
    ["allow", "result", 1],
  ])("an unknown caller at %s: %s", async (unknownCaller, code, calls) => {
    const levels = { unknownCaller }
    const answer = await ask("stranger@1.0.0", "search_documents", { query: "x" }, { levels })
    expect(answer.code).toBe(code)
    expect(answer.sent).toHaveLength(calls)
  })
})
