import { classifyInboundRequest } from "@modelcontextprotocol/server"
import fc from "fast-check"
import { describe, expect, test } from "vitest"

import { classify } from "../../../src/mcp/face/classify.ts"

type Headers = Record<string, string>

/** What either classifier says, in the words both have. */
function ours(headers: Headers, body: unknown) {
  const route = classify(headers, body)
  if (route.era !== undefined) return { era: route.era, kind: route.message.kind }
  return { refused: route.fail.status, code: route.fail.code }
}

function theirs(headers: Headers, body: unknown) {
  const outcome = classifyInboundRequest({
    httpMethod: "POST",
    ...(headers["mcp-protocol-version"] !== undefined && {
      protocolVersionHeader: headers["mcp-protocol-version"],
    }),
    ...(headers["mcp-method"] !== undefined && { mcpMethodHeader: headers["mcp-method"] }),
    body,
  })
  if (outcome.kind === "modern") return { era: "modern", kind: outcome.messageKind }
  if (outcome.kind === "reject") return { refused: outcome.httpStatus, code: outcome.code }
  if (outcome.reason === "batch") return { refused: 400, code: -32600 } // we serve no revision that has batches
  return { era: "legacy", kind: legacyKind(outcome.reason) }
}

const legacyKind = (reason: string) =>
  reason === "response" || reason === "notification" ? reason : "request"

const version = "io.modelcontextprotocol/protocolVersion"
const capabilities = "io.modelcontextprotocol/clientCapabilities"
const clientInfo = "io.modelcontextprotocol/clientInfo"
const logLevel = "io.modelcontextprotocol/logLevel"

const json = fc.jsonValue({ maxDepth: 2 })
const versions = fc.constantFrom(
  "2026-07-28",
  "2027-01-01",
  "2025-11-25",
  "2024-11-05",
  "v999.0.0",
  "",
  " 2026-07-28\t",
)
const methods = fc.constantFrom("tools/call", "initialize", "ping", "notifications/cancelled", "x")
const mostly = <T>(usual: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: json })

const shapes = fc.record(
  {
    sampling: mostly(fc.record({ context: json, tools: json }, { requiredKeys: [] })),
    elicitation: mostly(
      fc.record(
        {
          form: mostly(fc.record({ applyDefaults: json }, { requiredKeys: [] })),
          url: mostly(fc.constant({})),
        },
        { requiredKeys: [] },
      ),
    ),
    roots: mostly(fc.record({ listChanged: mostly(fc.boolean()) }, { requiredKeys: [] })),
    experimental: mostly(fc.constant({ a: {} })),
    extensions: mostly(fc.constant({ "a/b": {} })),
    tasks: json,
  },
  { requiredKeys: [] },
)
const implementation = fc.record(
  {
    name: mostly(fc.string()),
    version: mostly(fc.string()),
    title: mostly(fc.string()),
    description: mostly(fc.string()),
    websiteUrl: mostly(fc.string()),
    icons: mostly(
      fc.array(
        fc.record(
          {
            src: mostly(fc.string()),
            mimeType: mostly(fc.string()),
            sizes: mostly(fc.array(fc.string(), { maxLength: 2 })),
            theme: mostly(fc.constantFrom("light", "dark")),
          },
          { requiredKeys: ["src"] },
        ),
        { maxLength: 2 },
      ),
    ),
  },
  { requiredKeys: ["name", "version"] },
)
const meta = mostly(
  fc.record(
    {
      [version]: mostly(versions),
      [capabilities]: mostly(shapes),
      [clientInfo]: mostly(implementation),
      [logLevel]: mostly(fc.constantFrom("debug", "info", "emergency")),
      progressToken: mostly(fc.oneof(fc.string(), fc.integer())),
      "io.modelcontextprotocol/related-task": mostly(fc.constant({ taskId: "t" })),
      "com.example/other": json,
    },
    { requiredKeys: [] },
  ),
)
const params = mostly(
  fc.record({ _meta: meta, name: json, protocolVersion: versions }, { requiredKeys: [] }),
)
const message = fc.record(
  {
    jsonrpc: mostly(fc.constant("2.0")),
    id: mostly(fc.oneof(fc.string(), fc.integer(), fc.constant(1.5), fc.constant(null))),
    method: mostly(methods),
    params,
    result: mostly(fc.constant({})),
    error: mostly(fc.constant({ code: 1, message: "m" })),
    extra: json,
  },
  { requiredKeys: ["jsonrpc"] },
)
/** Mostly whole requests: members left out at random would rarely make one. */
const request = fc.record(
  { jsonrpc: fc.constant("2.0" as const), id: fc.integer(), method: methods, params },
  { requiredKeys: ["jsonrpc", "method"] },
)
const headers = fc.record(
  { "mcp-protocol-version": versions, "mcp-method": methods },
  { requiredKeys: [] },
)

