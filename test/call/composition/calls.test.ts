import { describe, expect, test } from "vitest"
import type { AuditRecord } from "../../../src/call/audit.ts"
import {
  composed,
  fields,
  metaIn,
  pipeline,
  reading,
  runIn,
  step,
  takes,
  textIn,
  value,
  valueIn,
} from "../../support/composed.ts"
import { agentOf, toolDependency } from "../../support/registries.ts"

describe("a composition that is called", () => {
  const world = () =>
    composed({
      tools: { find: reading, store: {} },
      compositions: {
        keep: pipeline(
          step("find"),
          step("store", {
            input: fields({ what: { reference: { step: "find", path: "$.hits[0]" } } }),
          }),
        ),
      },
      backend: ({ name }) => value(name === "find" ? { hits: ["x", "y"] } : { id: 7 }),
    })

  test("makes its calls, and answers with what comes of them", async () => {
    const { call, requests } = world()
    const answer = await call("keep", { q: "birds" })
    expect(valueIn(answer)).toEqual({ id: 7 })
    expect(requests.map(({ name, params }) => [name, params["arguments"]])).toEqual([
      ["find", { q: "birds" }],
      ["store", { what: "x" }],
    ])
    expect(runIn(answer)).toMatchObject({
      status: "completed",
      steps: [
        { id: "find", status: "ok", attempts: 1 },
        { id: "store", status: "ok", attempts: 1 },
      ],
    })
  })

  test("is one record, and each of its calls another that leads back to it and to its caller", async () => {
    const { call, records } = world()
    const trace = {
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      spanId: "00f067aa0ba902b7",
      isSampled: true,
    }
    const answer = await call("keep", { q: "birds" }, { trace })
    const { id } = runIn(answer)
    expect(id).toMatch(/^[\w-]{30}$/)
    const [find, store, whole, ...others] = records
    expect(others).toEqual([])
    expect(whole).toMatchObject({
      kind: "call",
      target: { name: "keep", version: "1.0.0" },
      decision: "allow",
      outcome: "ok",
      note: { run: id, pattern: "pipeline" },
    })
    for (const [record, name] of [
      [find, "find"],
      [store, "store"],
    ] as const)
      expect(record).toMatchObject({
        kind: "step",
        trace: trace.traceId,
        method: "tools/call",
        remote: "127.0.0.1",
        caller: { name: "a", version: "1" },
        target: { name, version: "1.0.0" },
        server: { name: "s", version: "1.0.0" },
        decision: "allow",
        outcome: "ok",
        in: { bytes: expect.any(Number) },
        note: { parent: whole?.id, run: id, step: name, by: "keep@1.0.0" },
      })
    expect(new Set(records.map(({ id }) => id)).size).toBe(3)
  })

  test("keeps to the catalog that it was called with", async () => {
    const { call, gateway } = world()
    let asked = 0
    const { catalog } = gateway
    const counted = () => {
      asked++
      return catalog()
    }
    Object.assign(gateway, { catalog: counted })
    await call("keep", { q: "birds" })
    expect(asked).toBe(1)
  })

  test("announces the calls that may have an effect before it makes them", async () => {
    const { call, gateway, records } = world()
    Object.assign(gateway, { begins: "effects" })
    await call("keep", { q: "birds" })
    expect(records.map(({ kind, target }) => `${kind} ${target?.name}`)).toEqual([
      ...["step find", "begin store", "step store", "call keep"],
    ])
    expect(records[1]).toMatchObject({ id: records[2]?.id, note: { step: "store" } })
  })

  test("says of a call that could not be recorded that nobody knows what became of it", async () => {
    const { call, gateway } = world()
    const audit = ({ target, kind }: AuditRecord) => kind !== "step" || target?.name !== "store"
    Object.assign(gateway, { audit })
    expect(
      textIn(await call("keep", { q: "birds" }))
        .split("\n")
        .slice(0, 2),
    ).toEqual([
      "keep failed at step store (store@1.0.0): calls cannot be recorded now [journal]",
      "It is not known whether this happened: store. Look before trying again.",
    ])
  })

  test("does not call what cannot be recorded", async () => {
    const { call, gateway, requests } = world()
    Object.assign(gateway, { canAudit: () => requests.length === 0 })
    expect(textIn(await call("keep", {}))).toContain(
      "keep failed at step store (store@1.0.0): calls cannot be recorded now [journal]",
    )
    expect(requests).toHaveLength(1)
  })
})

