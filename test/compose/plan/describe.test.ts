import { describe, expect, test } from "vitest"
import { describePlan } from "../../../src/compose/plan/describe.ts"
import { drawPlan } from "../../../src/compose/plan/mermaid.ts"
import { call, example, typedPlanOf } from "../../support/plans.ts"

const giving = (properties: object) => ({
  outputSchema: { type: "object", properties, required: Object.keys(properties) },
})
const text = { type: "string" }
const reading = { annotations: { readOnlyHint: true } }
const hits = {
  type: "array",
  items: { type: "object", properties: { title: text, url: text }, required: ["title", "url"] },
}
const tools = {
  search_web: { ...reading, ...giving({ results: hits }) },
  search_documents: { ...reading, ...giving({ results: hits }) },
  fetch: { ...reading, ...giving({ content: text }) },
  payment_find: giving({ amount: { type: "number" }, status: { enum: ["paid", "open"] } }),
}
const examples = ["brief-topic", "place-order", "search-all", "crm-core", "refund-order"]

describe("A plan in words", () => {
  test.each(examples)("says how it runs, and what flows where: %s", async (name) => {
    const lines = describePlan(...typedPlanOf(example(name), { tools }))
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`golden/${name}.txt`)
  })

  test("keeps each line a line, whatever is written", () => {
    const spec = {
      pipeline: {
        steps: [
          {
            id: "a",
            operation: call("x"),
            when: "input.a ==\n 1",
            input: { constant: { "a\n\u202Eb": "c\r\nd\u2028" } },
          },
        ],
      },
    }
    const lines = describePlan(...typedPlanOf({ spec }))
    expect(lines.join("\n").split("\n")).toHaveLength(8)
    expect(lines[4]).toBe(
      '  │  takes { "a\\n\\u{202e}b": "c\\r\\nd\\u{2028}" }'.replace("│", "│   "),
    )
  })

  test("goes without lanes where there are too many of them", () => {
    const targets = Array.from({ length: 12 }, (_, index) => ({ id: `t${index}`, ...call("x") }))
    const lines = describePlan(...typedPlanOf({ spec: { scatterGather: { targets } } }))
    expect(lines.filter((line) => line.startsWith("  ●"))).toHaveLength(14)
    expect(lines.join("\n")).not.toMatch(/[├┬┴╮╯]/)
  })
})

describe("A plan as a diagram", () => {
  test.each(examples)("has what flows on its arrows: %s", async (name) => {
    const lines = drawPlan(...typedPlanOf(example(name), { tools }))
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`golden/${name}.mermaid`)
  })

  test("shows names and types as they are and never as a part of the diagram", () => {
    const spec = {
      pipeline: { steps: [{ id: "a", operation: call("x"), when: 'input.a == "]; click <b>"' }] },
    }
    const outputSchema = {
      type: "object",
      properties: { '"|]; click a': { type: ["string", "null"] } },
    }
    const drawn = drawPlan(...typedPlanOf({ spec }, { tools: { x: { outputSchema } } }))
    expect(drawn[3]).toBe('  n1["a<br/>x@1.0.0<br/>when input.a == #34;]#59; click #60;b#62;#34;"]')
    const type = "{ #34;\\#34;#124;]#59; click a#34;?: string #124; null }"
    expect(drawn.at(-1)).toBe(`  n1 -->|"${type}"| output`)
  })
})
