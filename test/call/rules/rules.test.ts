import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Caller } from "../../../src/call/caller.ts"
import { visibleTools } from "../../../src/call/list.ts"
import { permit, permitInside, reachOf } from "../../../src/call/permit.ts"
import { plainRule, plainRules } from "../../../src/call/server-rules.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { sketchCatalog } from "../../support/catalog.ts"
import { strict } from "../../support/gateway.ts"
import { type RuleSketch, rulesOf } from "../../support/rules.ts"

const catalog = sketchCatalog({
  tools: {
    "read@1": { annotations: { readOnlyHint: true }, server: "docs@1.0.0" },
    "write@1": { tags: ["effects"], server: "docs@1.0.0" },
    "wipe@1": { tags: ["effects", "destructive"], server: "files@2.0.0" },
    "all@1": { composition: true },
  },
  agents: { "a@1": ["read@1", "write@1", "wipe@1", "all@1"], "b@1": ["read@1"] },
})

const callerOf = (name: string, more: Partial<Caller> = {}): Caller => ({
  name,
  version: "1",
  agent: catalog.agents.find((agent) => agent.name === name),
  trust: "asserted",
  by: ["header"],
  scopes: [],
  claims: {},
  challenge: false,
  remote: "127.0.0.1",
  warnings: [],
  principal: name,
  ...more,
})
const a = callerOf("a")
const withToken = (more: Partial<Caller>) =>
  callerOf("a", { trust: "verified", by: ["jwt"], tokenSays: "hash", ...more })

const under = (...rules: readonly RuleSketch[]) => ({ ...strict, toolRules: rulesOf(...rules) })
const listed = (caller: Caller, levels: ReturnType<typeof under>) =>
  visibleTools(catalog, caller, levels).map(({ name }) => name)

/** What becomes of a call: `ok` with its warnings, or the refusal. */
function ask(
  levels: ReturnType<typeof under>,
  tool: string,
  args: JsonObject | undefined = {},
  caller: Caller = a,
) {
  const answer = permit(catalog, caller, tool, levels, args)
  return answer.ok ? ["ok", ...answer.value.warnings].join(" ") : answer.refusal
}