describe("what a composition may call", () => {
  test("is what it depends on, whatever its caller may", async () => {
    const tools = { one: reading, other: reading }
    const { call } = composed({
      tools,
      compositions: {
        ask: {
          spec: { recipientList: { recipientsPath: "$.who", failOnError: true } },
          depends: [toolDependency("one")],
        },
      },
      agent: ["ask", "other"],
      levels: { undeclaredDependency: "allow" },
      backend: () => value([1]),
    })
    expect(valueIn(await call("ask", { who: ["one"] }))).toEqual([1])
    const answer = await call("ask", { who: ["other"] })
    expect(textIn(answer)).toMatch(/none of those declared \[denied\]/)
    expect(metaIn(answer)).toMatchObject({
      "dev.postern/refusal": { code: "undeclared_dependency" },
    })
    expect(valueIn(await call("other"))).toEqual([1])
  })

  test("its caller need not be allowed, and is not by calling it", async () => {
    const { call, requests } = composed({
      tools: { inner: {} },
      compositions: { outer: pipeline(step("inner")) },
      backend: () => value({}),
    })
    expect(valueIn(await call("outer"))).toEqual({})
    expect(await call("inner")).toMatchObject({
      kind: "refusal",
      refusal: { code: "undeclared_dependency" },
    })
    expect(requests).toHaveLength(1)
  })

  test("is what the one inside depends on, where it calls another composition", async () => {
    const { call, records } = composed({
      tools: { inner: reading },
      compositions: {
        middle: pipeline(step("inner")),
        outer: { spec: pipeline(step("middle")), depends: [toolDependency("middle")] },
      },
      agent: ["outer"],
      backend: () => value({ deep: true }),
    })
    expect(valueIn(await call("outer"))).toEqual({ deep: true })
    expect(records.map(({ kind, note }) => [kind, note?.["by"], note?.["step"]])).toEqual([
      ["step", "middle@1.0.0", "middle/inner"],
      ["call", undefined, undefined],
    ])
  })

  test("is found where a tool without a version stands for the version it depends on", async () => {
    const { call } = composed({
      tools: { old: { ...reading, version: undefined } },
      compositions: {
        c: { spec: pipeline(step("old")), depends: [toolDependency("old", "3.0.0")] },
      },
      backend: () => value({ n: 1 }),
    })
    expect(valueIn(await call("c"))).toEqual({ n: 1 })
  })

  test("may be a tool of a server past the registry, held to the server's contract", async () => {
    const { call, records, requests } = composed({
      tools: { a: reading },
      compositions: {
        past: pipeline({
          id: "raw",
          operation: { tool: { name: "raw", server: "far", serverVersion: "2.0.0" } },
        }),
      },
      more: {
        servers: [
          { name: "s", version: "1.0.0", provides: [{ tool: "a" }] },
          {
            name: "far",
            version: "2.0.0",
            provides: [{ tool: "raw", ...takes({ n: { type: "number" } }) }],
          },
        ],
      },
      backend: () => value({ far: true }),
    })
    expect(valueIn(await call("past", { n: 1 }))).toEqual({ far: true })
    expect(records[0]).toMatchObject({
      kind: "step",
      target: { name: "raw" },
      server: { name: "far", version: "2.0.0" },
    })
    expect(textIn(await call("past", { n: "one" }))).toContain("/n: expected number [input]")
    expect(requests).toHaveLength(1)
  })
})

