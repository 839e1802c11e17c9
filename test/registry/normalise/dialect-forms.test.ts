import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { type DialectForm, dialectForms } from "../../../src/registry/normalise/dialect-forms.ts"
import { canonicalOf, readMembers, readText } from "../../support/registry-reading.ts"

const source = { server: "s", tool: "t" }
const tool = (members: object) => ({ tools: [{ name: "t", version: "1.0.0", ...members }] })
const sourced = (members: object) => tool({ source, ...members })
const spec = (pattern: object) => tool({ spec: pattern })
const piped = (step: object, output?: object) =>
  spec({
    pipeline: {
      steps: [
        { id: "a", operation: { tool: "t" } },
        { id: "b", operation: { tool: "t" }, ...step },
      ],
      output,
    },
  })
const mapped = (mappings: object) => spec({ schemaMap: { mappings } })
const agent = (members: object) => ({
  agents: [{ name: "a", version: "1.0.0", skills: [], ...members }],
})
const skill = (members: object) => agent({ skills: [{ description: "d", ...members }] })
const server = (members: object) => ({ servers: [{ name: "s", version: "1.0.0", ...members }] })
const schema = (members: object) => ({
  schemas: [{ name: "S", version: "1.0.0", schema: members }],
})
const sbom = (depends: readonly object[]) => ({
  extensions: [{ uri: "urn:agentgateway:sbom", params: { depends } }],
})

