import { describe, expect, test } from "vitest"
import { call } from "../../src/call/call.ts"
import type { IdentitySettings } from "../../src/call/identity/settings.ts"
import { list } from "../../src/call/list.ts"
import type { Json, JsonObject } from "../../src/schema/json.ts"
import { bearer, type Shown, withJwt } from "../support/callers.ts"
import { evidence } from "../support/evidence.ts"
import { callOf, sketchGateway } from "../support/gateway.ts"
import {
  agentOf,
  documentOf,
  found,
  load,
  sourceTool,
  toolDependency,
} from "../support/registries.ts"

const claims = ["tenant", "level", "regions", "https://idp.example/org", "__proto__"]
const [issuer] = withJwt.jwt
const believing: Partial<IdentitySettings> = {
  jwt: issuer ? [{ ...issuer, callerClaims: claims }] : [],
}

const sourceWith = (defaults: JsonObject, more: object = {}) => ({
  ...{ server: "s", serverVersion: "1.0.0", tool: "t" },
  ...{ defaults, ...more },
})

const documentWith = (defaults: JsonObject, more: object = {}) =>
  documentOf([sourceTool("t", { source: sourceWith(defaults, more) })], {
    agents: [agentOf("a", [toolDependency("t")], { version: "1" })],
  })

interface Case {
  readonly defaults: JsonObject
  readonly shown?: Shown
  readonly identity?: Partial<IdentitySettings>
  readonly args?: JsonObject
  readonly env?: (name: string) => string | undefined
  readonly hide?: readonly string[]
}

const agentA: Shown = { agentName: "a", agentVersion: "1" }

/** What the backend is sent, or the refusal and the reason that the audit has. */
async function send({ defaults, shown = agentA, identity, args, env, hide = [] }: Case) {
  const document = documentWith(defaults, { hideFields: hide })
  const { catalog, problems } = load(document, {
    env: env ?? (() => undefined),
    claims: new Set(claims),
  })
  if (catalog === undefined) throw new Error(problems.map(({ code }) => code).join())
  const { gateway, requests, records } = sketchGateway(catalog, {
    levels: { unknownCaller: "allow" },
    identity: { ...believing, unknownCaller: "allow", ...identity },
  })
  const answer = await call(callOf("t", args, { evidence: evidence(shown) }), gateway)
  if (answer.kind !== "refusal") return requests[0]?.params["arguments"]
  return `${answer.refusal.code}: ${records[0]?.reason}`
}

const token = async (more: object) => ({
  authorization: await bearer({ agent_name: "a", agent_version: "1", sub: "u1", ...more }),
})

describe("a default may take from the caller", () => {
  test("its registered name and version, and how well they are established", async () => {
    const defaults = { who: "${caller.name}@${caller.version}", trust: "${caller.trust}" }
    expect(await send({ defaults })).toEqual({ who: "a@1", trust: "asserted" })
    expect(await send({ defaults, shown: await token({}) })).toMatchObject({ trust: "verified" })
  })

  test("the subject of its token, whether that names an agent or a user only", async () => {
    const defaults = { for: "user ${caller.subject}" }
    expect(await send({ defaults, shown: await token({}) })).toEqual({ for: "user u1" })
    const authorization = await bearer({ sub: "u2" })
    expect(await send({ defaults, shown: { ...agentA, authorization } })).toEqual({
      for: "user u2",
    })
  })

  test("claims that the configuration lists, as they are where nothing else is in the text", async () => {
    const defaults = {
      tenant: "${caller.claims.tenant}",
      level: "${caller.claims.level}",
      deep: { list: ["${caller.claims.regions}", "level ${caller.claims.level}"], fixed: 1 },
      org: "${caller.claims.https://idp.example/org:-none}",
    }
    const shown = await token({
      tenant: "acme",
      level: 7,
      regions: ["eu", "us"],
      "https://idp.example/org": "o1",
    })
    expect(await send({ defaults, shown })).toEqual({
      tenant: "acme",
      level: 7,
      deep: { list: [["eu", "us"], "level 7"], fixed: 1 },
      org: "o1",
    })
  })

  test("beside variables of the environment", async () => {
    const defaults = { path: "${ROOT}/${caller.claims.tenant}" }
    const env = (name: string) => (name === "ROOT" ? "/srv" : undefined)
    expect(await send({ defaults, env, shown: await token({ tenant: "acme" }) })).toEqual({
      path: "/srv/acme",
    })
  })
})

