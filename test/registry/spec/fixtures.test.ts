import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import type { CallSite, Json } from "../../../src/registry/model.ts"
import { readSpec, readTransform } from "../../../src/registry/spec/read-spec.ts"
import { createSpecContext, type RecordingContext } from "../../support/spec-context.ts"

const folder = new URL("../../fixtures/registries/", import.meta.url)
const documents = [
  "flagship",
  "golden-filter",
  "golden-map-each",
  "golden-output-transform",
  "golden-pipeline",
  "golden-scatter-gather",
  "golden-schema-map",
  "golden-stateful-patterns",
  "pattern-catalog-v1",
  "pattern-demos-v1",
  "variant-dialect",
]

/** The dialect forms that stand inside specs and transforms. */
const formsOfSpecs = /^(?:binding|call|coalesce|constant|mapping|operation|step|template|value)\./

describe("the specs of the fixture documents", () => {
  test.each(documents)(
    "%s: have the dialect forms, places and calls its expectation counts",
    (name) => {
      const document = JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8"))
      const expected = JSON.parse(readFileSync(new URL(`${name}.expect.json`, folder), "utf8"))
      const context = createSpecContext()

      const calls = readAll(document, context)

      expect(context.problems).toEqual([])
      expect(countsOf(context)).toEqual(
        Object.fromEntries(
          Object.entries(expected.dialectForms).filter(([form]) => formsOfSpecs.test(form)),
        ),
      )
      const firsts: string[] = expected.codes.dialect_form?.pointers ?? []
      for (const { pointer } of firstOfEach(context)) expect(firsts).toContain(pointer)
      expect(calls.filter(({ kind }) => kind === "tool").length).toBe(
        expected.details.registryCalls,
      )
      expect(calls.filter(({ kind }) => kind === "direct").length).toBe(
        expected.details.directCalls,
      )
      expect(calls.filter(({ kind }) => kind === "agent").length).toBe(expected.details.agentCalls)
      const direct = calls.filter(({ kind }) => kind === "direct").map(({ pointer }) => pointer)
      expect(direct).toEqual(expected.codes.direct_server_call?.pointers ?? [])
      if (!expected.loads) {
        const pointers = calls.map(({ pointer }) => pointer)
        expect(pointers).toEqual(expected.codes.tool_not_found.pointers)
      }
    },
  )
})

interface Document {
  readonly tools?: readonly {
    readonly spec?: Json
    readonly implementation?: { readonly spec?: Json }
    readonly outputTransform?: Json
  }[]
}

/** Reads every spec and transform of a document, as the normaliser does, and returns the calls in them. */
function readAll(document: Document, context: RecordingContext): readonly CallSite[] {
  return (document.tools ?? []).flatMap(({ spec, implementation, outputTransform }, index) => {
    const at = `/tools/${index}`
    if (outputTransform !== undefined)
      readTransform(outputTransform, `${at}/outputTransform`, context)
    const raw = spec ?? implementation?.spec
    if (raw === undefined) return []
    const pointer = spec === undefined ? `${at}/implementation/spec` : `${at}/spec`
    return readSpec(raw, pointer, context)?.composition.calls ?? []
  })
}

function countsOf({ forms }: RecordingContext): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { form } of forms) counts[form] = (counts[form] ?? 0) + 1
  return counts
}

function firstOfEach({ forms }: RecordingContext) {
  return forms.filter(({ form }, index) => forms.findIndex((each) => each.form === form) === index)
}