/** Each form once: how it is written, what it becomes, and where it is reported. */
const forms: Record<DialectForm, readonly [written: object, canonical: object, pointer: string]> = {
  "agent.dependencies": [
    agent({ dependencies: [{ tool: "t" }] }),
    agent({ capabilities: sbom([{ type: "tool", name: "t" }]) }),
    "/agents/0/dependencies",
  ],
  "agent.depends": [agent({ depends: [] }), agent({ capabilities: sbom([]) }), "/agents/0/depends"],
  "agent.endpoint": [
    agent({ endpoint: { a2a: { url: "https://a.example", auth: { bearer: { token: "${T}" } } } } }),
    agent({ url: "https://a.example" }),
    "/agents/0/endpoint",
  ],
  "binding.coalesce": [
    piped({ input: { coalesce: { paths: ["$.x", "$.a.y"] } } }),
    piped({ input: { coalesce: [{ path: "$.x" }, { reference: { step: "a", path: "$.y" } }] } }),
    "/tools/0/spec/pipeline/steps/1/input/coalesce",
  ],
  "binding.expression": [
    piped({ input: { expression: "a.x" } }),
    piped({ input: { expr: "steps.a.x" } }),
    "/tools/0/spec/pipeline/steps/1/input/expression",
  ],
  "binding.input": [
    piped({ input: { input: { path: "$.x" } } }),
    piped({ input: { path: "$.x" } }),
    "/tools/0/spec/pipeline/steps/1/input/input",
  ],
  "binding.step": [
    piped({ input: { step: { stepId: "a", path: "$.x" } } }),
    piped({ input: { reference: { step: "a", path: "$.x" } } }),
    "/tools/0/spec/pipeline/steps/1/input/step",
  ],
  "call.server-sibling": [
    spec({ scatterGather: { targets: [{ tool: "x", server: "s", serverVersion: "1.0.0" }] } }),
    spec({
      scatterGather: { targets: [{ tool: { name: "x", server: "s", serverVersion: "1.0.0" } }] },
    }),
    "/tools/0/spec/scatterGather/targets/0/server",
  ],
  "call.target": [
    spec({ mapEach: { inner: { tool: { name: "x", target: "s" } } } }),
    spec({ mapEach: { inner: { tool: { name: "x", server: "s" } } } }),
    "/tools/0/spec/mapEach/inner/tool/target",
  ],
  "coalesce.array": [
    mapped({ x: { coalesce: ["$.a", "$.b"] } }),
    mapped({ x: { coalesce: { paths: ["$.a", "$.b"] } } }),
    "/tools/0/spec/schemaMap/mappings/x/coalesce",
  ],
  "constant.tagged": [
    piped({ input: { constant: { numberValue: 3 } } }),
    piped({ input: { constant: 3 } }),
    "/tools/0/spec/pipeline/steps/1/input/constant",
  ],
  "mapping.star-key": [
    mapped({ items: { path: "$.i[*]" }, "items[*].name": { path: "$.n" } }),
    mapped({ items: { path: "$.i[*]", nested: { mappings: { name: { path: "$.n" } } } } }),
    "/tools/0/spec/schemaMap/mappings/items[*].name",
  ],
  "operation.bare-pattern": [
    piped({ operation: { schemaMap: { mappings: { x: { path: "$.x" } } } } }),
    piped({ operation: { pattern: { schemaMap: { mappings: { x: { path: "$.x" } } } } } }),
    "/tools/0/spec/pipeline/steps/1/operation/schemaMap",
  ],
  "output.sourceField": [
    sourced({ outputSchema: { properties: { x: { type: "string", sourceField: "$.y" } } } }),
    sourced({
      outputSchema: { properties: { x: { type: "string" } } },
      outputTransform: { mappings: { x: { path: "$.y" } } },
    }),
    "/tools/0/outputSchema/properties/x/sourceField",
  ],
  "ref.pointer": [
    schema({ items: { $ref: "#/schemas/Other:2.0.0/properties/x" } }),
    schema({ items: { $ref: "#Other:2.0.0/properties/x" } }),
    "/schemas/0/schema/items/$ref",
  ],
  "schema.inline": [
    sourced({ inputSchema: { inline: { type: "object" } } }),
    sourced({ inputSchema: { type: "object" } }),
    "/tools/0/inputSchema",
  ],
  "schema.ref": [
    sourced({ inputSchema: { ref: "#S:1.0.0" } }),
    sourced({ inputSchema: { $ref: "#S:1.0.0" } }),
    "/tools/0/inputSchema",
  ],
  "schema.typed-ref": [
    sourced({ outputSchema: { type: "schema", name: "S", version: "1.0.0" } }),
    sourced({ outputSchema: { $ref: "#S:1.0.0" } }),
    "/tools/0/outputSchema",
  ],
  "server.capabilities": [
    server({ capabilities: { stdio: true } }),
    server({ metadata: { capabilities: { stdio: true } }, provides: [] }),
    "/servers/0/capabilities",
  ],
  "server.providedTools": [
    server({ providedTools: [{ name: "t", inputSchemaRef: "#S:1.0.0" }] }),
    server({ provides: [{ tool: "t", inputSchema: { $ref: "#S:1.0.0" } }] }),
    "/servers/0/providedTools",
  ],
  "skill.example-object": [
    skill({
      id: "s",
      examples: ["plain", { input: { q: 1 } }, { input: {}, description: "words" }],
    }),
    skill({ id: "s", examples: ["plain", '{"q":1}', "words"] }),
    "/agents/0/skills/0/examples/1",
  ],
  "skill.name-as-id": [
    skill({ name: "s" }),
    skill({ id: "s", name: "s" }),
    "/agents/0/skills/0/name",
  ],
  "source.target": [
    tool({ source: { target: "s", tool: "t" } }),
    tool({ source: { server: "s", tool: "t" } }),
    "/tools/0/source/target",
  ],
  "step.condition": [
    piped({ condition: { expression: "a.ok" } }),
    piped({ when: "steps.a.ok" }),
    "/tools/0/spec/pipeline/steps/1/condition",
  ],
  "template.flat": [
    mapped({ x: { template: "by ${a}", vars: { a: "$.a" } } }),
    mapped({ x: { template: { template: "by {a}", vars: { a: "$.a" } } } }),
    "/tools/0/spec/schemaMap/mappings/x/template",
  ],
  "tool.defaults": [
    sourced({ defaults: { lang: "en" } }),
    tool({ source: { ...source, defaults: { lang: "en" } } }),
    "/tools/0/defaults",
  ],
  "tool.deprecated-message": [
    sourced({ deprecated: "use u" }),
    sourced({ deprecated: true, deprecationMessage: "use u" }),
    "/tools/0/deprecated",
  ],
  "tool.hideFields": [
    sourced({ hideFields: ["x"] }),
    tool({ source: { ...source, hideFields: ["x"] } }),
    "/tools/0/hideFields",
  ],
  "tool.implementation": [
    tool({ implementation: { source } }),
    tool({ source }),
    "/tools/0/implementation",
  ],
  "value.list-values": [
    spec({
      filter: {
        predicate: {
          field: "$.x",
          op: "in",
          value: { listValue: { values: [{ numberValue: 1 }] } },
        },
      },
    }),
    spec({
      filter: { predicate: { field: "$.x", op: "in", value: { listValue: [{ numberValue: 1 }] } } },
    }),
    "/tools/0/spec/filter/predicate/value/listValue",
  ],
}

