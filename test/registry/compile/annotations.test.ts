import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { createPlanner } from "../../../src/compose/plan/compile-plan.ts"
import { isRepeatable } from "../../../src/compose/plan/effect.ts"
import { measure } from "../../../src/compose/plan/measure.ts"
import { createToolLists } from "../../../src/mcp/face/tool-list.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { call, catalogOf, pipeline, toolIn } from "../../support/plans.ts"
import { documentOf, found, load, sourceTool, toolDependency } from "../../support/registries.ts"

const read = { readOnlyHint: true, openWorldHint: false }
const write = { readOnlyHint: false, destructiveHint: false, idempotentHint: true }
const best = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
}
const worst = {
  readOnlyHint: false,
  destructiveHint: true,
  idempotentHint: false,
  openWorldHint: true,
}

/** What callers are shown of a composition whose tools have these annotations. */
function shown(spec: JsonObject, tools: { readonly [name: string]: JsonObject | undefined }) {
  const sketches = Object.entries(tools).map(([name, annotations]) => [
    name,
    annotations ? { annotations } : {},
  ])
  const catalog = catalogOf([{ name: "c", spec }], Object.fromEntries(sketches))
  return toolIn(catalog, "c").shown.annotations
}

describe("A tool of a server", () => {
  const provision = { tool: "t", title: "T", description: "does t", annotations: write }
  const shownOf = (more: object) => {
    const servers = [{ name: "s", version: "1.0.0", provides: [provision] }]
    const { catalog } = load(documentOf([sourceTool("t", more)], { servers }))
    return catalog?.tools[0]?.shown
  }

  test("has what its provision says, where it says nothing itself", () => {
    expect(shownOf({})).toMatchObject({ title: "T", description: "does t", annotations: write })
  })

  test("has the icons of its provision, or its own, in both eras' lists", () => {
    const icons = (name: string) => [{ src: `https://shop.example/${name}.png`, sizes: ["48x48"] }]
    const provided = { tool: "t", icons: icons("server") }
    const servers = [{ name: "s", version: "1.0.0", provides: [provided] }]
    const tools = [sourceTool("t"), sourceTool("u", { icons: icons("own") })]
    const written = documentOf(tools, { servers })
    written.tools[1].source.tool = "t"
    const { catalog, problems } = load(written)
    if (catalog === undefined) throw new Error(JSON.stringify(problems))
    const lists = createToolLists(100, { legacy: "", modern: "" })
    for (const era of ["legacy", "modern"] as const) {
      const page = lists(catalog.tools, era).pages[0]?.text
      expect(page).toContain(JSON.stringify(icons("server")))
      expect(page).toContain(JSON.stringify(icons("own")))
    }
  })

  test("has its own words before those, hint by hint", () => {
    const own = { title: "Mine", description: "mine", annotations: { destructiveHint: true } }
    const annotations = { ...write, destructiveHint: true }
    expect(shownOf(own)).toMatchObject({ title: "Mine", description: "mine", annotations })
  })

  test("has none where nobody says anything", () => {
    const { catalog } = load(documentOf([sourceTool("t")]))
    expect(catalog?.tools[0]?.shown.annotations).toBeUndefined()
  })

  test.each([
    ["readOnlyHint", "yes"],
    ["title", 7],
  ])("says %s in the type that clients expect", (name, value) => {
    const provides = [{ tool: "t", annotations: { [name]: value } }]
    const servers = [{ name: "s", version: "1.0.0", provides }]
    const tool = sourceTool("t", { annotations: { [name]: value } })
    expect(found(load(documentOf([tool], { servers })))).toEqual([
      `invalid_type /servers/0/provides/0/annotations/${name}`,
      `invalid_type /tools/0/annotations/${name}`,
    ])
  })
})

