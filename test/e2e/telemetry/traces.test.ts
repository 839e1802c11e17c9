import { describe, expect, test } from "vitest"
import type { BackendCall } from "../../support/e2e-backend.ts"
import { callTool } from "../../support/e2e-gateway.ts"
import { until } from "../../support/e2e-process.ts"
import { as, ask, legacy, post, session } from "../../support/face-server.ts"
import {
  below,
  callersSpan,
  callersTrace,
  openWorld,
  parentIn,
  traceparent,
} from "../../support/traced-world.ts"

describe("a trace", () => {
  test("has a span of the call, its permit and each server that was asked, in both eras and over pipes", async () => {
    await using here = await openWorld()
    const { collector, gateway, old, seen, spans } = here
    const key = { name: "piped", arguments: { token: "hush-hush" } }
    await ask(gateway.port, "a@1.0.0", "tools/call", key)
    await ask(
      gateway.port,
      "a@1.0.0",
      "tools/call",
      { name: "search", arguments: { q: "hush-hush" } },
      { traceparent, tracestate: "vendor=1", baggage: "user=u1" },
    )
    const inSession = await session(gateway.port, "a@1.0.0")
    const aside = "00-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbbbbbbbbbbbbb-01"
    await post(
      gateway.port,
      legacy("tools/call", { name: "old", arguments: {}, _meta: { traceparent } }),
      { ...inSession, traceparent: aside },
    )

    const [piped] = (await spans("tools/call piped", 2)).filter(({ kind }) => kind === "server")
    const [pipe, ...others] = below(collector.spans, piped).filter(({ kind }) => kind === "client")
    expect(others).toEqual([])
    expect(pipe).toMatchObject({
      name: "tools/call piped",
      attributes: {
        "network.transport": "pipe",
        "mcp.protocol.version": "2026-07-28",
        "jsonrpc.request.id": expect.stringMatching(/./),
        "postern.server.name": "piped",
      },
    })
    expect(piped).toMatchObject({
      parentSpanId: undefined,
      links: [],
      resource: { "service.name": "postern" },
    })

    const [server] = (await spans("tools/call search", 2)).filter(({ kind }) => kind === "server")
    expect(server).toMatchObject({
      traceId: callersTrace,
      parentSpanId: callersSpan,
      traceState: "vendor=1",
      isFailed: false,
      attributes: {
        "mcp.method.name": "tools/call",
        "mcp.protocol.version": "2026-07-28",
        "jsonrpc.request.id": "1",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
        "network.transport": "tcp",
        "client.address": "127.0.0.1",
        "postern.agent.name": "a",
        "postern.agent.version": "1.0.0",
        "postern.trust": "asserted",
        "postern.decision": "allow",
        "postern.server.name": "modern",
      },
    })
    const [permit, client, ...more] = below(collector.spans, server)
    expect(more).toEqual([])
    expect(permit).toMatchObject({ name: "permit", kind: "internal", traceId: callersTrace })
    expect(client).toMatchObject({
      name: "tools/call search",
      kind: "client",
      attributes: {
        "server.address": "127.0.0.1",
        "server.port": here.modern.port,
        "network.protocol.name": "http",
        "mcp.protocol.version": "2026-07-28",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
      },
    })
    expect(Object.keys(server?.attributes ?? {})).not.toContain("mcp.session.id") // this era has none
    const [asked] = seen
    expect(parentIn(asked?.meta)).toEqual(["00", callersTrace, client?.spanId, "01"])
    expect(asked?.meta).toMatchObject({ tracestate: "vendor=1", baggage: "user=u1" })
    expect(asked?.headers).toMatchObject({
      traceparent: `00-${callersTrace}-${client?.spanId}-01`,
      tracestate: "vendor=1",
      baggage: "user=u1",
    })
    for (const span of [permit, client]) {
      expect(span?.startNanos).toBeGreaterThanOrEqual(server?.startNanos ?? 0n)
      expect(span?.endNanos).toBeLessThanOrEqual(server?.endNanos ?? 0n)
    }

    const [elder] = (await spans("tools/call old", 2)).filter(({ kind }) => kind === "server")
    expect(elder).toMatchObject({
      traceId: callersTrace,
      parentSpanId: callersSpan,
      links: [{ traceId: "a".repeat(32), spanId: "b".repeat(16) }],
    })
    const call = old.seen.find(({ message }) => message.method === "tools/call")
    const [own] = below(collector.spans, elder).filter(({ kind }) => kind === "client")
    expect(parentIn(call?.message.params?.["_meta"])).toEqual([
      "00",
      callersTrace,
      own?.spanId,
      "01",
    ])
    const sessions = [elder, ...(await spans("initialize"))].map((span) => span?.attributes)
    const name = sessions[0]?.["mcp.session.id"]
    expect(name).toMatch(/^[0-9a-f]{32}$/)
    for (const attributes of sessions)
      expect(attributes).toMatchObject({
        "mcp.session.id": name,
        "mcp.protocol.version": "2025-11-25",
        "jsonrpc.request.id": "1",
      })
    expect(own?.attributes).toMatchObject({
      "mcp.protocol.version": call?.headers["mcp-protocol-version"],
      "jsonrpc.request.id": call?.message.id,
    })

    const records = gateway.audit().filter(({ kind }) => kind === "call")
    expect(records.map(({ trace }) => trace)).toEqual([piped?.traceId, callersTrace, callersTrace])
    expect(collector.requests.map(({ text }) => text).join()).not.toContain("hush-hush")
    expect(collector.requests.map(({ text }) => text).join()).not.toContain(
      inSession["mcp-session-id"],
    )
  }, 60_000)

  test("says what went wrong, in codes and not in anybody's words", async () => {
    await using here = await openWorld()
    const { collector, gateway, spans } = here
    await callTool(gateway, "a@1.0.0", "shaky")
    await callTool(gateway, "a@1.0.0", "lost")
    await callTool(gateway, "a@1.0.0", "no-such-thing")
    await callTool(gateway, "stranger@1.0.0", "search", {}, { traceparent })

    const shaky = await spans("tools/call shaky", 2)
    const code = { "error.type": "-32077", "rpc.response.status_code": "-32077" }
    expect(shaky.map(({ isFailed, attributes }) => [isFailed, attributes])).toEqual([
      [true, expect.objectContaining(code)],
      [true, expect.objectContaining(code)],
    ])
    const lost = await spans("tools/call lost", 2)
    for (const { isFailed, attributes } of lost)
      expect([isFailed, attributes["error.type"]]).toEqual([true, "backend_unavailable"])
    const refused = await spans("tools/call", 2)
    expect(refused.map(({ attributes }) => attributes["error.type"])).toEqual([
      "unknown_tool",
      "unknown_caller",
    ])
    const permits = refused.flatMap((span) => below(collector.spans, span))
    expect(permits.map(({ name, isFailed }) => [name, isFailed])).toEqual([
      ["permit", true],
      ["permit", true],
    ])
    expect(collector.requests.map(({ text }) => text).join()).not.toContain("secret words")
  }, 60_000)

  test("has a span for each try of what is tried again", async () => {
    let tries = 0
    const shaky = (call: BackendCall) => {
      tries += 1
      if (tries === 1) call.response.destroy()
      else call.text("well")
    }
    await using here = await openWorld({ acts: { shaky }, retries: 1 })
    const { collector, gateway, seen, spans } = here
    await callTool(gateway, "a@1.0.0", "shaky", {}, { traceparent })
    const [server] = (await spans("tools/call shaky", 3)).filter(({ kind }) => kind === "server")
    expect(server?.isFailed).toBe(false)
    const attempts = below(collector.spans, server).filter(({ kind }) => kind === "client")
    expect(attempts.map(({ isFailed, spanId }) => [isFailed, spanId])).toEqual([
      [true, parentIn(seen[0]?.meta)[2]],
      [false, parentIn(seen[1]?.meta)[2]],
    ])
  }, 60_000)

  test("of a composition has a span of each step, and what was asked below it", async () => {
    await using here = await openWorld()
    const { collector, gateway, spans } = here
    await callTool(gateway, "a@1.0.0", "brief", {}, { traceparent })
    const [whole] = await spans("tools/call brief")
    const steps = below(collector.spans, whole).filter(({ name }) => name !== "permit")
    expect(
      steps.map(({ name, kind, attributes }) => [name, kind, attributes["postern.step"]]),
    ).toEqual([
      ["execute_tool search", "internal", "find"],
      ["execute_tool old", "internal", "check"],
    ])
    for (const step of steps) {
      const kinds = below(collector.spans, step).map(({ name, kind }) => `${kind} ${name}`)
      const tool = step.attributes["gen_ai.tool.name"]
      expect(kinds).toEqual(["internal permit", `client tools/call ${tool}`])
      expect(step.attributes).toMatchObject({
        "gen_ai.operation.name": "execute_tool",
        "postern.run.id": whole?.attributes["postern.run.id"],
        "postern.composition": "brief@1.0.0",
      })
    }
    expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([callersTrace]))
  }, 60_000)

  test("of a saga that a crash cut short is linked from the one that goes on with it", async () => {
    let isDeaf = true
    const acts = { pay: (call: BackendCall) => (isDeaf ? undefined : call.text("paid")) }
    await using here = await openWorld({ acts })
    const { collector, gateway, seen, spans } = here
    const cut = callTool(gateway, "a@1.0.0", "order", { id: "o-1" }, { traceparent }).catch(
      () => undefined,
    )
    await until(() => expect(seen).toHaveLength(1))
    gateway.running.child.kill("SIGKILL")
    await cut
    await gateway.running.exited
    isDeaf = false
    await using again = await here.restart()
    const [run] = await spans("run order")
    expect(run).toMatchObject({
      kind: "internal",
      parentSpanId: undefined,
      isFailed: false,
      links: [{ traceId: callersTrace }],
      attributes: { "postern.run.status": "completed", "gen_ai.tool.name": "order" },
    })
    expect(run?.traceId).not.toBe(callersTrace)
    const [step] = below(collector.spans, run)
    expect(step).toMatchObject({
      name: "execute_tool pay",
      attributes: { "postern.run.id": run?.attributes["postern.run.id"], "postern.step": "pay" },
    })
    const [, client] = below(collector.spans, step)
    expect(parentIn(seen[1]?.meta)).toEqual(["00", run?.traceId, client?.spanId, "01"])
    expect(again.audit().some(({ trace }) => trace === run?.traceId)).toBe(true)
  }, 60_000)
})

