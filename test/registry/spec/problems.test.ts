import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { readSpec, readTransform } from "../../../src/registry/spec/read-spec.ts"
import type { Json } from "../../../src/schema/json.ts"
import { createSpecContext } from "../../support/spec-context.ts"

/** `code pointer` of every problem, in the order they are found. */
function problemsOf(spec: Json): string[] {
  const context = createSpecContext()
  readSpec(spec, "", context)
  return context.problems.map(({ code, pointer }) => `${code} ${pointer}`)
}

test("a target that is written like a step is told how targets are written", () => {
  const context = createSpecContext()
  readSpec({ scatterGather: { targets: [{ id: "a", operation: { tool: "t" } }] } }, "", context)
  expect(context.problems).toContainEqual(
    expect.objectContaining({
      code: "missing_field",
      message: "a target needs tool, agent, pattern or value",
      hint: expect.stringContaining('under "operation" here itself'),
    }),
  )
})

test("a bare path is told how a binding is written", () => {
  const context = createSpecContext()
  readSpec(
    { pipeline: { steps: [{ id: "a", operation: { tool: "t" }, input: "$.a" }] } },
    "",
    context,
  )
  expect(context.problems).toMatchObject([
    { message: 'input must be an object, such as { "path": … }, not a string' },
  ])
})

const tool = { tool: { name: "t" } }
const flagship = JSON.parse(
  readFileSync(new URL("../../fixtures/registries/flagship.json", import.meta.url), "utf8"),
)

describe("mistakes in the flagship's specs", () => {
  /** `fetch_and_store`, whose second step reads the first, with one value changed. */
  function fetchAndStore(at: string, value: Json) {
    const spec = structuredClone(flagship.tools[22].spec)
    const keys = at.split("/")
    const last = keys.pop() ?? ""
    keys.reduce((inner, key) => inner[key], spec.pipeline.steps)[last] = value
    return problemsOf(spec)
  }
  const fieldAt = "1/input/construct/fields/title/reference"

  test("a step that refers to a later one", () => {
    const later = { reference: { step: "store_document", path: "$.url" } }
    expect(fetchAndStore("0/input", later)).toEqual([
      "step_order /pipeline/steps/0/input/reference",
    ])
  })

  test("a step that refers to itself", () => {
    expect(fetchAndStore("0/input", { step: { stepId: "fetch_content" } })).toEqual([
      "step_order /pipeline/steps/0/input/step",
    ])
  })

  test("a reference to no step", () => {
    expect(fetchAndStore(`${fieldAt}/step`, "nope")).toEqual([
      `step_not_found /pipeline/steps/${fieldAt}`,
    ])
  })

  test("two steps with one id", () => {
    expect(fetchAndStore("1/id", "fetch_content")).toEqual(["step_duplicate /pipeline/steps/1/id"])
  })

  test("a path that is none", () => {
    expect(fetchAndStore(`${fieldAt}/path`, "url")).toEqual([
      `path_invalid /pipeline/steps/${fieldAt}/path`,
    ])
  })

  test("no known pattern, and two", () => {
    expect(problemsOf({ scatter: { targets: [tool] } })).toEqual(["pattern_unknown "])
    expect(problemsOf({ ...flagship.tools[22].spec, ...flagship.tools[23].spec })).toEqual([
      "pattern_ambiguous ",
    ])
    expect(problemsOf({})).toEqual(["pattern_unknown "])
    expect(problemsOf([])).toEqual(["invalid_type "])
  })

  test("a version that is a range, malformed, or not SemVer", () => {
    const withVersion = (version: string) =>
      problemsOf({ mapEach: { inner: { tool: { name: "t", version } } } })
    expect(withVersion("^1.0.0")).toEqual(["version_range /mapEach/inner/tool/version"])
    expect(withVersion("")).toEqual(["version_invalid /mapEach/inner/tool/version"])
    expect(withVersion("v1.0.0")).toEqual(["version_not_semver /mapEach/inner/tool/version"])
    expect(withVersion("1.0.0")).toEqual([])
    const server = { agent: { name: "a", skill: "s", version: "latest" } }
    expect(problemsOf({ mapEach: { inner: server } })).toEqual([
      "version_range /mapEach/inner/agent/version",
    ])
    const sibling = { tool: "t", server: "s", serverVersion: "1.x" }
    expect(problemsOf({ scatterGather: { targets: [sibling] } })).toEqual([
      "version_range /scatterGather/targets/0/serverVersion",
    ])
  })
})

