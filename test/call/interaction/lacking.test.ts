import { describe, expect, test } from "vitest"
import type { BackendReply } from "../../../src/call/backends.ts"
import { lackedFor } from "../../../src/call/interaction/lacking.ts"

const tool = (text: string, isError = true): BackendReply => ({
  kind: "result",
  result: { content: [{ type: "text", text }], isError },
})
const error = (message: string): BackendReply => ({
  kind: "error",
  error: { code: -32603, message },
})

describe("what a server would have had to ask its caller", () => {
  test.each<[BackendReply, object]>([
    [
      tool("Client does not support sampling (required for sampling/createMessage)"),
      { sampling: {} },
    ],
    [tool("Client does not support sampling tools capability."), { sampling: { tools: {} } }],
    [tool("Client does not support form elicitation."), { elicitation: { form: {} } }],
    [
      tool("Client does not support URL elicitation (required for x)"),
      { elicitation: { url: {} } },
    ],
    [error("Client does not support listing roots (required for roots/list)"), { roots: {} }],
    [
      tool("MCP error -32600: Client does not support elicitation (…)"),
      { elicitation: { form: {} } },
    ],
    [
      tool("Cannot request input 'a' (sampling/createMessage): the client on this 2025-era …"),
      { sampling: {} },
    ],
  ])("is read from the words of the official SDKs (%#)", (reply, needed) => {
    expect(lackedFor(reply)).toEqual(needed)
  })

  test.each<[string, BackendReply]>([
    ["is no error", tool("Client does not support sampling (…)", false)],
    ["says so further on", tool("It failed: Client does not support sampling")],
    ["is of an unknown method", tool("Cannot request input 'a' (acme/x): the client …")],
    ["is no text", { kind: "result", result: { content: [{ type: "image" }], isError: true } }],
    ["has no content", { kind: "result", result: { isError: true } }],
    ["is a refusal", { kind: "refusal", refusal: { code: "unknown_task", reason: "x" } }],
  ])("is nothing where the reply %s", (_, reply) => {
    expect(lackedFor(reply)).toBeUndefined()
  })
})
