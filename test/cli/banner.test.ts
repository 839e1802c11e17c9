import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { plainRules } from "../../src/call/server-rules.ts"
import { banner } from "../../src/cli/banner.ts"
import type { Catalog } from "../../src/registry/catalog.ts"
import { authoring } from "../../src/registry/draft.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { loadRegistry, toEnd } from "../../src/registry/load.ts"
import { sketchCatalog } from "../support/catalog.ts"

/** The commands that the banner proposes for a document, without those of who and where. */
function tries(catalog: Catalog): string[] {
  const printed = banner({
    version: "1",
    url: "U",
    adminUrl: "A",
    source: "S",
    catalog,
    routes: { addresses: new Map(), rules: plainRules },
    command: "postern",
  })
  return [...printed.matchAll(/^ {4}postern (.*)$/gm)].map(([, line = ""]) =>
    line.replace(/ --agent \S+ --url U/, ""),
  )
}

test("the three commands to try are a list, a call, and a refusal that makes sense", () => {
  const text = readFileSync("config/registry.json", "utf8")
  const { catalog } = toEnd(loadRegistry(text, { knobs: authoring, limits: defaultLoadLimits }))
  if (catalog === undefined) throw new Error("the document is sound")
  expect(tries(catalog)).toEqual([
    "tools",
    `call search_documents --args '{"query": "tide"}'`,
    "call delete_document",
  ])
})

test("a call is proposed with arguments only where the tool takes them", () => {
  const sketch = { tools: { "one@1": {}, "other@1": {} }, agents: { "a@1": ["one@1"] } }
  expect(tries(sketchCatalog(sketch))).toEqual(["tools", "call one", "call other"])
})