describe("the shape of a spec", () => {
  const retry = { inner: tool, maxAttempts: 2, backoff: { fixed: { delayMs: 1 } } }
  const cases: readonly [string, Json, readonly string[]][] = [
    ["a missing field", { timeout: { inner: tool } }, ["missing_field /timeout"]],
    [
      "a field of another type",
      { timeout: { inner: tool, durationMs: "5s" } },
      ["invalid_type /timeout/durationMs"],
    ],
    [
      "a negative duration",
      { timeout: { inner: tool, durationMs: -1 } },
      ["invalid_value /timeout/durationMs"],
    ],
    [
      "a number JSON cannot carry",
      { timeout: { inner: tool, durationMs: Number.POSITIVE_INFINITY } },
      ["invalid_value /timeout/durationMs"],
    ],
    [
      "no time to do it in",
      { timeout: { inner: tool, durationMs: 0 } },
      ["invalid_value /timeout/durationMs"],
    ],
    [
      "a rate of nothing",
      { throttle: { inner: tool, rate: 0, windowMs: 0 } },
      ["invalid_value /throttle/rate", "invalid_value /throttle/windowMs"],
    ],
    [
      "an order of lists",
      { filter: { predicate: { field: "$.a", op: "gt", value: { listValue: [] } } } },
      ["invalid_value /filter/predicate/value"],
    ],
    [
      "a choice from what is no list",
      { filter: { predicate: { field: "$.a", op: "in", value: "x" } } },
      ["invalid_value /filter/predicate/value"],
    ],
    ["no attempt", { retry: { ...retry, maxAttempts: 0 } }, ["invalid_value /retry/maxAttempts"]],
    [
      "half an attempt",
      { retry: { ...retry, maxAttempts: 1.5 } },
      ["invalid_value /retry/maxAttempts"],
    ],
    ["too much jitter", { retry: { ...retry, jitter: 1.1 } }, ["invalid_value /retry/jitter"]],
    [
      "two backoffs",
      { retry: { ...retry, backoff: { fixed: { delayMs: 1 }, linear: {} } } },
      ["invalid_value /retry/backoff"],
    ],
    [
      "a threshold above 1",
      { semanticDedup: { embedder: "e", contentPath: "$", threshold: 2 } },
      ["invalid_value /semanticDedup/threshold"],
    ],
    ["no steps", { pipeline: { steps: [] } }, ["invalid_value /pipeline/steps"]],
    ["no steps in a saga", { saga: { steps: [] } }, ["invalid_value /saga/steps"]],
    ["no targets", { scatterGather: { targets: [] } }, ["invalid_value /scatterGather/targets"]],
    ["no routes", { router: { routes: [] } }, ["invalid_value /router/routes"]],
    [
      "no sources",
      { confidenceAggregator: { sources: [] } },
      ["invalid_value /confidenceAggregator/sources"],
    ],
    ["no recipients", { recipientList: {} }, ["missing_field /recipientList"]],
    [
      "recipients twice",
      { recipientList: { recipientsPath: "$", recipientsTool: "t" } },
      ["invalid_value /recipientList"],
    ],
    [
      "an unknown word",
      { throttle: { inner: tool, rate: 1, windowMs: 1, strategy: "sliding" } },
      ["invalid_value /throttle/strategy"],
    ],
    ["a misspelt field", { mapEach: { iner: tool, inner: tool } }, ["unknown_field /mapEach/iner"]],
    [
      "an inclusion",
      { mapEach: { inner: tool, $include: "x" } },
      ["include_unsupported /mapEach/$include"],
    ],
    [
      "an operation that does nothing",
      { mapEach: { inner: {} } },
      ["missing_field /mapEach/inner"],
    ],
    [
      "an operation that does two things",
      { mapEach: { inner: { ...tool, value: { path: "$" } } } },
      ["invalid_value /mapEach/inner"],
    ],
    ["an operation that is a name", { mapEach: { inner: "t" } }, ["invalid_type /mapEach/inner"]],
    [
      "a tool without a name",
      { mapEach: { inner: { tool: {} } } },
      ["missing_field /mapEach/inner/tool"],
    ],
    [
      "a tool with an empty name",
      { mapEach: { inner: { tool: "" } } },
      ["invalid_value /mapEach/inner/tool"],
    ],
    [
      "a number as a tool",
      { deadLetter: { inner: tool, deadLetterTool: 5 } },
      ["invalid_type /deadLetter/deadLetterTool"],
    ],
    [
      "a server version without a server",
      { mapEach: { inner: { tool: { name: "t", serverVersion: "1.0.0" } } } },
      ["missing_field /mapEach/inner/tool"],
    ],
    [
      "two patterns in an operation",
      { mapEach: { inner: { filter: {}, mapEach: {} } } },
      ["pattern_ambiguous /mapEach/inner"],
    ],
    [
      "an unknown pattern inside",
      { mapEach: { inner: { pattern: { map: {} } } } },
      ["pattern_unknown /mapEach/inner/pattern"],
    ],
    [
      "a predicate with an unknown op",
      { filter: { predicate: { field: "$", op: "like", value: 1 } } },
      ["invalid_value /filter/predicate/op"],
    ],
    [
      "a predicate without a value",
      { filter: { predicate: { field: "$", op: "eq" } } },
      ["missing_field /filter/predicate"],
    ],
    [
      "a tag with a value of another type",
      { filter: { predicate: { field: "$", op: "eq", value: { numberValue: "1" } } } },
      ["invalid_type /filter/predicate/value/numberValue"],
    ],
    [
      "a wrong tag in a list",
      {
        filter: {
          predicate: { field: "$", op: "in", value: { listValue: { values: [{ boolValue: 1 }] } } },
        },
      },
      ["invalid_type /filter/predicate/value/listValue/values/0/boolValue"],
    ],
    [
      "an op with two keys",
      {
        scatterGather: { targets: [tool], aggregation: { ops: [{ flatten: true, merge: true }] } },
      },
      ["invalid_value /scatterGather/aggregation/ops/0"],
    ],
    [
      "targets with one id",
      {
        scatterGather: {
          targets: [
            { id: "a", ...tool },
            { id: "a", ...tool },
          ],
        },
      },
      ["step_duplicate /scatterGather/targets/1/id"],
    ],
    [
      "a mapping from nowhere",
      { schemaMap: { mappings: { a: {} } } },
      ["invalid_value /schemaMap/mappings/a"],
    ],
    [
      "a mapping from two places",
      { schemaMap: { mappings: { a: { path: "$", literal: 1 } } } },
      ["invalid_value /schemaMap/mappings/a"],
    ],
    [
      "a star key without its base",
      { schemaMap: { mappings: { "a/b[*].c": { path: "$" } } } },
      ["mapping_base_missing /schemaMap/mappings/a~1b[*].c"],
    ],
    [
      "a star key beside a base without items",
      { schemaMap: { mappings: { a: { literal: 1 }, "a[*].c": { path: "$" } } } },
      ["mapping_base_missing /schemaMap/mappings/a[*].c"],
    ],
    [
      "a field mapped twice",
      {
        schemaMap: {
          mappings: {
            a: { path: "$", nested: { mappings: { c: { path: "$" } } } },
            "a[*].c": { path: "$" },
          },
        },
      },
      ["dialect_conflict /schemaMap/mappings/a"],
    ],
    [
      "a bad path in a star key",
      { schemaMap: { mappings: { a: { path: "$" }, "a[*].c": { path: "c" } } } },
      ["path_invalid /schemaMap/mappings/a[*].c/path"],
    ],
    [
      "a mapping key __proto__ with a mistake",
      JSON.parse('{"schemaMap":{"mappings":{"__proto__":{"path":"x"}}}}'),
      ["path_invalid /schemaMap/mappings/__proto__/path"],
    ],
    [
      "an unknown field __proto__",
      JSON.parse('{"mapEach":{"inner":{"tool":{"name":"t","__proto__":{"server":"s"}}}}}'),
      ["unknown_field /mapEach/inner/tool/__proto__"],
    ],
  ]

  test.each(cases)("%s is a problem where it stands", (_, spec, expected) => {
    expect(problemsOf(spec)).toEqual(expected)
  })

  test("several mistakes are all found, each once", () => {
    const spec = {
      saga: {
        steps: [
          { id: "1st", action: { name: "charge", arguments: {} }, timeout: "30s" },
          { action: tool, input: { path: "x", reference: { step: "1st" } } },
        ],
        sagaIdPath: "orderId",
      },
    }
    expect(problemsOf(spec)).toEqual([
      "invalid_value /saga/steps/0/id",
      "missing_field /saga/steps/0/action",
      "unknown_field /saga/steps/0/action/name",
      "unknown_field /saga/steps/0/action/arguments",
      "unknown_field /saga/steps/0/timeout",
      "invalid_value /saga/steps/1/input",
      "missing_field /saga/steps/1",
      "path_invalid /saga/sagaIdPath",
    ])
  })

  test("hints name the nearest field, the camelCase one, and the form that is meant", () => {
    const context = createSpecContext({ unknownFieldSeverity: "warn" })
    const written = {
      mapEach: { inner: { pattern: { scatter: {} } }, inne: 1 },
      $comment: "read on",
    }
    readSpec(written, "", context)
    readSpec({ timeout: { inner: tool, duration_ms: 5 } }, "", context)
    readSpec({ mapEach: { inner: { tool: { name: "t", version: "*" } } } }, "", createSpecContext())
    expect(context.problems).toMatchObject([
      { code: "pattern_unknown", severity: "error", hint: "did you mean scatterGather?" },
      { code: "unknown_field", severity: "warn", hint: "did you mean inner?" },
      { code: "missing_field", severity: "error" },
      { code: "unknown_field", severity: "warn", hint: "did you mean durationMs?" },
    ])
  })

  test("a range as a version is told the versions there are", () => {
    const context = createSpecContext({ versions: { "tool t": ["1.0.0", "2.0.0"] } })
    readSpec({ mapEach: { inner: { tool: { name: "t", version: "*" } } } }, "", context)
    expect(context.problems[0]?.hint).toBe("registered versions: 1.0.0, 2.0.0")
  })

  test("a transform is held to the same rules", () => {
    const context = createSpecContext()
    readTransform({ mapping: {} }, "/tools/0/outputTransform", context)
    expect(context.problems.map(({ code, pointer }) => `${code} ${pointer}`)).toEqual([
      "missing_field /tools/0/outputTransform",
      "unknown_field /tools/0/outputTransform/mapping",
    ])
  })
})
