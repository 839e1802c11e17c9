import { expect, test, vi } from "vitest"
import type { Listed } from "../../../src/call/backends.ts"
import { createExposures } from "../../../src/call/exposed/exposures.ts"
import type { Looking } from "../../../src/call/exposed/known-list.ts"
import { plainRule, plainRules } from "../../../src/call/server-rules.ts"
import type { Catalog } from "../../../src/registry/catalog.ts"
import { written } from "../../../src/registry/model.ts"
import { sketchCatalog } from "../../support/catalog.ts"

const listOf = (...names: string[]): Listed => {
  const items = names.map((name) => ({ name, inputSchema: { type: "object" } }))
  return { items, plain: items, ttlMs: 0, isKnown: true }
}

/** Two servers that expose what they list; `looks` are the sizes of the lists that were looked at. */
function world(looking: Partial<Looking> = {}) {
  const base = sketchCatalog({
    tools: { "a@1": { server: "one@1" }, "b@1": { server: "two@1" } },
    agents: { "reader@1": ["a@1"] },
  })
  const [one, two] = base.servers
  if (one === undefined || two === undefined) throw new Error("two servers were sketched")
  const lists = new Map([
    [one, listOf("x", "y")],
    [two, listOf("z")],
  ])
  const looks: number[] = []
  const inSlices: Looking["inSlices"] = async (work) => {
    looks.push([...work].length)
  }
  const list = async (server: object) => lists.get(server as never) ?? listOf()
  const changed = vi.fn()
  const exposures = createExposures(
    { list },
    { intervalMs: 60_000, inSlices, ...looking },
    { changed, left: (_, tool, why) => expect.fail(`${tool}: ${why}`) },
  )
  const expose = { prefix: undefined, to: ["*"] }
  const rules = { ...plainRules, of: () => ({ ...plainRule, expose }), exposed: [one, two] }
  exposures.accept(base, rules)
  const agent = base.agents[0]
  const learn = async () => (await exposures.learn(base, agent)) ?? base
  const toolsIn = (catalog: Catalog) => [...catalog.scopeOf(agent).tools.values()]
  const names = (catalog: Catalog) => toolsIn(catalog).map(({ name }) => name)
  return { base, changed, exposures, learn, lists, looks, names, one, rules, toolsIn, two }
}

test("what a server exposes is looked at tool by tool, once, before anything is made of it", async () => {
  const { base, exposures, learn, looks, names, rules, toolsIn } = world()
  const first = await learn()
  expect(names(first)).toEqual(["a", "x", "y", "z"])
  expect(looks.sort()).toEqual([1, 2])
  expect(await learn()).toBe(first)
  exposures.accept(base, rules) // as after a reload of the same document
  expect(toolsIn(exposures.over(base))).toEqual(toolsIn(first))
  expect(looks).toHaveLength(2)
})

test("the tools of a server stay the same objects when another lists something else", async () => {
  const { exposures, learn, lists, names, one, base, toolsIn, two } = world({ intervalMs: 0 })
  const before = toolsIn(await learn())
  lists.set(two, listOf("z", "zz"))
  exposures.changed(two.entity)
  await vi.waitFor(() => expect(names(exposures.over(base))).toContain("zz"))
  const after = toolsIn(exposures.over(base))
  expect(written(one.entity)).toBe("one@1")
  for (const name of ["x", "y"])
    expect(after.find((tool) => tool.name === name)).toBe(before.find((tool) => tool.name === name))
})

test("a list that changes all the time is looked at no more often than it may be, and at last as it is", async () => {
  const { changed, exposures, learn, lists, looks, names, base, two } = world({ intervalMs: 500 })
  await learn()
  const looked = looks.length
  for (let n = 0; n < 50; n++) {
    lists.set(two, listOf(`z${n}`))
    expect(names(await learn())).toContain("z") // nobody waits for what has to wait
  }
  exposures.changed(two.entity)
  const last = () => expect(names(exposures.over(base))).toContain("z49")
  await vi.waitFor(last, { timeout: 5_000 })
  expect(looks.length - looked).toBe(1)
  expect(changed).toHaveBeenCalledTimes(3)
})
