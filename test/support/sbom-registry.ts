import { agentOf, documentOf, type Mutable, sourceTool, toolDependency } from "./registries.ts"

/** Stands where no SBOM may look: in defaults, hidden fields, metadata, addresses, security schemes, extensions. */
export const canary = "c4n4ry-5f2e"

const query = {
  type: "object",
  properties: { query: { type: "string" }, limit: { type: "integer", default: 10 } },
  required: ["query"],
}

const ref = (name: string) => ({ $ref: `#${name}:1.0.0` })

/** A small registry with one of everything that an SBOM tells, and secrets wherever it must not look. */
export const shop = (): Mutable => ({
  schemaVersion: "2.0",
  description: "What the shop's agents may use",
  metadata: { updated: "2026-11-20", internal: canary },
  schemas: [
    { name: "Query", version: "1.0.0", description: "A question", schema: query },
    { name: "acme/Order", version: "1.0.0", schema: { type: "object" }, metadata: { x: canary } },
    { name: "Wish", version: "1.0.0", schema: { ...query, properties: { next: ref("Wish") } } },
    { name: "Loose", schema: { type: "object", properties: { order: ref("acme/Order") } } },
  ],
  servers: [
    {
      name: "catalog",
      version: "1.2.0",
      description: "Finds articles",
      metadata: {
        purl: `pkg:npm/%40acme/catalog@1.2.0?download_url=https://x:${canary}@acme.example/`,
        license: "MIT",
        supplier: {
          name: "Articles Ltd",
          url: `https://u:${canary}@articles.example/?k=${canary}`,
        },
        token: canary,
      },
      provides: [{ tool: "find", inputSchema: ref("Query") }, { tool: "find_v2" }],
    },
    {
      name: "catalog",
      version: "2.0.0-rc.1+build.5",
      metadata: {
        purl: "pkg:oci/catalog@sha256%3Aabc?repository_url=ghcr.io/acme/catalog",
        supplier: "Acme",
      },
      provides: [{ tool: "find" }],
    },
    { name: "orders", provides: [{ tool: "place" }, { tool: "drop" }] },
  ],
  tools: [
    {
      name: "find",
      version: "1.0.0",
      title: "Find",
      description: "Find articles",
      source: {
        server: "catalog",
        serverVersion: "1.2.0",
        tool: "find",
        defaults: { limit: 5, apiKey: `\${KEY:-${canary}}` },
        hideFields: ["apiKey"],
      },
      metadata: { license: "Apache-2.0 OR MIT", note: canary },
    },
    {
      name: "find",
      version: "2.0.0-rc.1",
      description: "Find articles, wherever they are",
      source: {
        tool: "find",
        servers: [
          { server: "catalog", serverVersion: "2.0.0-rc.1+build.5" },
          { server: "catalog", serverVersion: "1.2.0", tool: "find_v2" },
        ],
      },
      inputSchema: ref("Wish"),
    },
    {
      name: "place_order",
      version: "1.0.0",
      source: { server: "orders", tool: "place" },
      inputSchema: ref("acme/Order"),
      deprecated: true,
      deprecationMessage: "use buy",
      metadata: { license: "Shop terms, clause 4" },
    },
    {
      name: "buy",
      version: "1.0.0",
      description: "Find an article and order it",
      depends: [toolDependency("find"), toolDependency("place_order")],
      spec: {
        pipeline: {
          steps: [
            { id: "found", operation: { tool: "find" } },
            {
              id: "bought",
              operation: { tool: "place_order" },
              input: { constant: { a: canary } },
            },
          ],
        },
      },
      inputSchema: ref("Query"),
    },
    { name: "drop_order", source: { server: "orders", tool: "drop" } },
  ],
  agents: [
    agentOf(
      "shopper",
      [
        toolDependency("buy"),
        toolDependency("find", "2.0.0-rc.1"),
        { type: "agent", name: "acme/clerk", version: "3.1.4", skill: "advise" },
      ],
      {
        url: `https://u:${canary}@shopper.example/a2a?key=${canary}#${canary}`,
        metadata: {
          model: {
            name: "Great Model",
            version: "5",
            purl: "pkg:huggingface/acme/great@5",
            supplier: "Great AI",
          },
        },
        securitySchemes: { key: { type: "apiKey", in: "header", name: canary } },
        "x-internal": canary,
      },
    ),
    agentOf("acme/clerk", [], {
      version: "3.1.4",
      skills: [
        {
          id: "advise",
          name: "Advise",
          description: "Advises",
          tags: [],
          inputSchema: ref("Query"),
        },
      ],
      deprecated: true,
    }),
  ],
})

/** The same with words in metadata that no format takes as they are written. */
export function odd(): Mutable {
  const document = shop()
  const [server, other] = document.servers
  server.metadata = {
    purl: "not a purl",
    license: 'Terms\nof "use"',
    supplier: {
      name: "Acme (Germany)\n GmbH",
      email: "nobody",
      url: "https://x.example/a b|c%zz[1]?q",
    },
  }
  other.metadata = { supplier: { name: "Acme (Germany)", email: "a..b@acme.example" }, license: 7 }
  document.servers[2].metadata = { supplier: 5, purl: {}, license: "" }
  document.agents[0].url = "https://x.example/a|b[%zz"
  document.agents[0].metadata = { model: "Model of the house (2026) / β\u0007" }
  document.agents[1].url = `javascript:${canary}`
  document.agents[1].metadata = { model: { name: 7, version: "1" } }
  document.tools[2].deprecationMessage = "use\nbuy = now"
  return document
}

/** Names and versions at the edges of what a registry allows, among them some that SPDX would write alike. */
export function hostile(): Mutable {
  const names = [
    "__proto__",
    "constructor",
    "toString",
    "a-b",
    "a",
    "a.b",
    "a_b",
    "-",
    ".",
    "..",
    "_",
    "x".repeat(128),
    "registry",
    "unversioned",
    "DOCUMENT",
    "tool",
  ]
  const tools = names.flatMap((name) => [
    sourceTool(name, { version: "1" }),
    sourceTool(name, { version: "b-1" }),
    sourceTool(name, { version: "1.0.0-rc.1+a-b.c" }),
    sourceTool(name, { version: "unversioned" }),
  ])
  const agents = names.map((name) =>
    agentOf(name, [toolDependency(name, "b-1")], { version: `0${"y".repeat(127)}` }),
  )
  return documentOf(tools, { agents })
}

/** A registry with `count` tools on a tenth as many servers, and agents that use ten each. */
export function large(count: number): Mutable {
  const numbers = Array.from({ length: count }, (_, number) => number)
  const serverOf = (number: number) => `server-${number % Math.ceil(count / 10)}`
  const servers = [...new Set(numbers.map(serverOf))].map((name) => ({
    name,
    version: "1.0.0",
    provides: numbers.filter((number) => serverOf(number) === name).map((n) => ({ tool: `t${n}` })),
  }))
  return {
    schemaVersion: "2.0",
    schemas: [{ name: "Query", version: "1.0.0", schema: query }],
    servers,
    tools: numbers.map((number) => ({
      name: `tool_${number}`,
      version: "1.0.0",
      description: `Tool number ${number}`,
      source: { server: serverOf(number), serverVersion: "1.0.0", tool: `t${number}` },
      inputSchema: ref("Query"),
    })),
    agents: numbers
      .filter((number) => number % 10 === 0)
      .map((number) =>
        agentOf(
          `agent-${number}`,
          numbers.slice(number, number + 10).map((n) => toolDependency(`tool_${n}`)),
        ),
      ),
  }
}