describe("what a caller's evidence does not give", () => {
  const needed = (what: string) => `insufficient_trust: the tool needs caller.${what}`

  test("is refused: nothing is sent with something else in its place", async () => {
    const defaults = { tenant: "${caller.claims.tenant}" }
    expect(await send({ defaults })).toBe(needed("claims.tenant"))
    expect(await send({ defaults, shown: await token({}) })).toBe(needed("claims.tenant"))
    expect(await send({ defaults, shown: await token({ tenant: null }) })).toBe(
      needed("claims.tenant"),
    )
    expect(await send({ defaults: { s: "${caller.subject}" } })).toBe(needed("subject"))
  })

  test("is what stands after :- where that is written, also for an empty value", async () => {
    const defaults = { tenant: "${caller.claims.tenant:-public}", s: "of ${caller.subject:-}" }
    expect(await send({ defaults })).toEqual({ tenant: "public", s: "of " })
    expect(await send({ defaults, shown: await token({ tenant: "" }) })).toEqual({
      tenant: "public",
      s: "of u1",
    })
  })

  test("is any value within a text that has no words of its own", async () => {
    const defaults = { path: "x/${caller.claims.regions}" }
    expect(await send({ defaults, shown: await token({ regions: ["eu"] }) })).toBe(
      needed("claims.regions"),
    )
  })
})

describe("a tool that needs something of its caller", () => {
  const needs: Record<string, JsonObject> = {
    mine: { tenant: "${caller.claims.tenant}" },
    ours: { tenant: "${caller.claims.tenant:-public}" },
    plain: {},
    signed: { by: "${caller.subject}" },
  }
  const names = Object.keys(needs)
  const tools = names.map((name) =>
    sourceTool(name, { source: sourceWith(needs[name] ?? {}, { tool: "t" }) }),
  )
  const depends = names.map((name) => toolDependency(name))
  const agents = [agentOf("a", depends, { version: "1" })]

  test("is listed to exactly those who may call it, and is one list for all who can prove the same", async () => {
    const options = { env: () => undefined, claims: new Set(claims) }
    const { catalog } = load(documentOf(tools, { agents }), options)
    if (catalog === undefined) throw new Error("the document is sound")
    const { gateway } = sketchGateway(catalog, { identity: believing })
    const listed = async (shown: Shown) => {
      const inquiry = callOf("none", undefined, { evidence: evidence(shown), method: "tools/list" })
      const answer = await list(inquiry, gateway)
      if (!answer.ok) throw new Error(answer.refusal.code)
      return answer.value.tools
    }
    const callable = async (shown: Shown) => {
      const answers = await Promise.all(
        names.map((name) => call(callOf(name, {}, { evidence: evidence(shown) }), gateway)),
      )
      return names.filter((_, index) => answers[index]?.kind === "result")
    }
    const expected: [Shown, string[]][] = [
      [agentA, ["ours", "plain"]],
      [await token({}), ["ours", "plain", "signed"]],
      [await token({ tenant: "acme" }), names],
      [await token({ tenant: null }), ["ours", "plain", "signed"]],
    ]
    for (const [shown, tools] of expected) {
      expect((await listed(shown)).map(({ name }) => name)).toEqual(tools)
      expect(await callable(shown)).toEqual(tools)
    }
    expect(await listed(await token({ tenant: "b" }))).toBe(
      await listed(await token({ tenant: "c" })),
    )
  })
})