describe("A composition", () => {
  const two = pipeline(call("a"), call("b"))

  test("is the worst of what it calls, hint by hint", () => {
    expect(shown(two, { a: read, b: read })).toEqual(best)
    expect(shown(two, { a: read, b: write })).toEqual({
      readOnlyHint: false,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: true,
    })
  })

  test("is the worst there is where one of them says nothing", () => {
    expect(shown(two, { a: read, b: undefined })).toEqual(worst)
    expect(shown(two, { a: read, b: {} })).toEqual(worst)
  })

  test("that calls nothing is the best there is", () => {
    expect(shown({ schemaMap: { mappings: { x: { literal: 1 } } } }, {})).toEqual(best)
  })

  test.each([
    ["a fallback", { timeout: { inner: call("a"), durationMs: 10, fallback: call("b") } }],
    ["a tap", { wireTap: { inner: call("a"), taps: [{ tool: "b" }] } }],
    ["a dead letter", { deadLetter: { inner: call("a"), deadLetterTool: "b" } }],
    [
      "a compensation",
      { saga: { steps: [{ id: "s", action: call("a"), compensate: call("b") }] } },
    ],
    [
      "a probe",
      {
        saga: {
          steps: [
            { id: "s", action: call("a"), onUnknown: { probe: call("b"), done: "item.found" } },
          ],
        },
      },
    ],
    [
      "an error's remedy",
      { pipeline: { steps: [{ id: "s", operation: call("a"), onError: { run: call("b") } }] } },
    ],
    ["a pattern in a pattern", pipeline({ pattern: pipeline({ pattern: pipeline(call("b")) }) })],
  ])("counts %s", (_, spec) => {
    expect(shown(spec as JsonObject, { a: read, b: read })).toEqual(best)
    expect(shown(spec as JsonObject, { a: read, b: undefined })).toEqual(worst)
  })

  test("is as bad as an agent, and as a tool past the registry", () => {
    const direct = pipeline({ tool: { name: "x", server: "other", serverVersion: "1.0.0" } })
    expect(shown(direct, {})).toEqual(worst)
    const agent = pipeline({ agent: { name: "helper", skill: "help" } })
    expect(shown(agent, {})).toEqual(worst)
  })

  test("is as bad as all that data may choose", () => {
    const spec = { recipientList: { recipientsPath: "$.names" } }
    const tools = (b: JsonObject) => [
      sourceTool("a", { annotations: read }),
      sourceTool("b", { annotations: b }),
      {
        ...{ name: "c", version: "1.0.0", inputSchema: { type: "object" }, spec },
        depends: [toolDependency("a"), toolDependency("b")],
      },
    ]
    const of = (b: JsonObject) => load(documentOf(tools(b))).catalog?.tools[2]?.shown.annotations
    expect(of(read)).toEqual(best)
    expect(of({})).toEqual(worst)
  })

  test("is idempotent by its saga's id, whatever it calls, and so is what calls it", () => {
    const saga = { saga: { sagaIdPath: "$.id", steps: [{ id: "s", action: call("a") }] } }
    const outer = pipeline(call("c"))
    const inputSchema = { type: "object", properties: { id: { type: "string" } }, required: ["id"] }
    const catalog = catalogOf([
      { name: "c", spec: saga, inputSchema },
      { name: "outer", spec: outer },
    ])
    const idempotent = { ...worst, idempotentHint: true }
    expect(toolIn(catalog, "c").shown.annotations).toEqual(idempotent)
    expect(toolIn(catalog, "outer").shown.annotations).toEqual(idempotent)
  })

  test("in a chain of 20,000 is what the last one is", () => {
    const names = Array.from({ length: 20_000 }, (_, index) => `c${index}`)
    const tools = names.map((name, index) => ({
      ...{ name, version: "1.0.0", inputSchema: { type: "object" } },
      depends: [toolDependency(names[index + 1] ?? "a")],
      spec: pipeline(call(names[index + 1] ?? "a")),
    }))
    const { catalog } = load(documentOf([...tools, sourceTool("a", { annotations: read })]))
    expect(catalog?.tools[0]?.shown.annotations).toEqual(best)
  })

  test("may say that it is worse than it seems, and what calls it is as bad", () => {
    const annotations = { destructiveHint: true, title: "Careful" }
    const tools = [
      sourceTool("a", { annotations: write }),
      ...[
        { name: "c", annotations, depends: [toolDependency("a")], spec: pipeline(call("a")) },
        { name: "outer", depends: [toolDependency("c")], spec: pipeline(call("c")) },
      ].map((tool) => ({ version: "1.0.0", inputSchema: { type: "object" }, ...tool })),
    ]
    const { catalog } = load(documentOf(tools))
    expect(catalog?.tools[1]?.shown.annotations).toMatchObject(annotations)
    expect(catalog?.tools[2]?.shown.annotations).toMatchObject({ destructiveHint: true })
  })
})

describe("A composition that promises more than its calls keep is an error:", () => {
  const documentWith = (annotations: JsonObject, inner: JsonObject) =>
    documentOf([
      sourceTool("a", { annotations: inner }),
      {
        ...{ name: "c", version: "1.0.0", inputSchema: { type: "object" }, annotations },
        depends: [toolDependency("a")],
        spec: pipeline(call("a")),
      },
    ])

  test.each(Object.entries(best))("%s: %s", (hint, value) => {
    const result = load(documentWith({ [hint]: value }, {}))
    expect(found(result)).toEqual([`annotation_unsafe /tools/1/annotations/${hint}`])
    expect(result.problems[0]?.severity).toBe("error")
    expect(result.catalog).toBeUndefined()
  })

  test("what its calls keep is none, nor what promises nothing", () => {
    expect(found(load(documentWith(best, { ...read, destructiveHint: false })))).toEqual([])
    expect(found(load(documentWith(worst, {})))).toEqual([])
  })
})

describe("The plan of a composition agrees:", () => {
  const folder = join(import.meta.dirname, "../../golden/plan")
  const written = globSync("*.golden", { cwd: folder }).map((file) => {
    const [input = ""] = readFileSync(join(folder, file), "utf8").split(/^-{5,}$/m)
    return { file, composition: parse(input) }
  })
  const annotation = fc.constantFrom(undefined, read, write, { readOnlyHint: false }, {})

  test.each(written)("$file", ({ file, composition }) => {
    const { tools = {}, ...sketch } = composition
    fc.assert(
      fc.property(fc.array(annotation, { minLength: 12, maxLength: 12 }), (chosen) => {
        const plain = catalogOf([{ name: "c", ...sketch }], tools)
        const named = plain.tools.flatMap(({ name }, index) => {
          const annotations = chosen[index % chosen.length]
          return name === "c"
            ? []
            : [[name, { ...tools[name], ...(annotations && { annotations }) }]]
        })
        const catalog = catalogOf([{ name: "c", ...sketch }], Object.fromEntries(named))
        const tool = toolIn(catalog, "c")
        const { plan } = createPlanner(catalog).compile(tool)
        fc.pre(plan !== undefined) // such as a cache around a tool that is known to have an effect
        const { effect } = measure(plan.root)
        const said = tool.shown.annotations ?? {}
        // A router by capabilities is judged by all that it may choose from, and chooses some.
        const isExact = file !== "capabilityRouter.golden"
        const hasId = JSON.stringify(sketch.spec).includes("sagaIdPath")
        const is = {
          readOnlyHint: effect === "read",
          idempotentHint: hasId || isRepeatable(effect),
        }
        for (const hint of ["readOnlyHint", "idempotentHint"] as const)
          expect({ hint, said: isExact || said[hint] ? said[hint] : is[hint] }).toEqual({
            hint,
            said: is[hint],
          })
      }),
      { numRuns: 30 },
    )
  })
})
