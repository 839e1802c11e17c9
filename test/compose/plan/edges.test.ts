import { describe, expect, test } from "vitest"
import type { JsonObject } from "../../../src/schema/json.ts"
import { compiled, planOf } from "../../support/plans.ts"

const reading = { annotations: { readOnlyHint: true } }
const tools = {
  read: reading,
  look: reading,
  write: {},
  put: { annotations: { idempotentHint: true } },
}

/** A step that calls the tool; it is given the graph's input, so that it waits for nothing by default. */
const step = (id: string, tool: string, more: JsonObject = {}): JsonObject => ({
  id,
  operation: { tool: { name: tool } },
  input: { path: "$" },
  ...more,
})

const of = (...steps: readonly string[]) => ({
  input: { list: steps.map((id) => ({ reference: { step: id } })) },
})

/** `step: what it waits for`, in the order of the document. */
function edges(kind: "pipeline" | "saga", steps: readonly JsonObject[]): readonly string[] {
  const written = steps.map(({ operation = null, ...rest }) => ({
    ...rest,
    [kind === "saga" ? "action" : "operation"]: operation,
  }))
  const { root } = planOf({ spec: { [kind]: { steps: written } } }, { tools })
  return root.steps.map(({ id, after }) => `${id}: ${after.join(" ")}`.trim())
}

describe("A step of a pipeline waits for", () => {
  test("nothing, where it only reads and refers to no step", () => {
    expect(edges("pipeline", [step("a", "read"), step("b", "look")])).toEqual(["a:", "b:"])
  })

  test("the steps that it refers to, wherever it does", () => {
    const steps = [
      step("a", "read"),
      step("b", "read"),
      step("c", "read", of("a")),
      step("d", "read", { when: "status.b == 'ok'" }),
      step("e", "read", { forEach: { reference: { step: "a" } } }),
      step("f", "read", { onError: { output: { reference: { step: "b" } } } }),
      step("g", "read", { retry: { maxAttempts: 2, if: "size(steps.a) > 1" } }),
    ]
    expect(edges("pipeline", steps)).toEqual(["a:", "b:", "c: a", "d: b", "e: a", "f: b", "g: a"])
  })

  test("the step before it, where it has no input of its own", () => {
    const { input: _, ...bare } = step("c", "read")
    expect(edges("pipeline", [step("a", "read"), step("b", "read"), bare])).toEqual([
      "a:",
      "b:",
      "c: b",
    ])
  })

  test("every earlier step, where it has an effect, and later steps wait for it", () => {
    const steps = [
      step("a", "read"),
      step("b", "read"),
      step("c", "write"),
      step("d", "read"),
      step("e", "put"),
    ]
    expect(edges("pipeline", steps)).toEqual(["a:", "b:", "c: a b", "d: c", "e: d"])
  })

  test("exactly what `after` says and it refers to, where that is written", () => {
    const steps = [
      step("a", "write"),
      step("b", "write", { after: [] }),
      step("c", "write", { after: ["a"] }),
      step("d", "write", { after: [], ...of("b") }),
      step("e", "read"),
    ]
    expect(edges("pipeline", steps)).toEqual(["a:", "b:", "c: a", "d: b", "e: c d"])
  })

  test("nothing twice: what follows from other edges is left out", () => {
    const steps = [step("a", "read"), step("b", "read", of("a")), step("c", "read", of("a", "b"))]
    expect(edges("pipeline", steps)).toEqual(["a:", "b: a", "c: b"])
  })

  test("what the patterns inside of it refer to", () => {
    const inside = { pipeline: { steps: [step("x", "read"), step("y", "read", of("x", "a"))] } }
    const steps = [
      step("a", "read"),
      step("b", "read"),
      step("c", "read", { operation: { pattern: inside } }),
    ]
    expect(edges("pipeline", steps)).toEqual(["a:", "b:", "c: a"])
  })

  test("steps that may have effects inside of patterns, fallbacks and conditions, as for those of its own", () => {
    const hidden = {
      pattern: {
        retry: {
          inner: { tool: { name: "write" } },
          maxAttempts: 2,
          backoff: { fixed: { delayMs: 1 } },
        },
      },
    }
    const steps = [
      step("a", "read"),
      step("b", "read", { operation: hidden }),
      step("c", "read"),
      step("d", "read", { onError: { run: { tool: { name: "write" } } } }),
      step("e", "read"),
    ]
    expect(edges("pipeline", steps)).toEqual(["a:", "b: a", "c: b", "d: c", "e: d"])
  })

  test("no detached step", () => {
    const steps = [step("a", "read"), step("b", "write", { detached: true }), step("c", "write")]
    expect(edges("pipeline", steps)).toEqual(["a:", "b: a", "c: a"])
  })

  test("a person who is asked", () => {
    const steps = [
      step("a", "read"),
      { id: "b", operation: { approve: { message: "Go on?" } } },
      step("c", "read"),
    ]
    expect(edges("pipeline", steps)).toEqual(["a:", "b: a", "c: b"])
  })
})

describe("A step of a saga waits for", () => {
  test("the step before it", () => {
    const steps = [step("a", "read"), step("b", "read"), step("c", "write")]
    expect(edges("saga", steps)).toEqual(["a:", "b: a", "c: b"])
  })

  test("no more than edges say, where any step has `after`", () => {
    const steps = [
      step("a", "write"),
      step("b", "write"),
      step("c", "write", { after: ["a", "b"] }),
      step("d", "write", of("a")),
    ]
    expect(edges("saga", steps)).toEqual(["a:", "b:", "c: a b", "d: a"])
  })

  test("the steps that its compensation refers to, and not for itself", () => {
    const compensate = {
      tool: { name: "put" },
      input: { list: [{ reference: { step: "a" } }, { reference: { step: "b" } }] },
    }
    const steps = [step("a", "write"), step("b", "write", { compensate, after: [] })]
    expect(edges("saga", steps)).toEqual(["a:", "b: a"])
  })
})

describe("A detached step", () => {
  test.each([
    ["by a reference", step("b", "read", of("a"))],
    ["by after", step("b", "read", { after: ["a"] })],
    ["as the step before", { id: "b", operation: { tool: { name: "read" } } }],
  ])("cannot be waited for %s", (_, waiting) => {
    const steps = [step("a", "write", { detached: true }), waiting]
    const { plan, problems } = compiled({ spec: { pipeline: { steps } } }, { tools })
    expect(plan).toBeUndefined()
    expect(problems).toMatchObject([
      { code: "detached_referenced", pointer: "/spec/pipeline/steps/1" },
    ])
  })
})