describe("a call that a composition makes", () => {
  test("is validated, and what does not fit is told by its place alone", async () => {
    const { call, requests, records } = composed({
      tools: { strict: takes({ n: { type: "integer" } }) },
      // Nothing is said of `n` before it comes.
      compositions: { c: pipeline(step("strict", { input: fields({ n: { path: "$.n" } }) })) },
    })
    const text = textIn(await call("c", { n: "hush" }))
    expect(text.split("\n")[0]).toMatch(
      /^c failed at step strict \(strict@1\.0\.0\): its arguments do not fit: \/n: expected .*integer \[input\]$/,
    )
    expect(text).not.toContain("hush")
    expect(text).toContain("Nothing was changed.")
    expect(requests).toEqual([])
    expect(records).toMatchObject([
      { kind: "step", decision: "refuse", refusal: "invalid_input" },
      {
        kind: "call",
        decision: "allow",
        outcome: "tool_error",
        note: { failed: { step: "strict" } },
      },
    ])
  })

  test("gets the defaults of the tool, and may not set what it hides", async () => {
    const source = { server: "s", serverVersion: "1.0.0", tool: "t" }
    const tools = { t: { source: { ...source, defaults: { key: "k" }, hideFields: ["key"] } } }
    const { call, requests } = composed({
      tools,
      compositions: {
        plain: pipeline(step("t", { input: { constant: { q: 1 } } })),
        bold: pipeline(step("t", { input: { path: "$" } })),
      },
      backend: () => value({}),
    })
    await call("plain")
    expect(requests[0]?.params["arguments"]).toEqual({ key: "k", q: 1 })
    expect(textIn(await call("bold", { key: "mine" }))).toContain(
      "/key: expected no such field [input]",
    )
    expect(requests).toHaveLength(1)
  })

  test("whose result breaks the schema has failed, and was made all the same", async () => {
    const outputSchema = { type: "object", properties: { n: { type: "number" } }, required: ["n"] }
    const { call } = composed({
      tools: { t: { outputSchema } },
      compositions: { c: pipeline(step("t")) },
      levels: { outputValidation: "deny" },
      backend: () => value({ n: "hush" }),
    })
    expect(
      textIn(await call("c"))
        .split("\n")
        .slice(0, 2),
    ).toEqual([
      "c failed at step t (t@1.0.0): its result breaks its schema: /n [output]",
      "What was done before is not undone: t.",
    ])
  })

  test("that may have an effect carries a key, the same for each attempt", async () => {
    const source = { server: "s", serverVersion: "1.0.0" }
    const keyed = (tool: string, idempotency: object, more: object = {}) => ({
      source: { ...source, tool, idempotency, ...more },
    })
    let calls = 0
    const { call, requests } = composed({
      tools: {
        read: reading,
        meta: keyed("meta", { meta: true }),
        arg: {
          ...keyed("arg", { argument: "ref" }),
          ...takes({ ref: { type: "string" } }, { required: ["ref"] }),
        },
        hidden: keyed("hidden", { argument: "ref" }, { hideFields: ["ref"] }),
        own: keyed("own", { argument: "ref" }),
      },
      compositions: {
        c: pipeline(
          step("read"),
          step("meta"),
          ...["arg", "hidden"].map((id) => step(id, { input: { constant: {} } })),
          step("own", { input: { constant: { ref: "mine" } } }),
        ),
      },
      backend: ({ name }) =>
        name === "meta" && ++calls === 1
          ? {
              kind: "refusal",
              refusal: { code: "backend_unavailable", subject: "", reason: "", fate: "lost" },
            }
          : value({}),
    })
    const { id } = runIn(await call("c"))
    const sent = requests.map(({ name, meta, params }) => [
      name,
      meta?.["dev.postern/idempotencyKey"],
      Object(params["arguments"]).ref,
    ])
    expect(sent).toEqual([
      ["read", undefined, undefined],
      ["meta", `${id}/meta`, undefined],
      ["meta", `${id}/meta`, undefined],
      ["arg", `${id}/arg`, `${id}/arg`],
      ["hidden", `${id}/hidden`, `${id}/hidden`],
      ["own", `${id}/own`, "mine"],
    ])
  })

  test("carries the trace of its caller, the gateways behind it, and nothing else that was sent with the call", async () => {
    const { call, requests } = composed({
      tools: { t: reading },
      compositions: { c: pipeline(step("t")) },
      backend: () => value({}),
    })
    const meta = {
      traceparent: "00-1-2-01",
      secret: "mine",
      "dev.postern/idempotencyKey": "forged",
      "dev.postern/hops": 2,
    }
    await call("c", {}, { meta })
    expect(requests[0]?.meta).toEqual({ traceparent: "00-1-2-01", "dev.postern/hops": 3 })
  })

  test("of an agent is refused, and what can do without it goes on", async () => {
    const agents = [
      { ...agentOf("a", [toolDependency("c")]), version: "1" },
      agentOf("helper", [], { skills: [{ id: "think" }] }),
    ]
    const helper = { type: "agent", name: "helper", version: "1.0.0", skill: "think" }
    const { call } = composed({
      tools: { t: reading },
      compositions: {
        c: {
          spec: {
            scatterGather: {
              targets: [{ tool: "t" }, { agent: { name: "helper" } }],
              aggregation: { ops: [] },
            },
          },
          depends: [toolDependency("t"), helper],
        },
      },
      more: { agents },
      backend: () => value(1),
    })
    const answer = await call("c")
    expect(valueIn(answer)).toEqual([1])
    expect(metaIn(answer)["dev.postern/scatter"]).toMatchObject([
      { status: "ok" },
      { status: "failed", error: { code: "UNSUPPORTED", message: expect.stringContaining("A2A") } },
    ])
  })
})
