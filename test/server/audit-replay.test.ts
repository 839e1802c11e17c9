import { describe, expect, test } from "vitest"
import { plainRule, plainRules, type ServerRule } from "../../src/call/server-rules.ts"
import type { AuditEntry } from "../../src/server/audit/entry.ts"
import { type Judgement, replay } from "../../src/server/audit/replay.ts"
import { ReplayCount } from "../../src/server/audit/replay-count.ts"
import { UsageCount } from "../../src/server/audit/usage.ts"
import { defaults } from "../../src/server/config/defaults.ts"
import {
  agentOf,
  documentOf,
  load,
  type Mutable,
  sourceTool,
  toolDependency,
} from "../support/registries.ts"

const composition = (
  version: string,
  depends: readonly object[],
  tool: object = { choose: { path: "$.tool" } },
) => ({
  name: "whole",
  version,
  depends,
  spec: { pipeline: { steps: [{ id: "call", operation: { tool } }] } },
})
const agent = (name: string, version: string, ...depends: readonly string[]) => ({
  ...agentOf(
    name,
    depends.map((tool) => toolDependency(tool)),
  ),
  version,
})

function judgement(document: Mutable, more: Partial<Judgement> = {}): Judgement {
  const { catalog, details, problems } = load(document)
  if (catalog === undefined || details === undefined) throw new Error(JSON.stringify(problems))
  return {
    catalog,
    details,
    levels: defaults,
    identity: {
      minTrust: "asserted",
      onConflict: "deny",
      unknownCaller: "deny",
      clientInfo: false,
    },
    rules: plainRules,
    ...more,
  }
}

/** A call of `echo` by the agent `a@1.0.0`, known from a header. */
const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  file: "audit.jsonl",
  line: 1,
  seq: 1,
  time: "2026-11-21T05:00:00.000Z",
  kind: "call",
  id: "1",
  method: "tools/call",
  remote: "127.0.0.1",
  caller,
  target: { type: "tool", name: "echo", version: "1.0.0" },
  server: { name: "s", version: "1.0.0" },
  decision: "allow",
  refusal: undefined,
  reason: undefined,
  warnings: [],
  outcome: "ok",
  catalog: undefined,
  note: {},
  ...more,
})
const caller = {
  name: "a",
  version: "1.0.0",
  trust: "asserted",
  by: ["header"],
  issuer: undefined,
  subject: undefined,
  onBehalfOf: undefined,
} satisfies AuditEntry["caller"]

const echo = sourceTool("echo")
const plain = documentOf([echo], { agents: [agent("a", "1.0.0", "echo")] })

describe("who called is found as it was identified", () => {
  test("a version that was assumed is assumed again, and is ambiguous where there are several", () => {
    const assumed = entry({ warnings: ["version_assumed"] })
    const one = documentOf([echo], { agents: [agent("a", "2.0.0", "echo")] })
    expect(replay(assumed, judgement(one))).toEqual({ would: "allow", to: "1.0.0" })
    expect(replay(entry(), judgement(one))).toMatchObject({ code: "unknown_caller" })
    const two = documentOf([echo], {
      agents: [agent("a", "2.0.0", "echo"), agent("a", "3.0.0", "echo")],
    })
    expect(replay(assumed, judgement(two))).toMatchObject({ code: "unknown_caller" })
  })

  test("the trust that is asked for may be more than it was", () => {
    const strict = {
      minTrust: "verified",
      onConflict: "deny",
      unknownCaller: "deny",
      clientInfo: false,
    } as const
    expect(replay(entry(), judgement(plain, { identity: strict }))).toMatchObject({
      code: "insufficient_trust",
    })
  })

  test("callers that nobody registered are let in only where configuration and document do", () => {
    const nobody = entry({
      caller: { ...caller, name: undefined, version: undefined, trust: "anonymous", by: [] },
    })
    expect(replay(nobody, judgement(plain))).toMatchObject({ code: "unknown_caller" })
    const lenient = {
      levels: { ...defaults, unknownCaller: "warn" },
      identity: {
        minTrust: "asserted",
        onConflict: "deny",
        unknownCaller: "warn",
        clientInfo: false,
      },
    } as const
    expect(replay(nobody, judgement(plain, lenient))).toEqual({ would: "allow", to: "1.0.0" })
    const closed = judgement({ ...plain, unknownCallerPolicy: "denyAll" }, lenient)
    expect(replay(nobody, closed)).toMatchObject({ code: "unknown_caller" })
  })

  test("evidence of a kind that is not known here, and records without a caller or a target, are undecided", () => {
    for (const one of [
      entry({ caller: { ...caller, by: ["palmistry"] } }),
      entry({ caller: { ...caller, trust: "blind" } }),
      entry({ caller: undefined }),
      entry({ target: undefined }),
    ])
      expect(replay(one, judgement(plain))).toMatchObject({ would: "undecided" })
  })
})

