import { describe, expect, test } from "vitest"
import { createIdentify } from "../../src/call/identify.ts"
import {
  agents,
  bearer,
  clock,
  identify,
  type Shown,
  verdict,
  withJwt,
} from "../support/callers.ts"
import { sketchCatalog } from "../support/catalog.ts"
import { anyPeer, evidence, identity } from "../support/evidence.ts"

const jwtA1 = await bearer({ agent_name: "a", agent_version: "1" })
const jwtUser = await bearer({ sub: "user-1" })

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

  test("is anonymous with and without the name of a program, where such names do not count", async () => {
    const open = { clientInfo: true, unknownCaller: "allow" } as const
    const label = { name: "Some IDE", version: "9" }
    expect(await value({ clientInfo: label }, open)).toMatchObject({ trust: "anonymous", by: [] })
    expect(await value({ clientInfo: label }, { ...open, minTrust: "claimed" })).toMatchObject({
      name: "Some IDE",
      trust: "claimed",
    })
  })

  test("is not remembered under a clientInfo as long as a request", async () => {
    const gate = createIdentify(identity(), clock.ports)
    const long = evidence({ agentName: "a", clientInfo: { name: "x".repeat(5_000) } })
    const first = await gate.identify(long, agents)
    expect(first).toMatchObject({ ok: true, value: { name: "a" } })
    expect(await gate.identify(long, agents)).not.toBe(first)
  })

  test("is one frozen object for equal evidence, and another for any difference", async () => {
    const gate = createIdentify(identity({ unknownCaller: "allow" }), clock.ports)
    const first = gate.identify(evidence({ agentName: "a" }), agents)
    expect(gate.identify(evidence({ agentName: "a" }), agents)).toBe(first)
    expect(Object.isFrozen(await value({ agentName: "a" }))).toBe(true)
    const others = [
      evidence({ agentName: "a", agentVersion: "1" }),
      evidence({ agentName: "a", remote: "127.0.0.2" }),
      evidence({ agentName: "a", clientInfo: { name: "x" } }),
      evidence({ agentName: "a", clientInfo: { name: "x", version: "" } }),
    ]
    const seen = new Set([first, ...others.map((other) => gate.identify(other, agents))])
    expect(seen.size).toBe(5)
  })

  test("is looked up again in another catalog", async () => {
    const gate = createIdentify(identity(), clock.ports)
    expect(await gate.identify(evidence({ agentName: "a" }), agents)).toMatchObject({ ok: true })
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
