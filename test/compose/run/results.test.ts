import { describe, expect, test } from "vitest"
import type { Plan } from "../../../src/compose/plan/plan.ts"
import { errorClasses } from "../../../src/compose/plan/policies.ts"
import { resultOf } from "../../../src/compose/run/result/composition-result.ts"
import { refusalCodes } from "../../../src/compose/run/result/refusal-codes.ts"
import { Timeline } from "../../../src/compose/run/result/timeline.ts"
import { toolOutcome, toolValue } from "../../../src/compose/run/result/tool-value.ts"
import type { Json, JsonObject } from "../../../src/schema/json.ts"
import { type Answer, effectful, reading, World } from "../../support/composition-world.ts"
import { call, pipeline, scatter, target } from "../../support/step-specs.ts"

const text = (words: string) => ({ type: "text", text: words })

describe("the value of a tool's result", () => {
  test.each([
    ["what is structured", { structuredContent: { a: 1 }, content: [text("{}")] }, { a: 1 }],
    ["what is structured and no object", { structuredContent: [1], content: [] }, [1]],
    ["what is structured and null", { structuredContent: null, content: [text("x")] }, null],
    ["an object that a text is", { content: [text(' {"a": [1]}\n')] }, { a: [1] }],
    ["an array that a text is", { content: [text("[1, 2]")] }, [1, 2]],
    ["a text", { content: [text("7 birds")] }, "7 birds"],
    ["a text that is a number", { content: [text("7")] }, "7"],
    ["a text that begins like JSON", { content: [text("{not so} fast")] }, "{not so} fast"],
    ["a text with JSON inside", { content: [text('Here: {"a": 1}')] }, 'Here: {"a": 1}'],
    ["an empty text", { content: [text("")] }, ""],
    ["two blocks", { content: [text("{}"), text("{}")] }, { content: [text("{}"), text("{}")] }],
    [
      "an image",
      { content: [{ type: "image", data: "x" }] },
      { content: [{ type: "image", data: "x" }] },
    ],
    ["nothing", {}, { content: [] }],
  ])("is %s", (_, result, value) => {
    expect(toolValue(result)).toEqual(value)
  })

  test("that says it is an error is a failure without effect, in the tool's own words", () => {
    const result = { isError: true, content: [text("no room"), text("in March")] }
    expect(toolOutcome(result)).toEqual({
      ok: false,
      error: {
        class: "tool",
        code: "TOOL_ERROR",
        message: "no room\nin March",
        data: { content: result.content },
      },
      effect: "none",
    })
    expect(toolOutcome({ isError: true, content: [] })).toMatchObject({
      error: { message: "the tool failed and did not say why" },
    })
    expect(toolOutcome({ isError: true, content: [text("x".repeat(9_000))] })).toMatchObject({
      error: { message: `${"x".repeat(2_000)}…` },
    })
  })

  test("is handed on in the form that it came in", () => {
    const raw = { content: [text("exact")] }
    expect(toolOutcome({ content: [text("plain")] }, raw)).toEqual({
      ok: true,
      value: "plain",
      raw,
    })
  })
})

async function resultIn(plan: Plan, tools: Record<string, Answer>, isStructured = false) {
  const outcome = await new World(tools).run(plan)
  return resultOf(plan, outcome, {
    runId: "r1",
    status: outcome.ok ? "completed" : "failed",
    isStructured,
  })
}

/** Without what is said of the run. */
const bare = ({ _meta, ...rest }: JsonObject) => rest
const metaOf = ({ _meta }: JsonObject) => Object(_meta)

/** An op that drops what it cannot compute. */
const odd = [{ filter: "item + 0 > 0" }]

const computing = (value: Json) =>
  pipeline([{ id: "v", operation: { value: { constant: value } } }])

