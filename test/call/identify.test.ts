import { describe, expect, test } from "vitest"
import { createIdentify } from "../../src/call/identify.ts"
import type { IdentitySettings } from "../../src/call/identity/settings.ts"
import { sketchCatalog } from "../support/catalog.ts"
import { anyPeer, evidence, identity } from "../support/evidence.ts"
import { jwtSettings, makeKey, testPorts } from "../support/issuer.ts"

const catalog = sketchCatalog({
  agents: { "a@1": [], "b@1": [], "twin@1": [], "twin@2": [] },
  urls: { "a@1": "https://a.example/", "b@1": "https://b.example/" },
})
const key = await makeKey("k1")
const clock = testPorts()
const claims = (more: object) => ({
  iss: "https://idp.example",
  aud: "postern",
  exp: clock.seconds() + 600,
  ...more,
})
const bearer = async (more: object) => `Bearer ${await key.sign(claims(more))}`
const jwtA = await bearer({ agent_name: "a" })
const jwtA1 = await bearer({ agent_name: "a", agent_version: "1" })
const jwtUser = await bearer({ sub: "user-1" })
const jwtExpired = await bearer({ agent_name: "a", agent_version: "1", exp: clock.seconds() - 60 })
const jwtTwin = await bearer({ agent_name: "twin" })

const withJwt = { jwt: [jwtSettings({ keys: [key.jwk] })] }
const both = { ...withJwt, clientInfo: true }
const claimed = { minTrust: "claimed" } as const

type Shown = Parameters<typeof evidence>[0]
async function identify(shown: Shown, set: Partial<IdentitySettings> = {}, of = catalog) {
  const gate = createIdentify(identity(set), clock.ports)
  return gate.identify(evidence(shown), of)
}
async function verdict(shown: Shown, set: Partial<IdentitySettings> = {}, of = catalog) {
  const result = await identify(shown, set, of)
  if (!result.ok) return result.refusal.code
  const { agent, trust, by } = result.value
  return `${agent ? `${agent.name}@${agent.version}` : "unregistered"} ${trust} by ${by.join("+")}`
}