describe("the trace of a caller", () => {
  test("is linked and not gone on with where the caller is not known well enough", async () => {
    await using here = await openWorld({ telemetry: { traces: { minTrust: "verified" } } })
    const { gateway, seen, spans } = here
    await callTool(gateway, "a@1.0.0", "search", {}, { traceparent, tracestate: "vendor=1" })
    const [, server] = await spans("tools/call search", 2)
    expect(server).toMatchObject({
      kind: "server",
      parentSpanId: undefined,
      links: [{ traceId: callersTrace, spanId: callersSpan }],
    })
    expect(server?.traceId).not.toBe(callersTrace)
    expect(Object(seen[0]?.meta)).not.toHaveProperty("tracestate")
    expect(parentIn(seen[0]?.meta)[1]).toBe(server?.traceId)
  }, 60_000)

  test("has what its caller does not keep left out, and still goes on to servers", async () => {
    await using here = await openWorld()
    const { collector, gateway, seen, spans } = here
    const unkept = traceparent.replace(/01$/, "00")
    await callTool(gateway, "a@1.0.0", "search", {}, { traceparent: unkept })
    await callTool(gateway, "a@1.0.0", "brief", {}, as("a@1.0.0"))
    await spans("tools/call brief")
    expect(collector.spans.some(({ traceId }) => traceId === callersTrace)).toBe(false)
    const [version, trace, span, flags] = parentIn(seen[0]?.meta)
    expect([version, trace, flags]).toEqual(["00", callersTrace, "00"])
    expect(span).not.toBe(callersSpan)
  }, 60_000)
})
