import { inspect } from "node:util"
import { describe, expect, test } from "vitest"
import { asCaller } from "../../src/call/as-caller.ts"
import type { Backends } from "../../src/call/backends.ts"
import { call } from "../../src/call/call.ts"
import type { IdentitySettings } from "../../src/call/identity/settings.ts"
import { bearer, clock, identify, withJwt } from "../support/callers.ts"
import { sketchCatalog } from "../support/catalog.ts"
import { evidence } from "../support/evidence.ts"
import { callOf, done, type GatewaySketch, sketchGateway } from "../support/gateway.ts"

const catalog = sketchCatalog({ agents: { "a@1": ["echo@1"] }, tools: { "echo@1": {} } })
const claims = { agent_name: "a", agent_version: "1", sub: "s", scope: "read" }

/** What the port to backends is given for a call that shows this. */
async function carried(
  authorization: string | undefined,
  { takes = true, set = {} }: { takes?: boolean; set?: Partial<IdentitySettings> } = {},
) {
  const shown = authorization === undefined ? { agentName: "a", agentVersion: "1" } : {}
  const sketch: GatewaySketch = { identity: { ...withJwt, ...set } }
  const { gateway, requests, records } = sketchGateway(catalog, sketch)
  const backends = { ...gateway.backends, takesSubjectTokens: takes }
  const request = callOf(
    "echo",
    {},
    { evidence: evidence({ ...shown, ...(authorization && { authorization }) }) },
  )
  const answer = await call(request, { ...gateway, now: clock.now, backends })
  return { answer, records, token: requests[0]?.subjectToken }
}

describe("the caller's own token", () => {
  test("goes to the port where a server takes it", async () => {
    const shown = await bearer(claims)
    const { token } = await carried(shown)
    expect(`Bearer ${token?.reveal()}`).toBe(shown)
  })

  test("goes nowhere else: where no server takes one, and when it was not verified", async () => {
    expect((await carried(await bearer(claims), { takes: false })).token).toBeUndefined()
    expect((await carried(undefined)).token).toBeUndefined()
    const ignored = await carried("Bearer unread", {
      set: { jwt: [], headers: { trustedFrom: ["127.0.0.0/8"] } },
    })
    expect(ignored.token).toBeUndefined()
  })

  test("is printed by nothing that prints a request or a record", async () => {
    const shown = await bearer(claims)
    const { token, records } = await carried(shown)
    const secret = shown.slice("Bearer ".length)
    for (const text of [inspect(token, { depth: 9, showHidden: true }), JSON.stringify(token)])
      expect(text).not.toContain(secret)
    expect(inspect(records, { depth: 9 })).not.toContain(secret)
  })

  test("has the key of every other token that says the same, whenever it was issued", async () => {
    const one = await carried(await bearer({ ...claims, iat: 1, jti: "one" }))
    const other = await carried(await bearer({ ...claims, exp: clock.seconds() + 99, jti: "two" }))
    expect(one.token?.key).toEqual(expect.stringMatching(/.{64}\..{64}/))
    expect(other.token?.key).toBe(one.token?.key)
  })

  test.each([
    ["scopes", { scope: "read write" }],
    ["subject", { sub: "t" }],
    ["groups, or whatever else there is in it", { groups: ["admin"] }],
  ])("has another key when it has other %s", async (_, more) => {
    const one = await carried(await bearer(claims))
    const other = await carried(await bearer({ ...claims, ...more }))
    expect(other.token?.key).toBeDefined()
    expect(other.token?.key).not.toBe(one.token?.key)
  })
})

test("a call that needs a token and has none is recorded as refused, not as carried out", async () => {
  const refusal = { code: "insufficient_trust", reason: "no token", challenge: true } as const
  const { gateway, records } = sketchGateway(catalog, {
    backend: () => ({ kind: "refusal", refusal }),
  })
  await call(callOf("echo", {}), gateway)
  expect(records).toMatchObject([{ decision: "refuse", refusal: "insufficient_trust" }])
  const served = sketchGateway(catalog, { backend: () => done() })
  await call(callOf("echo", {}), served.gateway)
  expect(served.records).toMatchObject([{ decision: "allow" }])
})

test("what servers list is asked for with the caller's token, too", async () => {
  const shown = await bearer(claims)
  const { gateway } = sketchGateway(catalog, { identity: withJwt })
  const asked: (string | undefined)[] = []
  const backends: Backends = {
    ...gateway.backends,
    takesSubjectTokens: true,
    capabilities: (_, token) => {
      asked.push(token?.reveal())
      return undefined
    },
    list: async (_, kind, need, token) => {
      asked.push(kind, need, token?.reveal())
      return { items: [], plain: [], ttlMs: 0, isKnown: false }
    },
  }
  const caller = await identify({ authorization: shown }, withJwt, catalog)
  if (!caller.ok) throw new Error(caller.refusal.code)
  const server = {
    name: "s",
    version: "1",
    entity: { name: "s", version: "1", provides: [], extra: {} },
  }
  const own = asCaller(backends, caller.value, { authorization: shown })
  await own.list(server, "prompts", "fresh")
  own.capabilities(server)
  const secret = shown.slice("Bearer ".length)
  expect(asked).toEqual(["prompts", "fresh", secret, secret])
  expect(asCaller(gateway.backends, caller.value, { authorization: shown })).toBe(gateway.backends)
})