describe("a caller cannot choose what is taken for it", () => {
  test("by a name that is not registered, however well it is established", async () => {
    const defaults = { who: "${caller.name}" }
    const reason = "insufficient_trust: the tool needs caller.name"
    expect(await send({ defaults, shown: { agentName: "boss", agentVersion: "1" } })).toBe(reason)
    expect(await send({ defaults, shown: {} })).toBe(reason)
    const authorization = await bearer({ agent_name: "boss", agent_version: "1" })
    expect(await send({ defaults, shown: { authorization } })).toBe(reason)
  })

  test("by headers from a peer that is not trusted, unless the configuration takes claims", async () => {
    const defaults = { who: "${caller.name:-nobody}" }
    const shown = { ...agentA, remote: "203.0.113.9" }
    expect(await send({ defaults, shown })).toMatch(/^insufficient_trust: a@1 is claimed/)
    expect(await send({ defaults, shown, identity: { minTrust: "claimed" } })).toEqual({
      who: "a",
    })
  })

  test("by claims that the configuration does not list", async () => {
    const defaults = { role: "${caller.claims.role:-reader}" }
    expect(await send({ defaults, shown: await token({ role: "admin" }) })).toEqual({
      role: "reader",
    })
  })

  test("by claims with names that objects have of their own", async () => {
    const defaults = { x: "${caller.claims.__proto__:-none}" }
    expect(await send({ defaults, shown: await token({}) })).toEqual({ x: "none" })
    expect(await send({ defaults, shown: await token({ ["__proto__"]: "p" }) })).toEqual({ x: "p" })
  })

  test("by the environment's values, or by arguments: references in them are text", async () => {
    const env = () => "${caller.claims.tenant}"
    const shown = await token({ tenant: "acme" })
    expect(await send({ defaults: { a: "${A}", b: "${caller.subject}" }, env, shown })).toEqual({
      a: "${caller.claims.tenant}",
      b: "u1",
    })
    const args: JsonObject = { q: "${caller.claims.tenant}" }
    expect(await send({ defaults: { b: "${caller.subject}" }, args, shown })).toMatchObject(args)
    const said = await token({ tenant: "${caller.subject}" })
    expect(await send({ defaults: { t: "${caller.claims.tenant}" }, shown: said })).toEqual({
      t: "${caller.subject}",
    })
  })

  test("by an argument of the same name where it is hidden; elsewhere the argument counts", async () => {
    const defaults = { tenant: "${caller.claims.tenant}" }
    const shown = await token({ tenant: "acme" })
    const args = { tenant: "other" }
    expect(await send({ defaults, shown, args, hide: ["tenant"] })).toMatch(/^invalid_input/)
    expect(await send({ defaults, shown, args })).toEqual(args)
  })
})

describe("when the document is loaded", () => {
  const loaded = (text: string, more: Parameters<typeof load>[1] = {}) =>
    load(documentOf([sourceTool("t", { source: sourceWith({ deep: [text] }) })]), more)
  const at = "/tools/0/source/defaults/deep/0"

  test.each([
    ["${caller.nmae}", "did you mean caller.name?"],
    ["${caller.claims.}", "caller.claims.NAME"],
    ["x ${caller.} y", "caller.name"],
    ["${caller.name.first:-x}", "caller.name"],
  ])("%s is an error", (text, hint) => {
    const result = loaded(text)
    expect(found(result)).toEqual([`caller_value_unknown ${at}`])
    expect(result.problems[0]).toMatchObject({ severity: "error" })
    expect(result.problems[0]?.hint).toContain(hint)
  })

  /** With a number as it is written. */
  const loadedWith = (digits: string) => {
    const document = documentOf([sourceTool("t", { source: sourceWith({ deep: ["digits"] }) })])
    return load(JSON.stringify(document).replace('"digits"', digits))
  }

  test.each(["9007199254740993", "-12345678901234567890"])(
    "%s in defaults is an error: its digits would be others",
    (digits) => {
      const result = loadedWith(digits)
      expect(found(result)).toEqual([`default_loses_digits ${at}`])
      expect(result.problems[0]).toMatchObject({ severity: "error" })
    },
  )

  test.each(["9007199254740991", "0.1", "1e300"])("%s in defaults is fine", (digits) => {
    expect(found(loadedWith(digits))).toEqual([])
  })

  test("a claim that no tool may have makes the tool unavailable, or is never there", () => {
    const env = () => undefined
    const needed = loaded("${caller.claims.tenant}", { env })
    expect(found(needed)).toEqual([`claim_not_listed ${at}`])
    expect(needed.catalog?.tools[0]?.unavailable).toContain("tenant")
    const optional = loaded("${caller.claims.tenant:-x}", { env })
    expect(found(optional)).toEqual([`claim_not_listed ${at}`])
    expect(optional.catalog?.tools[0]?.unavailable).toBeUndefined()
    expect(found(loaded("${caller.claims.tenant}", { env, claims: new Set(claims) }))).toEqual([])
    expect(found(loaded("${caller.claims.tenant}"))).toEqual([])
  })

  test("a field with such a default is not required of callers, and is none of a hidden one's names", () => {
    const inputSchema = {
      type: "object",
      properties: { q: { type: "string" }, tenant: { type: "string" } },
      required: ["q", "tenant"],
    }
    const document = documentWith({ tenant: "${caller.claims.tenant}" })
    document.tools[0].inputSchema = inputSchema
    const shown = () =>
      load(document, { env: () => undefined, claims: new Set(claims) }).catalog?.tools[0]?.shown
        .inputSchema
    expect(shown()).toEqual({ ...inputSchema, required: ["q"] })
    document.tools[0].source.hideFields = ["tenant"]
    expect(shown()).toEqual({
      type: "object",
      properties: { q: inputSchema.properties.q } satisfies JsonObject as Json,
      required: ["q"],
    })
  })
})
