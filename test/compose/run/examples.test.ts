import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Answer, effectful, reading, valueIn, World } from "../../support/composition-world.ts"
import { example, planOf } from "../../support/plans.ts"

describe("briefing on a topic", () => {
  const plan = planOf(example("brief-topic"), {
    tools: {
      search_web: reading,
      search_documents: reading,
      fetch: reading,
      create_document: effectful,
    },
  })
  const hits = ["x", "y", "z"].map((url) => ({ url }))
  const tools: Record<string, Answer | ((input: unknown) => Answer)> = {
    search_web: { afterMs: 20, value: { results: hits } },
    search_documents: { afterMs: 50, fail: { class: "tool" } },
    fetch: (input) => {
      const url = String(Object(input)["url"])
      return url === "y"
        ? { fail: { class: "tool" } }
        : { afterMs: 10, value: { content: `page ${url}` } }
    },
    create_document: { value: { id: "d1" } },
  }

  test("fetches what was found while the documents are still searched, and stores it once", async () => {
    const world = new World(tools)
    const outcome = await world.run(plan, { topic: "owls" })
    expect(valueIn(outcome)).toEqual({ documentId: "d1", sources: ["x", "y", "z"] })
    expect(world.seen.map(({ tool, atMs }) => [tool, atMs])).toEqual([
      ["search_web", 0],
      ["search_documents", 0],
      ["fetch", 20],
      ["fetch", 20],
      ["fetch", 20],
      ["create_document", 50],
    ])
    expect(world.seen[0]?.input).toEqual({ query: "owls", limit: 5 })
    expect(world.seen.at(-1)?.input).toEqual({ title: "Brief: owls", content: "page x\n\npage z" })
  })
})

test("a search of three places is content with two of them, and fuses what they found", async () => {
  const plan = planOf(example("search-all"))
  const page = (url: string) => ({ title: url.toUpperCase(), url, more: 1 })
  const world = new World({
    search_web: { afterMs: 10, value: { results: [page("a"), page("b")] } },
    search_arxiv: { afterMs: 30, value: { papers: [page("b")] } },
    "internal-search": { hangs: true },
  })
  expect(valueIn(await world.run(plan, { query: "q" }))).toEqual({
    results: [
      { title: "B", url: "b" },
      { title: "A", url: "a" },
    ],
  })
  expect(world.clock.now()).toBe(30)
  expect(world.seen[2]?.cancelledMs).toBe(30)
})

describe("a wrapper and what is written for it on the core", () => {
  test("come to the same, whatever the tool answers", async () => {
    const core = planOf(example("crm-core"))
    const sugar = planOf(example("crm-sugar"))
    const answer: fc.Arbitrary<Answer> = fc.oneof(
      fc.record({ value: fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value))) }),
      fc.constant({ fail: { class: "transport" } } as const),
      fc.constant({ fail: { class: "tool" } } as const),
    )
    const calls = fc.array(answer, { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(calls, async (answers) => {
        const tool = (_: unknown, __: unknown, nth: number): Answer =>
          answers[nth % answers.length] ?? {}
        const results = []
        for (const plan of [core, sugar]) {
          const world = new World({ crm_lookup: tool })
          const outcomes = []
          for (const _ of [1, 2, 3, 4, 5, 6, 7, 8]) outcomes.push(await world.run(plan, { id: 1 }))
          const seen = outcomes.map((one) => (one.ok ? one.value : one.error.class))
          results.push({ seen, times: world.times })
        }
        expect(results[1]).toEqual(results[0])
      }),
      { numRuns: 100 },
    )
  })
})
