import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { plainRules } from "../../src/call/server-rules.ts"
import { banner } from "../../src/cli/banner.ts"
import type { Catalog } from "../../src/registry/catalog.ts"
import { authoring } from "../../src/registry/draft.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { loadRegistry, toEnd } from "../../src/registry/load.ts"
import { sketchCatalog } from "../support/catalog.ts"

function catalogOf(text: string): Catalog {
  const { catalog } = toEnd(loadRegistry(text, { knobs: authoring, limits: defaultLoadLimits }))
  if (catalog === undefined) throw new Error("the document is sound")
  return catalog
}

const printedFor = (catalog: Catalog): string =>
  banner({
    version: "1",
    url: "U",
    adminUrl: "A",
    source: "S",
    catalog,
    routes: { addresses: new Map(), rules: plainRules },
    command: "postern",
  })

/** The commands that the banner proposes for a document, without those of who and where. */
function tries(catalog: Catalog): string[] {
  return [...printedFor(catalog).matchAll(/^ {4}postern (.*)$/gm)].map(([, line = ""]) =>
    line.replace(/ --agent \S+ --url U/, ""),
  )
}

test("the three commands to try are a list, a call, and a refusal that makes sense", () => {
  expect(tries(catalogOf(readFileSync("config/registry.json", "utf8")))).toEqual([
    "tools",
    `call search_documents --args '{"query": "tide"}'`,
    "call delete_document",
  ])
})

test("a call is proposed with arguments only where the tool takes them", () => {
  const sketch = { tools: { "one@1": {}, "other@1": {} }, agents: { "a@1": ["one@1"] } }
  expect(tries(sketchCatalog(sketch))).toEqual(["tools", "call one", "call other"])
})

test("of many tools of an agent a few are named, and the call that is proposed has no effect", () => {
  const reading = { annotations: { readOnlyHint: true } }
  const path = { type: "object", properties: { path: { type: "string" } }, required: ["path"] }
  const provides = [
    ...Array.from({ length: 300 }, (_, at) => ({ tool: `tool_${at}` })),
    { tool: "read", ...reading, inputSchema: path },
    { tool: "ask", ...reading },
    { tool: "write" },
  ]
  const depends = provides.map(({ tool: name }) => ({ type: "tool", name, version: "1.0.0" }))
  const catalog = catalogOf(
    JSON.stringify({
      schemaVersion: "2.0",
      servers: [{ name: "s", version: "1.0.0", provides }],
      tools: depends.map(({ name }) => ({
        name,
        version: "1.0.0",
        source: { server: "s", serverVersion: "1.0.0", tool: name },
      })),
      agents: [
        {
          name: "a",
          version: "1.0.0",
          capabilities: { extensions: [{ uri: "urn:agentgateway:sbom", params: { depends } }] },
        },
      ],
    }),
  )
  expect(tries(catalog)).toEqual(["tools", "call ask"])
  expect(printedFor(catalog)).toMatch(/^ {4}a@1\.0\.0(?: +\w+@1\.0\.0){12} … and 291 more$/m)
})