describe("the result of a composition", () => {
  test.each([
    [{ a: 1 }, '{"a":1}'],
    ["words", "words"],
    [[1], "[1]"],
    [null, "null"],
  ] as readonly [Json, string][])(
    "holds the value %j as data and as text",
    async (value, words) => {
      const result = await resultIn(computing(value), {})
      expect(bare(result)).toEqual({ content: [text(words)], structuredContent: value })
    },
  )

  test("is that of the last call as it came, where nothing is made of it", async () => {
    const raw = { content: [{ type: "image", data: "x" }], _meta: { own: 1 } }
    const result = await resultIn(pipeline([call("a")]), { a: { raw, value: { x: 1 } } })
    expect(bare(result)).toEqual({ content: raw.content })
    expect(metaOf(result)).toMatchObject({ own: 1, "dev.postern/run": { id: "r1" } })
  })

  test("with an output schema gets its value as structured content", async () => {
    const raw = { content: [text('{"x":1}')] }
    const result = await resultIn(pipeline([call("a")]), { a: { raw, value: { x: 1 } } }, true)
    expect(bare(result)).toEqual({ ...raw, structuredContent: { x: 1 } })
    const own = { content: [], structuredContent: { y: 2 } }
    const kept = await resultIn(pipeline([call("a")]), { a: { raw: own, value: { y: 2 } } }, true)
    expect(bare(kept)).toEqual(own)
  })

  test("says how each step ended, and what was odd about its expressions", async () => {
    const each = { forEach: { constant: [1, 2] }, onItemError: "skip", retry: { maxAttempts: 1 } }
    const plan = pipeline([
      call("a", each),
      call("b", { when: "false" }),
      { id: "few", operation: { value: { ops: { from: { constant: [1, {}] }, ops: odd } } } },
    ])
    let calls = 0
    const fail = { class: "tool", message: "no" } as const
    const outcome = await new World({
      a: () => (++calls === 1 ? { afterMs: 5, value: 1 } : { afterMs: 9, fail }),
    }).run(plan)
    const { "dev.postern/run": run } = metaOf(
      resultOf(plan, outcome, { runId: "r1", status: "completed", isStructured: false }),
    )
    expect(run).toEqual({
      id: "r1",
      status: "completed",
      steps: [
        { id: "a", status: "ok", attempts: 2, ms: 14, items: { total: 2, ok: 1, failed: 1 } },
        { id: "b", status: "skipped", attempts: 0, ms: 0 },
        { id: "few", status: "ok", attempts: 1, ms: 0 },
      ],
      notes: [{ step: "few", kind: "dropped", items: 1 }],
    })
  })

  test("counts the steps that are too many to be told one by one", async () => {
    const some = Array.from({ length: 90 }, (_, at) => ({
      id: `v${at}`,
      operation: { value: { constant: 1 } },
    }))
    const nested = (id: string) => ({ id, operation: { pattern: { pipeline: { steps: some } } } })
    const { "dev.postern/run": run } = metaOf(
      await resultIn(pipeline(["x", "y", "z"].map(nested)), {}),
    )
    expect([run.steps.length, run.more]).toEqual([200, 73])
  })

  test("says when everything happened, where that was asked for", async () => {
    const plan = pipeline([
      call("a"),
      call("b", { retry: { maxAttempts: 2, backoffMs: 100, jitter: 0 } }),
    ])
    const timeline = new Timeline(1_000)
    timeline.started("a", 1_000)
    timeline.attempted({ step: "a", startMs: 1_000.04, endMs: 1_007.26, status: "ok" })
    timeline.started("b", 1_010)
    const outcome = await new World({ a: {}, b: {} }).run(plan)
    const result = resultOf(plan, outcome, {
      runId: "r1",
      status: "failed",
      isStructured: false,
      timeline,
    })
    expect(metaOf(result)["dev.postern/run"]).toMatchObject({
      steps: [
        { id: "a", startMs: 0 },
        { id: "b", startMs: 10 },
      ],
      attempts: [{ step: "a", startMs: 0, ms: 7.2, status: "ok" }],
    })
  })

  test("of a scatter-gather says how each target ended", async () => {
    const targets = [target("a"), target("b"), target("c")]
    const plan = scatter(
      targets,
      { timeoutMs: 10, aggregation: { ops: [] } },
      { a: reading, b: reading },
    )
    const tools: Record<string, Answer> = {
      a: { afterMs: 5, value: 1 },
      b: { fail: { class: "tool", message: "no" } },
      c: { hangs: true },
    }
    const result = await resultIn(plan, tools)
    expect(bare(result)).toEqual({ content: [text("[1]")], structuredContent: [1] })
    const late = "not done within 10 ms (timeoutMs)"
    expect(metaOf(result)["dev.postern/scatter"]).toEqual([
      { id: "a", status: "ok", ms: 5 },
      {
        id: "b",
        status: "failed",
        ms: 0,
        error: { class: "tool", code: "TOOL_ERROR", message: "no" },
      },
      {
        id: "c",
        status: "timeout",
        ms: 10,
        error: { class: "deadline", code: "DEADLINE", message: late },
        unknownOutcome: true,
      },
    ])
  })
})