describe("the caller is", () => {
  const cases: [why: string, shown: Shown, set: Partial<IdentitySettings>, verdict: string][] = [
    [
      "the agent of a token, and of headers that agree",
      { authorization: jwtA1, agentName: "a" },
      withJwt,
      "a@1 verified by jwt+header",
    ],
    [
      "the agent of a token and equal headers",
      { authorization: jwtA1, agentName: "a", agentVersion: "1" },
      withJwt,
      "a@1 verified by jwt+header",
    ],
    [
      "nobody, when token and headers name two versions",
      { authorization: jwtA1, agentName: "a", agentVersion: "2" },
      withJwt,
      "identity_conflict",
    ],
    [
      "nobody, when token and headers name two agents",
      { authorization: jwtA, agentName: "b" },
      withJwt,
      "identity_conflict",
    ],
    [
      "nobody, when an untrusted hop names another agent than the token",
      { authorization: jwtA1, agentName: "b", remote: anyPeer },
      withJwt,
      "identity_conflict",
    ],
    [
      "completed by the version of a trusted hop, which must be registered",
      { authorization: jwtA, agentName: "a", agentVersion: "2" },
      withJwt,
      "unknown_caller",
    ],
    [
      "completed by a lone version from a trusted hop",
      { authorization: jwtTwin, agentVersion: "2" },
      withJwt,
      "twin@2 verified by jwt+header",
    ],
    [
      "completed by the registry where an untrusted hop names a version",
      { authorization: jwtA, agentName: "a", agentVersion: "2", remote: anyPeer },
      withJwt,
      "a@1 verified by jwt+header",
    ],
    [
      "nobody, when an untrusted hop names one of two versions",
      { authorization: jwtTwin, agentVersion: "2", remote: anyPeer },
      withJwt,
      "unknown_caller",
    ],
    [
      "nobody with an expired token, whatever the headers say",
      { authorization: jwtExpired, agentName: "a", agentVersion: "1" },
      withJwt,
      "invalid_credentials",
    ],
    [
      "the agent of the headers beside the token of a user",
      { authorization: jwtUser, agentName: "a", agentVersion: "1" },
      withJwt,
      "a@1 asserted by header",
    ],
    [
      "nobody with the token of a user alone",
      { authorization: jwtUser },
      withJwt,
      "unknown_caller",
    ],
    [
      "not believed from an untrusted hop",
      { agentName: "a", agentVersion: "1", remote: anyPeer },
      {},
      "insufficient_trust",
    ],
    [
      "believed from an untrusted hop where claims are enough",
      { agentName: "a", agentVersion: "1", remote: anyPeer },
      claimed,
      "a@1 claimed by header",
    ],
    [
      "the agent of the token beside the name of a program",
      { authorization: jwtA1, clientInfo: { name: "Some IDE", version: "9" } },
      both,
      "a@1 verified by jwt",
    ],
    [
      "nobody, when clientInfo names another agent than the token",
      { authorization: jwtA1, clientInfo: { name: "b" } },
      both,
      "identity_conflict",
    ],
    [
      "the agent of the headers; clientInfo is not looked at unless it is on",
      { agentName: "a", agentVersion: "1", clientInfo: { name: "b" } },
      {},
      "a@1 asserted by header",
    ],
    [
      "the agent of clientInfo where it is on and claims are enough",
      { clientInfo: { name: "b", version: "1" } },
      { ...claimed, clientInfo: true },
      "b@1 claimed by clientInfo",
    ],
    [
      "not a program whose clientInfo is worth less than needed",
      { clientInfo: { name: "b", version: "1" } },
      { clientInfo: true },
      "insufficient_trust",
    ],
    ["unknown under a name in other letters", { agentName: "A" }, {}, "unknown_caller"],
    ["anonymous and unknown without evidence", {}, {}, "unknown_caller"],
    ["anonymous and unknown with a lone version", { agentVersion: "1" }, {}, "unknown_caller"],
    [
      "the only registered version of a name without a version",
      { agentName: "a" },
      {},
      "a@1 asserted by header",
    ],
    [
      "unknown under a name with several versions and none said",
      { agentName: "twin" },
      {},
      "unknown_caller",
    ],
    ["never the closest version", { agentName: "a", agentVersion: "1.0" }, {}, "unknown_caller"],
    [
      "the agent whose card has the URL, from a trusted hop",
      { callerAgent: "https://a.example/" },
      {},
      "a@1 asserted by card",
    ],
    [
      "not the agent whose card has almost the URL",
      { callerAgent: "https://a.example" },
      {},
      "unknown_caller",
    ],
    [
      "not believed with a card URL from an untrusted hop",
      { callerAgent: "https://a.example/", remote: anyPeer },
      {},
      "insufficient_trust",
    ],
    [
      "nobody, when the card URL is another agent's than the headers'",
      { callerAgent: "https://b.example/", agentName: "a" },
      {},
      "identity_conflict",
    ],
    [
      "nobody, when a trusted hop sends a card URL that is no agent's beside headers",
      { callerAgent: "https://c.example/", agentName: "a" },
      {},
      "identity_conflict",
    ],
    [
      "the agent of the token; a strange card URL from an untrusted hop is a label",
      { authorization: jwtA1, callerAgent: "https://c.example/", remote: anyPeer },
      withJwt,
      "a@1 verified by jwt",
    ],
    [
      "the agent of the strongest evidence where conflicts only warn",
      { authorization: jwtA1, agentName: "b" },
      { ...withJwt, onConflict: "warn" },
      "a@1 verified by jwt",
    ],
    [
      "the agent of the headers; without jwt in the configuration a token is not looked at",
      { authorization: "Bearer garbage, Bearer more", agentName: "a" },
      {},
      "a@1 asserted by header",
    ],
    [
      "anonymous where unknown callers are let in",
      {},
      { unknownCaller: "allow" },
      "unregistered anonymous by ",
    ],
    [
      "an unregistered name where unknown callers are let in",
      { agentName: "stranger" },
      { unknownCaller: "warn" },
      "unregistered asserted by header",
    ],
    [
      "not an unregistered name from an untrusted hop, even there",
      { agentName: "stranger", remote: anyPeer },
      { unknownCaller: "allow" },
      "insufficient_trust",
    ],
  ]
  test.each(cases)("%s", async (_, shown, set, expected) => {
    expect(await verdict(shown, set)).toBe(expected)
  })
})

