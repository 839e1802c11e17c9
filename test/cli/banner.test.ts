import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { plainRules } from "../../src/call/server-rules.ts"
import { banner } from "../../src/cli/banner.ts"
import type { Catalog } from "../../src/registry/catalog.ts"
import { authoring } from "../../src/registry/draft.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { loadRegistry, toEnd } from "../../src/registry/load.ts"
import type { Config } from "../../src/server/config/config.ts"
import { parseConfig } from "../../src/server/config/parse.ts"
import { sketchCatalog } from "../support/catalog.ts"

function catalogOf(text: string): Catalog {
  const { catalog } = toEnd(loadRegistry(text, { knobs: authoring, limits: defaultLoadLimits }))
  if (catalog === undefined) throw new Error("the document is sound")
  return catalog
}

/** A configuration with these members, as `serve` reads it. */
function configured(text = ""): Config {
  const whole = `registry: { source: file://./registry.json }\nservers: {}\n${text}`
  const parsed = parseConfig("/postern.yaml", whole, { KEY: "k" })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.config
}

const printedFor = (catalog: Catalog, config = configured()): string =>
  banner({
    config,
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

const jwt = "jwt: { issuer: https://i.example, audience: a, jwks: https://i.example/keys }"
const mtls = 'mtls: { agents: ["spiffe://example.org/{name}"] }'
const tls = (more: string) => `listen: { tls: { cert: ./c, key: "\${KEY}", ca: ./ca${more} } }`
test.each([
  ["a header", "", "--agent a@1"],
  ["a token", `identity: { ${jwt}, minTrust: verified }`, "--token VARIABLE"],
  [
    "a token where headers are for nobody",
    `identity: { ${jwt}, headers: { trustedFrom: [] } }`,
    "--token VARIABLE",
  ],
  ["a header where tokens are taken, too", `identity: { ${jwt} }`, "--agent a@1"],
  ["a certificate", `identity: { ${mtls} }\n${tls("")}`, "--cert FILE --key FILE"],
  [
    "a certificate, which none need show",
    `identity: { ${mtls}, minTrust: verified }\n${tls(", clientCert: request")}`,
    "--cert FILE --key FILE",
  ],
  [
    "a certificate that names no agent, beside a header",
    tls(""),
    "--agent a@1 --cert FILE --key FILE",
  ],
])("who calls is shown as the gateway takes it: by %s", (_, text, who) => {
  const catalog = sketchCatalog({ tools: { "one@1": {} }, agents: { "a@1": ["one@1"] } })
  expect(printedFor(catalog, configured(text))).toContain(`  postern call one ${who} --url U\n`)
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