describe("the result of a composition that failed", () => {
  const lines = async (plan: Plan, tools: Record<string, Answer>) => {
    const result = await resultIn(plan, tools)
    expect(result).toMatchObject({ isError: true, content: [{ type: "text" }] })
    expect(result).not.toHaveProperty("structuredContent")
    return { result, words: String(Object(result)["content"][0]["text"]).split("\n") }
  }
  const bad: Answer = { fail: { class: "tool", message: "no room" } }

  test("says which step, why, and that nothing was changed, as far as anybody knows", async () => {
    const { result, words } = await lines(pipeline([call("a")]), { a: bad })
    expect(words).toEqual([
      "composed failed at step a (a@1.0.0): no room [tool]",
      "Nothing was changed, as far as the tool that failed says.",
      "Run r1.",
    ])
    expect(metaOf(result)).toEqual({
      "dev.postern/refusal": { code: "backend_error" },
      "dev.postern/run": {
        id: "r1",
        status: "failed",
        steps: [
          {
            id: "a",
            status: "failed",
            attempts: 1,
            ms: 0,
            error: { class: "tool", code: "TOOL_ERROR" },
          },
        ],
      },
    })
  })

  test("says what was done and is not undone", async () => {
    const inside = { pattern: { pipeline: { steps: [call("a"), call("b")] } } }
    const plan = pipeline([{ id: "both", operation: inside }, call("c")], {
      a: effectful,
      b: reading,
    })
    const { words } = await lines(plan, { a: {}, b: {}, c: bad })
    expect(words[1]).toBe("What was done before is not undone: both/a.")
  })

  test("says what nobody knows", async () => {
    const plan = pipeline([call("a", { timeoutMs: 5, retry: { maxAttempts: 2 } })], {
      a: effectful,
    })
    const { words } = await lines(plan, { a: { hangs: true } })
    expect(words).toEqual([
      "composed failed at step a (a@1.0.0): not done within 5 ms (timeoutMs) [timeout]",
      "It is not known whether this happened: a. Look before trying again.",
      "Run r1.",
    ])
  })

  test("says how often it was tried", async () => {
    const { words } = await lines(pipeline([call("a")]), {
      a: { fail: { class: "transport", message: "gone" } },
    })
    expect(words[0]).toBe("composed failed at step a (a@1.0.0) after 3 attempts: gone [transport]")
  })

  test("says that nothing was called", async () => {
    const plan = pipeline([{ id: "ask", operation: { approve: { message: "May I?" } } }])
    const { result, words } = await lines(plan, {})
    expect(words[1]).toBe("Nothing was called.")
    expect(metaOf(result)["dev.postern/refusal"]).toEqual({ code: "composition_unsupported" })
  })

  test("has a code for every class", () => {
    expect(Object.keys(refusalCodes).sort()).toEqual([...errorClasses].sort())
  })
})