describe("a rule that needs no arguments", () => {
  test("takes a tool away from the list and from calls alike, and nothing else", () => {
    const levels = under({ match: { tags: ["destructive"] }, deny: true, reason: "not here" })
    expect(ask(levels, "wipe")).toEqual({
      code: "denied_by_rule",
      tool: "wipe",
      reason: "rule r0: denied: not here",
    })
    expect(listed(a, levels)).toEqual(["all", "read", "write"])
    expect(ask(levels, "write")).toBe("ok")
  })

  test("means tools by name and version, agent, server, tag and effect", () => {
    const hides = (match: RuleSketch["match"]) => {
      const left = listed(a, under({ ...(match && { match }), deny: true }))
      return ["all", "read", "wipe", "write"].filter((name) => !left.includes(name)).join(" ")
    }
    expect(hides({ tool: "w*" })).toBe("wipe write")
    expect(hides({ tool: ["read@1", "write@2"] })).toBe("read")
    expect(hides({ agent: "a@1" })).toBe("all read wipe write")
    expect(hides({ agent: ["b", "a@2"] })).toBe("")
    expect(hides({ server: "docs" })).toBe("read write")
    expect(hides({ server: "files@2.*" })).toBe("wipe")
    expect(hides({ annotations: { readOnlyHint: false } })).toBe("all wipe write")
    expect(hides({ annotations: { destructiveHint: true }, server: "docs" })).toBe("write")
    expect(hides(undefined)).toBe("all read wipe write")
  })

  test("asks for trust, claims and scopes; who lacks scopes alone is told which", () => {
    const levels = under({
      match: { tool: "write" },
      require: {
        trust: "verified",
        scopes: ["docs:write", "docs:read"],
        claims: { team: ["x", "y"] },
      },
    })
    const claims = { team: ["z", "y"] }
    expect(ask(levels, "write")).toMatchObject({
      code: "denied_by_rule",
      reason:
        "rule r0: needs trust verified (it has asserted), claim team to be x or y, scopes docs:write docs:read",
    })
    const scopeless = withToken({ claims, scopes: ["docs:read"] })
    expect(ask(levels, "write", {}, scopeless)).toMatchObject({
      scopes: ["docs:write", "docs:read"],
    })
    expect(ask(levels, "write", {}, withToken({ claims: { team: "q" } }))).not.toHaveProperty(
      "scopes",
    )
    const fine = withToken({ claims, scopes: ["docs:read", "docs:write"] })
    expect(ask(levels, "write", {}, fine)).toBe("ok")
    expect(listed(fine, levels)).toEqual(["all", "read", "wipe", "write"])
    expect(listed(scopeless, levels)).toEqual(["all", "read", "wipe"])
  })

  test("takes with a server's last tool the server's resources and prompts, too", () => {
    const reach = (...rules: readonly RuleSketch[]) =>
      reachOf(catalog, a, under(...rules), plainRules).map(({ server }) => server.name)
    expect(reach()).toEqual(["docs", "files"])
    expect(reach({ match: { tool: "wipe" }, deny: true })).toEqual(["docs"])
    expect(reach({ match: { tool: "write" }, deny: true })).toEqual(["docs", "files"])
    expect(reach({ deny: 'caller.trust != "verified"' })).toEqual([])
  })

  test("takes them also of a server that exposes what is not registered, whether or not its tools are known", () => {
    const [docs, files] = catalog.servers
    const exposed = [docs, files].filter((server) => server !== undefined)
    const expose = { prefix: undefined, to: ["*"] }
    const open = { ...plainRules, of: () => ({ ...plainRule, expose }), exposed }
    const reach = (caller: Caller, ...rules: readonly RuleSketch[]) =>
      reachOf(catalog, caller, under(...rules), open).map(({ server }) => server.name)
    const b = callerOf("b") // of whom docs has the tool `read`, and files none
    expect(reach(b)).toEqual(["docs", "files"])
    expect(reach(b, { match: { server: "files" }, deny: true })).toEqual(["docs"])
    expect(reach(b, { match: { server: "files" }, require: { trust: "verified" } })).toEqual([
      "docs",
    ])
    expect(reach(b, { match: { server: "files", agent: "a" }, deny: true })).toHaveLength(2)
    expect(reach(b, { match: { server: "files" }, deny: "args.x == 1" })).toHaveLength(2)
    expect(reach(b, { match: { server: "files" }, deny: true, enforce: false })).toHaveLength(2)
    expect(reach(b, { match: { tags: ["destructive"] }, deny: true })).toHaveLength(2)
    expect(reach(b, { match: { tool: "read" }, deny: true })).toEqual(["files"])
    expect(reach(a, { match: { tool: "read" }, deny: true })).toHaveLength(2) // `write` is left
    expect(reach(a, { match: { tool: "wipe" }, deny: true })).toEqual(["docs"])
  })

  test("gives the same array to all who are shown the same: lists are printed once", () => {
    const levels = under({ match: { tool: "write" }, require: { trust: "verified" } })
    const [one, other] = [withToken({}), withToken({ principal: "other" })]
    expect(visibleTools(catalog, one, levels)).toBe(visibleTools(catalog, other, levels))
    expect(visibleTools(catalog, one, levels)).not.toBe(visibleTools(catalog, a, levels))
  })
})