describe("what was called is put to the gateway's own permit", () => {
  test("a tool that a server exposed is undecided, until somebody registers the name", () => {
    const exposed = entry({
      warnings: ["exposed"],
      target: { type: "tool", name: "loose", version: undefined },
    })
    expect(replay(exposed, judgement(plain))).toMatchObject({ would: "undecided" })
    const registered = documentOf([echo, sourceTool("loose")], {
      agents: [agent("a", "1.0.0", "echo")],
    })
    expect(replay(exposed, judgement(registered))).toMatchObject({ code: "undeclared_dependency" })
  })

  test("a step is judged by its composition: the version that called, else the one that the caller would get", () => {
    const step = entry({ kind: "step", note: { by: "whole@1.0.0" } })
    const with_ = (version: string, ...inner: readonly string[]) =>
      documentOf(
        [
          echo,
          sourceTool("other"),
          composition(
            version,
            inner.map((name) => toolDependency(name)),
          ),
        ],
        {
          agents: [
            { ...agent("a", "1.0.0"), ...agentOf("a", [{ type: "tool", name: "whole", version }]) },
          ],
        },
      )
    expect(replay(step, judgement(with_("1.0.0", "echo")))).toEqual({ would: "allow", to: "1.0.0" })
    expect(replay(step, judgement(with_("2.0.0", "echo")))).toEqual({ would: "allow", to: "1.0.0" })
    expect(replay(step, judgement(with_("2.0.0", "other")))).toMatchObject({
      code: "undeclared_dependency",
      reason: "whole@2.0.0 does not depend on echo@1.0.0",
    })
    // Neither rights of the caller nor levels widen it.
    const levels = { ...defaults, undeclaredDependency: "allow" } as const
    expect(replay(step, judgement(with_("1.0.0", "other"), { levels }))).toMatchObject({
      would: "refuse",
    })
    expect(replay(step, judgement(plain))).toMatchObject({ would: "not_run" })
    expect(replay({ ...step, note: { cut: true } }, judgement(plain))).toMatchObject({
      would: "undecided",
    })
  })

  test("a call past the registry stands as long as its composition makes it", () => {
    const direct = entry({
      kind: "step",
      note: { by: "whole@1.0.0" },
      target: { type: "tool", name: "raw", version: undefined },
    })
    const calling = (tool: string) => ({
      ...documentOf([
        echo,
        composition("1.0.0", [], { server: "s", serverVersion: "1.0.0", name: tool }),
      ]),
      servers: [
        {
          name: "s",
          version: "1.0.0",
          provides: ["raw", "cooked", "echo"].map((one) => ({ tool: one })),
        },
      ],
      agents: [agent("a", "1.0.0", "whole")],
    })
    expect(replay(direct, judgement(calling("raw")))).toMatchObject({ would: "allow" })
    expect(replay(direct, judgement(calling("cooked")))).toMatchObject({ would: "refuse" })
  })

  test("resources and prompts go with the servers that are reached", () => {
    const read = entry({
      kind: "request",
      method: "resources/read",
      target: { type: "resource", name: "file:///a", version: undefined },
    })
    expect(replay(read, judgement(plain))).toMatchObject({ would: "allow" })
    const none = documentOf([echo], { agents: [agent("a", "1.0.0")] })
    expect(replay(read, judgement(none))).toMatchObject({ code: "unknown_resource" })
    const shut: ServerRule = { ...plainRule, resources: "none", prompts: "none" }
    const rules = { ...plainRules, of: () => shut }
    expect(replay(read, judgement(plain, { rules }))).toMatchObject({ code: "unknown_resource" })
    const prompt = { ...read, target: { type: "prompt", name: "p", version: undefined } }
    expect(replay(prompt, judgement(plain, { rules }))).toMatchObject({ code: "unknown_prompt" })
  })
})

describe("what is kept of an audit", () => {
  test("has an end, whoever invents names; nothing that would be refused is left uncounted", () => {
    const count = new ReplayCount(judgement(documentOf([echo], { agents: [agent("a", "1.0.0")] })))
    for (let n = 0; n < 60_000; n++)
      count.add(entry({ target: { type: "tool", name: `t${n}`, version: undefined } }))
    const { refused } = count.replayed()
    expect(refused.count).toBe(60_000)
    expect(refused.rows.length).toBe(50_000)
  })

  test("what only one tool gives is named where it was used", () => {
    const { catalog } = judgement(
      documentOf([echo, sourceTool("spare")], { agents: [agent("a", "1.0.0", "spare")] }),
    )
    const usage = new UsageCount(catalog)
    usage.add(
      entry({
        kind: "request",
        target: { type: "resource", name: "file:///a", version: undefined },
      }),
    )
    usage.add(entry({ kind: "begin", decision: "note" }))
    usage.add(entry({ kind: "step", note: { by: "__proto__@1" } }))
    const { agents, compositions } = usage.usage()
    expect(agents).toMatchObject([
      { name: "a", unused: [{ name: "spare", gives: [{ name: "s", count: 1 }] }] },
    ])
    expect(compositions).toMatchObject([
      { name: "__proto__", isRegistered: false, used: [{ name: "echo" }] },
    ])
  })
})
