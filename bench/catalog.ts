// Row 4: a catalog of 500 servers, 10,000 tools and 1,000 agents: made, kept, and replaced under load.
import { renameSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { authoring } from "../src/registry/draft.ts"
import { defaultLoadLimits } from "../src/registry/limits.ts"
import { loadRegistry, toEnd } from "../src/registry/load.ts"
import { load } from "./load.ts"
import { start } from "./subject.ts"
import { agent, call, gateway } from "./world.ts"

/** As large as a company's: every tool has schemas of its own, as tools in the wild have. */
function largeRegistry({ servers = 500, tools = 10_000, agents = 1_000, note = "" } = {}): string {
  const perServer = tools / servers
  const tool = (i: number) => (i === 0 ? "search_documents" : `tool_${i}`)
  const serverOf = (i: number) => (i === 0 ? "docs" : `server-${Math.floor(i / perServer)}`)
  const properties = (i: number) =>
    Object.fromEntries(
      Array.from({ length: 8 }, (_, p) => [
        `field_${p}`,
        {
          type: p % 2 ? "string" : "integer",
          description: `The ${p}th field of tool ${i}, with a few words about it ${note}`,
        },
      ]),
    )
  const query = { type: "object", properties: { query: { type: "string" } }, required: ["query"] }
  const indices = Array.from({ length: tools }, (_, i) => i)
  const byServer = Map.groupBy(indices, serverOf)
  return JSON.stringify({
    schemaVersion: "2.0",
    schemas: [],
    servers: [...byServer].map(([name, members]) => ({
      name,
      version: "1.0.0",
      provides: members.map((i) => ({ tool: tool(i), version: "1.0.0" })),
    })),
    tools: indices.map((i) => ({
      name: tool(i),
      version: "1.0.0",
      description: `Tool number ${i}: finds what a caller looks for in source ${i} and says where it was found.`,
      source: { server: serverOf(i), serverVersion: "1.0.0", tool: tool(i) },
      inputSchema:
        i === 0 ? query : { type: "object", properties: properties(i), required: ["field_0"] },
      outputSchema: {
        type: "object",
        properties: { rows: { type: "array", items: { type: "object" } } },
      },
    })),
    agents: Array.from({ length: agents }, (_, a) =>
      agent(a === 0 ? "bench" : `agent-${a}`, [
        "search_documents",
        ...Array.from({ length: 10 }, (_, k) => tool(1 + ((a * 10 + k) % (tools - 1)))),
      ]),
    ),
  })
}

/** Time and memory of a catalog in this process, which does nothing else. */
export function measureLoad() {
  const text = largeRegistry()
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  const started = performance.now()
  const loaded = toEnd(loadRegistry(text, { knobs: authoring, limits: defaultLoadLimits }))
  const seconds = (performance.now() - started) / 1000
  const errors = loaded.problems.filter(({ severity }) => severity === "error")
  if (loaded.catalog === undefined) throw new Error(JSON.stringify(errors.slice(0, 3)))
  return {
    documentBytes: text.length,
    seconds,
    rssBytes: process.memoryUsage().rss - before,
    tools: loaded.catalog.tools.length,
  }
}

/** The registry file is replaced `reloads` times while calls go on. */
export async function measureReload({ reloads = 4, connections = 8 } = {}) {
  const portOf = /ready (\d+)\n/
  await using backend = await start(join(import.meta.dirname, "subjects/backend.ts"), [], {
    ready: portOf,
  })
  const backendPort = Number(backend.line)
  await using postern = await gateway({ backendPort, registry: largeRegistry() })
  const target = {
    ...call,
    port: postern.port,
    body: call.body.replace(/,"limit":5,"filters":\{[^}]*\}/, ""),
  }
  await load(target, { connections, seconds: 2 })
  await postern.usage() // forgets the longest delay so far
  const calm = await load(target, { connections, seconds: 2 })
  const calmUsage = await postern.usage()
  const running = load(target, { connections, seconds: reloads * 3 })
  for (let i = 0; i < reloads; i++) {
    const next = join(postern.folder, "next.json")
    writeFileSync(next, largeRegistry({ note: `edition ${i}` }))
    renameSync(next, join(postern.folder, "registry.json"))
    await new Promise((resolve) => setTimeout(resolve, 2_500))
  }
  const busy = await running
  return { calm, busy, calmUsage, busyUsage: await postern.usage() }
}
