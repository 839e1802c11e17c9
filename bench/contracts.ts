// A thousand compositions checked at load, and what one comparison of two schemas costs; CPU time of this process.
import { checkCompositions } from "../src/compose/check-compositions.ts"
import { defaultPlanLimits } from "../src/compose/plan/limits.ts"
import { authoring } from "../src/registry/draft.ts"
import { defaultLoadLimits } from "../src/registry/limits.ts"
import { loadRegistry, toEnd } from "../src/registry/load.ts"
import type { JsonObject } from "../src/schema/json.ts"
import { compare } from "../src/schema/subsume/compare.ts"
import { typeOf } from "../src/schema/types/type.ts"

export const compositions = 1_000
/** Tools of each of three kinds. */
const kinds = 66

const text = { type: "string" }
const object = (
  properties: JsonObject,
  required: readonly string[],
  more: JsonObject = {},
): JsonObject => ({
  type: "object",
  properties,
  required,
  ...more,
})
const hit = object({ title: text, url: { ...text, format: "uri" }, score: { type: "number" } }, [
  "title",
  "url",
])

const search = {
  annotations: { readOnlyHint: true },
  inputSchema: object(
    { query: { ...text, minLength: 1 }, limit: { type: "integer", minimum: 1, maximum: 100 } },
    ["query"],
  ),
  outputSchema: object({ results: { type: "array", items: hit }, total: { type: "integer" } }, [
    "results",
  ]),
}
const fetch = {
  annotations: { readOnlyHint: true },
  inputSchema: object({ url: { ...text, format: "uri" }, max: { type: "integer" } }, ["url"], {
    additionalProperties: false,
  }),
  outputSchema: object({ url: text, content: text }, ["content"]),
}
const store = {
  inputSchema: object({ title: text, content: text, tags: { type: "array", items: text } }, [
    "title",
    "content",
  ]),
  outputSchema: object({ id: text }, ["id"]),
}

/** Each has four values on their way into a schema: the inputs of three steps, and its output. */
const brief = (nth: number) => {
  const names = ["search", "fetch", "store"].map((kind) => `${kind}_${nth % kinds}`)
  const step = (id: number, more: object) => ({ operation: { tool: { name: names[id] } }, ...more })
  const of = (fields: object) => ({ construct: { fields } })
  const results = (path: string) => ({ reference: { step: "web", path } })
  return {
    name: `brief_${nth}`,
    version: "1.0.0",
    depends: names.map((name) => ({ type: "tool", name, version: "1.0.0" })),
    inputSchema: object(
      { topic: { ...text, minLength: 1 }, limit: { type: "integer", minimum: 1, maximum: 50 } },
      ["topic"],
    ),
    outputSchema: object({ id: text, sources: { type: "array", items: text } }, ["sources"]),
    spec: {
      pipeline: {
        steps: [
          step(0, {
            id: "web",
            input: of({ query: { path: "$.topic" }, limit: { path: "$.limit" } }),
          }),
          step(1, {
            id: "pages",
            forEach: results("$.results[0:5].url"),
            input: of({ url: { item: { path: "$" } } }),
          }),
          step(2, {
            id: "keep",
            when: "size(steps.pages) > 0",
            input: of({
              title: { template: { template: "Brief: {topic}", vars: { topic: "$.topic" } } },
              content: { expr: "steps.pages.map(p, p.content).join('\\n')" },
            }),
          }),
        ],
        output: of({
          id: { reference: { step: "keep", path: "$.id" } },
          sources: results("$.results[*].url"),
        }),
      },
    },
  }
}

function document(): string {
  const sources = Object.entries({ search, fetch, store }).flatMap(([kind, members]) =>
    Array.from({ length: kinds }, (_, nth) => {
      const tool = `${kind}_${nth}`
      const source = { server: "s", serverVersion: "1.0.0", tool }
      return { name: tool, version: "1.0.0", source, ...members }
    }),
  )
  return JSON.stringify({
    schemaVersion: "2.0",
    servers: [
      {
        name: "s",
        version: "1.0.0",
        provides: sources.map(({ name: tool, version }) => ({ tool, version })),
      },
    ],
    tools: [...sources, ...Array.from({ length: compositions }, (_, nth) => brief(nth))],
  })
}

const cpuMs = (since: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(since)
  return (user + system) / 1000
}

/** Milliseconds of CPU to plan and check all compositions of a catalog, once and from cold, as a start does. */
export function measureContracts(): { readonly checkMs: number; readonly pairUs: number } {
  const options = { knobs: authoring, limits: defaultLoadLimits }
  const { catalog, problems } = toEnd(loadRegistry(document(), options))
  if (catalog === undefined) throw new Error(JSON.stringify(problems.slice(0, 3)))
  const began = process.cpuUsage()
  const { plans } = toEnd(checkCompositions(catalog, defaultPlanLimits))
  const checkMs = cpuMs(began)
  if (plans.size !== compositions) throw new Error(`${plans.size} plans`)
  return { checkMs, pairUs: measurePairs() }
}

const pairs = 3_000

/** Microseconds of CPU of one comparison, over pairs that are proved and pairs that are not. */
function measurePairs(): number {
  const given = [search, fetch, store].map(({ outputSchema }) => typeOf(outputSchema))
  const asked = [search, fetch, store].map(({ inputSchema }) => typeOf(inputSchema))
  const began = process.cpuUsage()
  for (let nth = 0; nth < pairs / 9; nth++)
    for (const from of given) for (const to of asked) compare(from, to)
  return (cpuMs(began) * 1000) / pairs
}
