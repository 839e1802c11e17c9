import { join } from "node:path"
import type { JsonObject } from "../../src/schema/json.ts"
import { serveLegacy } from "./backend-http.ts"
import { type CollectedSpan, openCollector } from "./collector.ts"
import { type BackendCall, openBackend } from "./e2e-backend.ts"
import { startGateway } from "./e2e-gateway.ts"
import { project, until } from "./e2e-process.ts"
import { agentOf, sourceTool, toolDependency } from "./registries.ts"

const from = (name: string, server: string, tool: string, readOnlyHint = true) =>
  sourceTool(name, { source: { server, tool }, annotations: { readOnlyHint } })
const shown = ["search", "old", "piped", "shaky", "lost", "brief", "order"]
const provided = { modern: ["search", "shaky", "lost", "pay"], legacy: ["echo"], piped: ["echo"] }

const registry = JSON.stringify({
  schemaVersion: "2.0",
  servers: Object.entries(provided).map(([name, tools]) => ({
    name,
    version: "1.0.0",
    provides: tools.map((tool) => ({ tool })),
  })),
  tools: [
    from("search", "modern", "search"),
    from("shaky", "modern", "shaky"),
    from("lost", "modern", "lost"),
    from("old", "legacy", "echo"),
    from("piped", "piped", "echo"),
    from("pay", "modern", "pay", false),
    {
      name: "brief",
      version: "1.0.0",
      description: "Search, then ask the old server.",
      inputSchema: { type: "object" },
      depends: [toolDependency("search"), toolDependency("old")],
      spec: {
        pipeline: {
          steps: [
            { id: "find", operation: { tool: "search" } },
            { id: "check", operation: { tool: "old" }, input: { constant: {} } },
          ],
        },
      },
    },
    {
      name: "order",
      version: "1.0.0",
      description: "Pay.",
      inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
      depends: [toolDependency("pay")],
      spec: {
        saga: {
          sagaIdPath: "$.id",
          steps: [{ id: "pay", action: { tool: "pay" }, onUnknown: "retry" }],
        },
      },
    },
  ],
  agents: [
    agentOf(
      "a",
      shown.map((name) => toolDependency(name)),
      { version: "1.0.0" },
    ),
  ],
})

/** Of the caller whose trace the tests hand in. */
export const callersTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
export const callersSpan = "00f067aa0ba902b7"
export const traceparent = `00-${callersTrace}-${callersSpan}-01`

interface Options {
  readonly acts?: Readonly<Record<string, (call: BackendCall) => void>>
  readonly telemetry?: JsonObject
  readonly retries?: number
  readonly env?: Readonly<Record<string, string>>
}

/** The whole gateway before servers of both eras, and a collector. */
export async function openWorld({
  acts = {},
  telemetry = {},
  env = {},
  retries = 0,
}: Options = {}) {
  const collector = await openCollector()
  const seen: BackendCall[] = []
  const heard = (act: (call: BackendCall) => void) => (call: BackendCall) => {
    seen.push(call)
    act(call)
  }
  const usual = {
    search: (call: BackendCall) => call.text("found"),
    pay: (call: BackendCall) => call.text("paid"),
    shaky: (call: BackendCall) => call.send({ error: { code: -32077, message: "secret words" } }),
    lost: (call: BackendCall) => call.response.destroy(),
    ...acts,
  }
  const modern = await openBackend(
    Object.fromEntries(Object.entries(usual).map(([name, act]) => [name, heard(act)])),
  )
  const old = await serveLegacy()
  const config = {
    telemetry: { endpoint: collector.url, metrics: { enabled: false }, ...telemetry },
    limits: { spanDelay: "30ms", runHold: "20s" },
    state: { runs: "sqlite:./runs.db" },
  }
  const sketch = {
    registry,
    env,
    servers: {
      "modern:1.0.0": { url: modern.url, retries },
      "legacy:1.0.0": { url: old.url, era: "legacy" },
      "piped:1.0.0": {
        command: "node",
        args: [join(project, "test/support/e2e-child.ts")],
        era: "modern",
      },
    },
    config,
  }
  const gateway = await startGateway(sketch)
  return {
    collector,
    gateway,
    seen,
    old,
    modern,
    restart: () => startGateway({ ...sketch, folder: gateway.folder }),
    /** Waits until so many spans of that name are there. */
    spans: (name: string, count = 1) =>
      until(() => {
        const found = collector.spans.filter((span) => span.name === name)
        if (found.length < count) throw new Error(`${found.length} of ${name}`)
        return found
      }),
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await modern[Symbol.asyncDispose]()
      await collector[Symbol.asyncDispose]()
    },
  }
}

/** In the order in which they began. */
export const below = (spans: readonly CollectedSpan[], parent: CollectedSpan | undefined) =>
  spans
    .filter(({ parentSpanId }) => parentSpanId === parent?.spanId)
    .sort((a, b) => Number(a.startNanos - b.startNanos))

export const parentIn = (meta: unknown) => String(Object(meta)["traceparent"]).split("-")
