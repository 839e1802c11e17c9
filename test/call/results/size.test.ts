import { describe, expect, test } from "vitest"
import type { BackendReply } from "../../../src/call/backends.ts"
import { call } from "../../../src/call/call.ts"
import { sketchCatalog } from "../../support/catalog.ts"
import { callOf, done, sketchGateway } from "../../support/gateway.ts"
import { resultsOf } from "../../support/rules.ts"

const readOnly = { annotations: { readOnlyHint: true } }
const catalog = sketchCatalog({
  tools: { "small@1": readOnly, "tiny@1": {}, "free@1": {} },
  agents: { "a@1": ["small@1", "tiny@1", "free@1"] },
})
const results = resultsOf({
  size: [
    { match: { tool: ["small", "tiny"] }, bytes: "1KiB" },
    { match: { tool: "tiny" }, bytes: "100B" },
  ],
  cache: [{ match: { tool: "small" }, ttl: "10s" }],
})

function world(reply: () => BackendReply) {
  const made = sketchGateway(catalog, { backend: reply, gateway: { results } })
  return { ...made, ask: (tool: string) => call(callOf(tool), made.gateway) }
}

const textOf = (bytes: number) => {
  const around = JSON.stringify({ content: [{ type: "text", text: "" }] }).length
  return done({ content: [{ type: "text", text: "x".repeat(bytes - around) }] })
}

describe("a result that is larger than those of its tool may be", () => {
  test("is withheld, with words that a model can act on; the limit is inclusive, and the smallest counts", async () => {
    let bytes = 1024
    const { ask } = world(() => textOf(bytes))
    expect((await ask("small")).kind).toBe("result")
    expect((await ask("tiny")).kind).toBe("refusal")
    bytes = 1025
    expect(await ask("free")).toMatchObject({ kind: "result" })
    expect(await ask("tiny")).toMatchObject({
      refusal: {
        code: "withheld_output",
        tool: "tiny",
        words: "it has 1025 bytes, and may have 100: ask for less",
        reason: expect.stringContaining("results.size"),
      },
    })
  })

  test("is not kept, and counts in bytes of UTF-8; so does an error of the server", async () => {
    const replies: BackendReply[] = [
      done({ content: [{ type: "text", text: "\u{1f600}".repeat(300) }] }),
      { kind: "error", error: { code: -32000, message: "x".repeat(2_000) } },
      textOf(100),
    ]
    const { ask, requests } = world(() => replies.shift() ?? textOf(100))
    for (const _ of [1, 2])
      expect(await ask("small")).toMatchObject({ refusal: { code: "withheld_output" } })
    expect((await ask("small")).kind).toBe("result")
    expect((await ask("small")).kind).toBe("result")
    expect(requests).toHaveLength(3)
  })
})
