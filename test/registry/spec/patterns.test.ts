import { describe, expect, test } from "vitest"
import { patternNames } from "../../../src/registry/spec/pattern-names.ts"
import { readSpec } from "../../../src/registry/spec/read-spec.ts"
import { isObject, type Json, segment } from "../../../src/schema/json.ts"
import { canonicalSpecs } from "../../support/canonical-specs.ts"
import { createSpecContext } from "../../support/spec-context.ts"

const callers = Object.entries(canonicalSpecs).filter(([, { calls }]) => calls.length > 0)

describe("a spec in canonical spelling", () => {
  test("there is one of every pattern kind to read", () => {
    expect(Object.keys(canonicalSpecs).sort()).toEqual([...patternNames].sort())
  })

  test.each(Object.entries(canonicalSpecs))(
    "of %s is read as it is",
    (pattern, { spec, isDynamic }) => {
      const context = createSpecContext()
      const read = readSpec(spec, "/tools/0/spec", context)
      expect(context.problems).toEqual([])
      expect(context.forms).toEqual([])
      expect(JSON.stringify(read?.spec)).toBe(JSON.stringify(spec))
      expect(read?.composition.pattern).toBe(pattern)
      expect(read?.composition.isDynamic).toBe(isDynamic === true)
    },
  )

  test.each(Object.entries(canonicalSpecs))("of %s gives its calls", (_, { spec, calls }) => {
    const found = readSpec(spec, "/s", createSpecContext())?.composition.calls ?? []
    expect(found.map(({ kind, name, pointer }) => `${kind} ${name} ${pointer.slice(3)}`)).toEqual(
      calls,
    )
  })

  test.each(callers)("of %s says where its calls stand in it", (_, { spec }) => {
    const read = readSpec(spec, "/s", createSpecContext())
    for (const { name, namePointer, place, pointer } of read?.composition.calls ?? []) {
      const call = (place.holder as Record<string | number, Json>)[place.key] ?? null
      expect(isObject(call) ? call["name"] : call).toBe(name)
      expect(valueAt(spec, pointer.slice(2))).toEqual(call)
      expect(valueAt(spec, namePointer.slice(2))).toBe(name)
      expect(isWithin(read?.spec ?? null, place.holder)).toBe(true)
    }
  })

  test.each(Object.entries(canonicalSpecs))(
    "of %s knows the origin of its parts",
    (_, { spec }) => {
      const context = createSpecContext()
      const read = readSpec(spec, "/s", context)
      for (const { node, pointer } of partsOf(read?.spec ?? {}, "/s"))
        if (context.origins.of(node) !== "") expect(context.origins.of(node)).toBe(pointer)
      expect(context.origins.of(read?.spec ?? {})).toBe("/s")
    },
  )
})

describe("a call", () => {
  const callOf = (operation: Json) => {
    const context = createSpecContext()
    const read = readSpec({ timeout: { inner: operation, durationMs: 1 } }, "", context)
    expect(context.problems).toEqual([])
    return read?.composition.calls[0]
  }

  test("of a registered tool has its name and version", () => {
    expect(callOf({ tool: { name: "a", version: "1.0.0" } })).toMatchObject({
      kind: "tool",
      name: "a",
      version: "1.0.0",
      pointer: "/timeout/inner/tool",
      namePointer: "/timeout/inner/tool/name",
    })
  })

  test("of an agent has its skill", () => {
    expect(callOf({ agent: { name: "a", skill: "s", version: "2.0.0" } })).toMatchObject({
      kind: "agent",
      name: "a",
      skill: "s",
      version: "2.0.0",
      pointer: "/timeout/inner/agent",
    })
  })

  test("of a server's tool is direct, and has the server and its version", () => {
    const call = callOf({ tool: { name: "a", server: "s", serverVersion: "1.0.0" } })
    expect(call).toMatchObject({ kind: "direct", name: "a", server: "s", serverVersion: "1.0.0" })
    expect(call).not.toHaveProperty("spelledTarget")
  })

  test("in a string is read everywhere, and written as an object where others may have more", () => {
    const context = createSpecContext()
    const spec = {
      retry: { inner: { tool: "a" }, maxAttempts: 1, backoff: { fixed: { delayMs: 0 } } },
    }
    const read = readSpec(spec, "", context)
    expect(read?.spec["retry"]).toMatchObject({ inner: { tool: { name: "a" } } })
    expect(read?.composition.calls[0]?.namePointer).toBe("/retry/inner/tool")
    expect(context.forms).toEqual([])
  })

  test("in an object with nothing but its name is written as a string where the seed does", () => {
    const context = createSpecContext()
    const read = readSpec({ mapEach: { inner: { tool: { name: "a" } } } }, "", context)
    expect(read?.spec).toEqual({ mapEach: { inner: { tool: "a" } } })
    expect(read?.composition.calls[0]?.namePointer).toBe("/mapEach/inner/tool/name")
    expect(context.forms).toEqual([])
  })
})

describe("annotations", () => {
  test("are kept on every object of a spec, and comments between elements are skipped with a note", () => {
    const context = createSpecContext()
    const spec = {
      $comment: "whole",
      description: "words",
      pipeline: {
        $comment: "body",
        steps: [
          { $comment: "between" },
          {
            id: "a",
            operation: { tool: { name: "t", "x-owner": "me" }, $comment: "op" },
            input: { path: "$", $comment: "binding" },
            metadata: { any: 1 },
          },
        ],
      },
    }
    const read = readSpec(spec, "", context)
    expect(context.problems).toEqual([
      expect.objectContaining({
        code: "comment_element_skipped",
        severity: "info",
        pointer: "/pipeline/steps/0",
      }),
    ])
    expect(read?.spec).toEqual({
      ...spec,
      pipeline: { ...spec.pipeline, steps: spec.pipeline.steps.slice(1) },
    })
    expect(read?.composition.calls[0]?.pointer).toBe("/pipeline/steps/1/operation/tool")
  })
})

function valueAt(value: Json, pointer: string): Json | undefined {
  const keys = pointer.split("/").slice(1)
  return keys.reduce<Json | undefined>(
    (inner, key) => (inner as Record<string, Json> | undefined)?.[key.replaceAll("~1", "/")],
    value,
  )
}

function* partsOf(value: Json, pointer: string): Generator<{ node: object; pointer: string }> {
  if (typeof value !== "object" || value === null) return
  yield { node: value, pointer }
  for (const [key, inner] of Object.entries(value)) yield* partsOf(inner, pointer + segment(key))
}

const isWithin = (value: Json, holder: object): boolean =>
  [...partsOf(value, "")].some(({ node }) => node === holder)