describe("row 52: rules that look at arguments", () => {
  const bulk = under({
    match: { tool: "read" },
    deny: "has(args.limit) && args.limit > 100",
    message: "read at most 100 at once",
  })

  test("refuse the call and say what would do; the list is unaffected", () => {
    expect(ask(bulk, "read", { limit: 101 })).toMatchObject({
      code: "denied_by_rule",
      words: "read at most 100 at once",
    })
    expect(ask(bulk, "read", { limit: 100 })).toBe("ok")
    expect(ask(bulk, "read", {})).toBe("ok")
    expect(listed(a, bulk)).toContain("read")
  })

  test("an error in evaluation denies: null, a missing key, another type, an error inside", () => {
    for (const args of [{ limit: null }, { limit: "5" }, { limit: [] }, { limit: { a: 1 } }])
      expect(ask(bulk, "read", args)).toMatchObject({
        reason: "rule r0: its condition cannot be evaluated",
      })
    const careless = under({ deny: "args.limit > 100" })
    expect(ask(careless, "read", {})).toMatchObject({ code: "denied_by_rule" })
  })

  test('only true is true: the text "true" satisfies nothing', () => {
    const asked = under({ require: { condition: "args.ok" } })
    expect(ask(asked, "read", { ok: true })).toBe("ok")
    for (const ok of ["true", 1, null, [true], false])
      expect(ask(asked, "read", { ok })).toMatchObject({ code: "denied_by_rule" })
    expect(ask(asked, "read", {})).toMatchObject({ code: "denied_by_rule" })
  })

  test("compare arguments with what the caller's token says", () => {
    const own = under({ require: { condition: "args.tenant == caller.claims.tenant" } })
    const caller = withToken({ claims: { tenant: "acme" } })
    expect(ask(own, "read", { tenant: "acme" }, caller)).toBe("ok")
    expect(ask(own, "read", { tenant: "other" }, caller)).toMatchObject({ code: "denied_by_rule" })
    expect(ask(own, "read", { tenant: "acme" })).toMatchObject({ code: "denied_by_rule" })
  })

  test("`matches` is refused, and so is what there is not, when the configuration is read", () => {
    const said = (deny: string) => () => rulesOf({ deny })
    expect(said('args.q.matches("(a+)+$")')).toThrow(/matches\(\) is not available/)
    expect(said("caller.naem == 1")).toThrow("at character 8: No such key: naem")
    expect(said("arg.limit > 1")).toThrow("at character 1: Unknown variable: arg")
    expect(said("caller.trust > 1")).toThrow(/no such overload/)
    expect(said("1 +")).toThrow(/at character 4/)
    expect(said("size(args)")).toThrow("a condition is true or false, and this is int")
    expect(said("caller.claims.taem == 1")).toThrow("claim taem is not in callerClaims")
    expect(said("args.all(a, args.all(b, args.all(c, true)))")).toThrow(/comprehensions/)
    expect(() => rulesOf({ deny: true, message: "never told" })).toThrow(
      /no condition of this rule looks at args/,
    )
    expect(() => rulesOf({ id: "x", deny: true }, { id: "x", deny: true })).toThrow(/earlier rule/)
  })

  test("what hides a tool is not undone by what would only refuse arguments", () => {
    const both = under(
      { deny: "args.limit > 1", message: "less" },
      { match: { tool: "read" }, deny: true },
    )
    expect(ask(both, "read", { limit: 5 })).not.toHaveProperty("words")
  })

  test("what may take long for what was sent is not begun, and denies", () => {
    const square = under({ deny: "args.xs.exists(x, args.ys.exists(y, x == y))" })
    const many = Array.from({ length: 20_000 }, (_, index) => index)
    expect(ask(square, "read", { xs: many, ys: many })).toMatchObject({ code: "denied_by_rule" })
    expect(ask(square, "read", { xs: [1], ys: [2] })).toBe("ok")
  })
})

describe("a rule that is only tried out", () => {
  test("refuses nothing, hides nothing, and is told to the audit", () => {
    const levels = under(
      { id: "later", match: { tool: "read" }, deny: true, enforce: false },
      { id: "args", deny: "has(args.x)", enforce: false },
    )
    expect(ask(levels, "read", { x: 1 })).toBe("ok would_deny: later would_deny: args")
    expect(ask(levels, "write", { x: 1 })).toBe("ok would_deny: args")
    expect(listed(a, levels)).toEqual(["all", "read", "wipe", "write"])
  })
})