const dialects = (members: object) =>
  readMembers(members).problems.filter(({ code }) => code === "dialect_form")

describe("a dialect form", () => {
  test.each(dialectForms)(
    "%s becomes the canonical spelling and is reported where it stands",
    (form) => {
      const [written, canonical, pointer] = forms[form]
      const reported = dialects(written).filter(({ data }) => data?.["form"] === form)
      expect(reported.map((problem) => problem.pointer)).toEqual([pointer])
      expect(canonicalOf(written)).toEqual(canonicalOf(canonical))
    },
  )

  test.each(dialectForms)("%s is gone from what is written out", (form) => {
    const [written] = forms[form]
    const out = readText(JSON.stringify(canonicalOf(written)))
    expect(out.problems.filter(({ code }) => code === "dialect_form")).toEqual([])
  })

  test("is reported once, at its first occurrence, with its count", () => {
    const members = {
      tools: [
        {
          name: "a",
          version: "1.0.0",
          source,
          outputSchema: { ref: "#S:1.0.0" },
          inputSchema: { ref: "#S:1.0.0" },
        },
        { name: "b", version: "1.0.0", source, inputSchema: { ref: "#S:1.0.0" } },
      ],
    }
    expect(dialects(members)).toMatchObject([
      {
        pointer: "/tools/0/outputSchema",
        severity: "info",
        data: { form: "schema.ref", count: 3 },
      },
    ])
  })

  test("is found in the order in which the sections are written", () => {
    const agents = [
      { name: "a", version: "1.0.0", skills: [{ id: "s", inputSchema: { ref: "#S" } }] },
    ]
    const tools = [{ name: "t", version: "1.0.0", source, inputSchema: { ref: "#S" } }]
    expect(dialects({ agents, tools })[0]?.pointer).toBe("/agents/0/skills/0/inputSchema")
    expect(dialects({ tools, agents })[0]?.pointer).toBe("/tools/0/inputSchema")
  })
})

describe("what the canonical spelling itself allows", () => {
  test.each([
    [
      "both forms of calls",
      spec({ scatterGather: { targets: [{ tool: "x" }, { tool: { name: "y" } }] } }),
    ],
    ["tagged literals", mapped({ x: { literal: { stringValue: "y" } } })],
    [
      "an element's own fields",
      mapped({ x: { path: "$.y", nested: { mappings: { z: { path: "$.z" } } } } }),
    ],
    ["an output of a pipeline", piped({}, { path: "$.x" })],
    ["annotations", { $comment: "c", ...sourced({ $comment2: "d" }) }],
    ["pointers to what is there", schema({ schemas: { X: {} }, items: { $ref: "#/schemas/X" } })],
    [
      "data that looks like a reference",
      schema({ default: { $ref: "#/schemas/X" }, properties: { $ref: {} } }),
    ],
  ])("is no dialect: %s", (_, members) => {
    expect(dialects(members)).toEqual([])
  })

  test("stays as the flagship document writes it", () => {
    const file = join(import.meta.dirname, "../../fixtures/registries/flagship.json")
    expect(readText(readFileSync(file, "utf8")).problems).toEqual([])
  })
})