describe("a caller", () => {
  const value = async (...args: Parameters<typeof identify>) => {
    const result = await identify(...args)
    if (!result.ok) throw new Error(result.refusal.code)
    return result.value
  }

  test("is the agent, with the token's subject and issuer", async () => {
    const authorization = await bearer({
      agent_name: "a",
      sub: "svc",
      scope: "docs:read docs:write",
    })
    expect(await value({ authorization }, withJwt)).toMatchObject({
      name: "a",
      version: "1",
      issuer: "https://idp.example",
      subject: "svc",
      scopes: ["docs:read", "docs:write"],
      warnings: ["version_assumed"],
    })
  })

  test("acts for the user of a token that names no agent", async () => {
    const caller = await value({ authorization: jwtUser, agentName: "a" }, withJwt)
    expect(caller).toMatchObject({ name: "a", trust: "asserted", onBehalfOf: "user-1" })
    expect(caller).not.toHaveProperty("subject")
  })

  test("is noted when it is unknown and let in with a warning", async () => {
    const caller = await value({ agentName: "x" }, { unknownCaller: "warn" })
    expect(caller).toMatchObject({ name: "x", agent: undefined, warnings: ["unknown_caller"] })
    const silent = await value({ agentName: "x" }, { unknownCaller: "allow" })
    expect(silent.warnings).toEqual([])
  })

  test("is noted when its clientInfo names an agent and is not looked at", async () => {
    const caller = await value({ agentName: "a", clientInfo: { name: "b" } })
    expect(caller.warnings).toContain("client_info_ignored")
    const same = await value({ agentName: "a", clientInfo: { name: "a" } })
    expect(same.warnings).not.toContain("client_info_ignored")
  })

  test("is noted when its evidence conflicts and conflicts only warn", async () => {
    const shown = { authorization: jwtA1, agentName: "b" }
    const { warnings } = await value(shown, { ...withJwt, onConflict: "warn" })
    expect(warnings).toEqual(["identity_conflict: jwt says a@1; header says b"])
  })

  test("is one frozen object for equal evidence, and another for any difference", async () => {
    const gate = createIdentify(identity({ unknownCaller: "allow" }), clock.ports)
    const first = gate.identify(evidence({ agentName: "a" }), catalog)
    expect(gate.identify(evidence({ agentName: "a" }), catalog)).toBe(first)
    expect(Object.isFrozen(await value({ agentName: "a" }))).toBe(true)
    const others = [
      evidence({ agentName: "a", agentVersion: "1" }),
      evidence({ agentName: "a", remote: "127.0.0.2" }),
      evidence({ agentName: "a", clientInfo: { name: "x" } }),
      evidence({ agentName: "a", clientInfo: { name: "x", version: "" } }),
    ]
    const seen = new Set([first, ...others.map((other) => gate.identify(other, catalog))])
    expect(seen.size).toBe(5)
  })

  test("is looked up again in another catalog", async () => {
    const gate = createIdentify(identity(), clock.ports)
    expect(await gate.identify(evidence({ agentName: "a" }), catalog)).toMatchObject({ ok: true })
    const without = sketchCatalog({ agents: { "b@1": [] } })
    expect(await gate.identify(evidence({ agentName: "a" }), without)).toMatchObject({ ok: false })
  })

  test("has one principal whatever its address, and another under another subject", async () => {
    const here = await value({ agentName: "a" })
    const there = await value({ agentName: "a", remote: "127.0.0.9" })
    expect(there.principal).toBe(here.principal)
    const subjects = ["s1", "s2"].map(async (sub) => {
      const authorization = await bearer({ agent_name: "a", sub })
      return (await value({ authorization }, withJwt)).principal
    })
    expect(new Set([here.principal, ...(await Promise.all(subjects))]).size).toBe(3)
  })

  test("uses its own session and nobody else's", async () => {
    const { principal } = await value({ agentName: "a" })
    expect(await verdict({ agentName: "a", sessionPrincipal: principal })).toMatch(/^a@1/)
    expect(await verdict({ agentName: "b", sessionPrincipal: principal })).toBe("unknown_session")
  })
})