describe("calls inside compositions", () => {
  const authority = {
    tool: { name: "all", version: "1" },
    depends: [{ type: "tool", name: "write", version: "1" } as const],
  }
  const target = { kind: "tool", name: "write", version: "1" } as const
  const inside = (levels: ReturnType<typeof under>, args: JsonObject = {}, caller = a) => {
    const answer = permitInside(catalog, caller, authority, target, levels, args)
    return answer.ok ? "ok" : answer.refusal.code
  }

  test("are judged for the caller of the whole: what it may not call, nobody calls for it", () => {
    const levels = under({ match: { tool: "write", agent: "a" }, deny: true })
    expect(inside(levels)).toBe("denied_by_rule")
    expect(inside(levels, {}, callerOf("b"))).toBe("ok")
    expect(inside(under({ deny: "args.n > 1" }), { n: 2 })).toBe("denied_by_rule")
  })

  test("can be told apart: a tool may be for compositions alone", () => {
    const levels = under({ match: { tool: "write" }, deny: 'via == ""' })
    expect(inside(levels)).toBe("ok")
    expect(ask(levels, "write")).toMatchObject({ code: "denied_by_rule" })
    expect(listed(a, levels)).not.toContain("write")
    expect(inside(under({ deny: 'via == "all@1"' }))).toBe("denied_by_rule")
  })
})

describe("for any rules", () => {
  const names = ["read", "write", "wipe", "all"]
  const condition = fc.constantFrom(
    "args.n > 1",
    "has(args.n)",
    'caller.trust == "verified"',
    '"s" in caller.scopes',
    'caller.claims.team == "x"',
    "tool.annotations.readOnlyHint",
    'via == ""',
    "args.n",
  )
  const rule: fc.Arbitrary<RuleSketch> = fc
    .record({
      tool: fc.constantFrom("*", "w*", ...names),
      effect: fc.oneof(
        fc.constant({ deny: true } as const),
        condition.map((deny) => ({ deny })),
        condition.map((one) => ({ require: { condition: one } })),
        fc.constantFrom<RuleSketch>(
          { require: { trust: "verified" } },
          { require: { scopes: ["s"] } },
          { require: { claims: { team: "x" } } },
        ),
      ),
      enforce: fc.boolean(),
    })
    .map(({ tool, effect, enforce }) => ({ match: { tool }, enforce, ...effect }))
  const rules = fc.array(rule, { maxLength: 6 })
  const caller = fc
    .record({
      name: fc.constantFrom("a", "b"),
      trust: fc.constantFrom("asserted" as const, "verified" as const),
      scopes: fc.subarray(["s", "t"]),
      claims: fc.constantFrom<JsonObject>({}, { team: "x" }, { team: ["x"] }, { team: null }),
    })
    .map(({ name, ...more }) => callerOf(name, more))
  const args = fc.dictionary(fc.constantFrom("n", "m"), fc.jsonValue() as fc.Arbitrary<never>)

  test("callable is listed, listed and not about arguments is callable, and nothing is widened", () => {
    fc.assert(
      fc.property(rules, caller, args, (written, who, given) => {
        const levels = under(...written)
        const shown = listed(who, levels)
        const plain = visibleTools(catalog, who, strict).map(({ name }) => name)
        expect(plain).toEqual(expect.arrayContaining(shown))
        for (const name of names) {
          const answer = permit(catalog, who, name, levels, given)
          if (answer.ok) expect(shown).toContain(name)
          if (!shown.includes(name) || answer.ok) continue
          expect(answer.refusal).toMatchObject({
            code: "denied_by_rule",
            words: expect.any(String),
          })
        }
      }),
    )
  })

  test("a further rule never adds a tool, and the answer is the same each time", () => {
    fc.assert(
      fc.property(rules, rule, caller, (written, more, who) => {
        const before = listed(who, under(...written))
        const after = listed(who, under(...written, more))
        expect(before).toEqual(expect.arrayContaining(after))
        expect(listed(who, under(...written, more))).toEqual(after)
      }),
    )
  })
})