describe("the era of a posted message", () => {
  test("is what the official classifier says, for any body and any headers", () => {
    fc.assert(
      fc.property(headers, fc.oneof(request, message, json), (sent, body) => {
        expect(ours(sent as Headers, body)).toEqual(theirs(sent as Headers, body))
      }),
      { numRuns: 3_000 },
    )
  })

  const envelope = { [version]: "2026-07-28", [capabilities]: {} }
  const call = (_meta?: object) => ({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "x", ...(_meta && { _meta }) },
  })
  test.each<[string, Headers, unknown, object]>([
    [
      "an envelope and an equal header",
      { "mcp-protocol-version": "2026-07-28" },
      call(envelope),
      { era: "modern", kind: "request" },
    ],
    ["an envelope alone", {}, call(envelope), { era: "modern", kind: "request" }],
    [
      "an envelope of an unknown version",
      { "mcp-protocol-version": "v9" },
      call({ ...envelope, [version]: "v9" }),
      { era: "modern", kind: "request" },
    ],
    [
      "an envelope and another header",
      { "mcp-protocol-version": "2025-11-25" },
      call(envelope),
      { refused: 400, code: -32020 },
    ],
    [
      "a modern header without an envelope",
      { "mcp-protocol-version": "2026-07-28" },
      call(),
      { refused: 400, code: -32602 },
    ],
    [
      "a header from the future without an envelope",
      { "mcp-protocol-version": "2031-01-01" },
      call(),
      { refused: 400, code: -32602 },
    ],
    [
      "a legacy header",
      { "mcp-protocol-version": "2025-06-18" },
      call(),
      { era: "legacy", kind: "request" },
    ],
    ["a lone progress token", {}, call({ progressToken: 1 }), { era: "legacy", kind: "request" }],
    [
      "lone client capabilities",
      {},
      call({ [capabilities]: {} }),
      { era: "legacy", kind: "request" },
    ],
    [
      "initialize asking for a modern version",
      {},
      { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2026-07-28" } },
      { era: "legacy", kind: "request" },
    ],
    [
      "initialize under a modern header",
      { "mcp-protocol-version": "2026-07-28" },
      { jsonrpc: "2.0", id: 1, method: "initialize", params: {} },
      { refused: 400, code: -32020 },
    ],
    [
      "initialize with an envelope",
      {},
      { jsonrpc: "2.0", id: 1, method: "initialize", params: { _meta: envelope } },
      { era: "modern", kind: "request" },
    ],
    [
      "discover without an envelope",
      {},
      { jsonrpc: "2.0", id: 1, method: "server/discover" },
      { era: "legacy", kind: "request" },
    ],
    [
      "a notification under a modern header",
      { "mcp-protocol-version": "2026-07-28" },
      { jsonrpc: "2.0", method: "notifications/cancelled" },
      { era: "modern", kind: "notification" },
    ],
    [
      "a posted response",
      {},
      { jsonrpc: "2.0", id: 1, result: {} },
      { era: "legacy", kind: "response" },
    ],
    ["a batch", {}, [call()], { refused: 400, code: -32600 }],
    ["an empty batch", {}, [], { refused: 400, code: -32600 }],
    [
      "another method in the header",
      { "mcp-method": "tools/list" },
      call(envelope),
      { refused: 400, code: -32020 },
    ],
    ["an id of null", {}, { ...call(), id: null }, { refused: 400, code: -32600 }],
  ])("%s", (_, sent, body, expected) => {
    expect(ours(sent, body)).toEqual(expected)
    expect(theirs(sent, body)).toEqual(expected)
  })
})