describe("the document's policy", () => {
  const under = (policy: "denyAll" | "allowUnregistered" | "allowAll") =>
    sketchCatalog({ agents: { "a@1": [] }, policy })
  const open = { unknownCaller: "allow" } as const

  test("denyAll closes what the configuration opens", async () => {
    expect(await verdict({ agentName: "x" }, open, under("denyAll"))).toBe("unknown_caller")
    expect(await verdict({ agentName: "a" }, open, under("denyAll"))).toMatch(/^a@1/)
  })

  test("allowUnregistered lets in a name, and nobody without one", async () => {
    const policy = under("allowUnregistered")
    expect(await verdict({ agentName: "x" }, open, policy)).toMatch(/^unregistered/)
    expect(await verdict({}, open, policy)).toBe("unknown_caller")
    expect(await verdict({ authorization: jwtUser }, { ...open, ...withJwt }, policy)).toBe(
      "unknown_caller",
    )
  })

  test("never opens what the configuration closes", async () => {
    expect(await verdict({ agentName: "x" }, {}, under("allowAll"))).toBe("unknown_caller")
  })
})

describe("a refusal", () => {
  const refusal = async (...args: Parameters<typeof identify>) => {
    const result = await identify(...args)
    return result.ok ? undefined : result.refusal
  }

  test("asks for a token only where one would help and none was sent", async () => {
    expect(await refusal({})).toMatchObject({ challenge: false })
    expect(await refusal({}, withJwt)).toMatchObject({ challenge: true })
    expect(await refusal({ authorization: jwtUser }, withJwt)).toMatchObject({ challenge: false })
    const far = { agentName: "a", remote: anyPeer }
    expect(await refusal(far, withJwt)).toMatchObject({
      code: "insufficient_trust",
      challenge: true,
    })
  })

  test("asks for the version where only that is missing", async () => {
    expect(await refusal({ agentName: "twin" })).toMatchObject({
      hint: "send X-Agent-Version",
      reason: "header says twin; that name is registered as 1, 2",
    })
    expect(await refusal({ agentName: "nobody" })).not.toHaveProperty("hint")
  })

  const malformed: Shown[] = [
    { agentName: "a, b" },
    { agentName: "" },
    { agentName: "a b" },
    { agentName: "\u00c3\u00a9" },
    { agentName: "a\u001b[31m" },
    { agentName: "x/y/z" },
    { agentName: "n".repeat(129) },
    { agentVersion: "1, 1" },
    { agentVersion: ">=1" },
    { agentVersion: "" },
    { callerAgent: "https://a.example/, https://a.example/" },
    { callerAgent: "not a url" },
    { callerAgent: "" },
    { authorization: "Bearer a.b.c, Bearer d.e.f" },
  ]
  test.each(malformed)("says 400 to what is malformed or sent twice: %j", async (shown) => {
    const trusted = { authorization: jwtA1, ...shown }
    expect(await refusal(trusted, withJwt)).toMatchObject({
      code: "invalid_credentials",
      status: 400,
    })
  })

  test.each(["Basic YTpi", "Bearer", "Bearer a b", "DPoP a.b.c"])("says 401 to %s", async (it) => {
    expect(await refusal({ authorization: it }, withJwt)).toMatchObject({ status: 401 })
  })

  test("comes for a name with a namespace only when it is not registered", async () => {
    const spaced = sketchCatalog({ agents: { "team/a@1": [] } })
    expect(await verdict({ agentName: "team/a" }, {}, spaced)).toMatch(/^team\/a@1/)
  })
})
