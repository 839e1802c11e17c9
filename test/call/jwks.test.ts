import { describe, expect, onTestFinished, test, vi } from "vitest"
import { openTokens } from "../../src/call/jwt.ts"
import { jwtSettings, makeKey, startIssuer, testPorts } from "../support/issuer.ts"

const first = await makeKey("k1")
const second = await makeKey("k2")
const stranger = await makeKey("k9")

/** An issuer on loopback, and a gateway's view of its tokens under a clock that the test moves. */
async function world(keys: readonly object[] = [first.jwk], maxStaleMs = 86_400_000) {
  const issuer = await startIssuer(keys)
  const clock = testPorts()
  const tokens = openTokens([jwtSettings({ url: issuer.url }, { maxStaleMs })], clock.ports)
  onTestFinished(() => tokens.close())
  let serial = 0
  const sign = (key: typeof first) => {
    serial += 1
    const exp = clock.seconds() + 60
    return key.sign({
      iss: "https://idp.example",
      aud: "postern",
      exp,
      agent_name: "a",
      jti: `${serial}`,
    })
  }
  const verify = async (token: string) => {
    const result = await tokens.verify(token)
    return result.ok ? "ok" : result.refusal.code
  }
  return {
    issuer,
    clock,
    tokens,
    sign,
    verify,
    fresh: async (key: typeof first) => verify(await sign(key)),
  }
}

describe("keys from an issuer's URL", () => {
  test("are fetched once, ahead of the first token", async () => {
    const { issuer, fresh } = await world()
    await vi.waitUntil(() => issuer.state.fetches === 1)
    expect(await Promise.all([fresh(first), fresh(first), fresh(first)])).toEqual([
      "ok",
      "ok",
      "ok",
    ])
    expect(issuer.state.fetches).toBe(1)
  })

  test("are fetched again for a key that is not known yet, once for many tokens", async () => {
    const { issuer, clock, fresh } = await world()
    expect(await fresh(first)).toBe("ok")
    issuer.state.keys = [first.jwk, second.jwk]
    clock.advance(11_000)
    const answers = await Promise.all(Array.from({ length: 50 }, () => fresh(second)))
    expect(new Set(answers)).toEqual(new Set(["ok"]))
    expect(issuer.state.fetches).toBe(2)
    expect(await fresh(first)).toBe("ok")
  })

  test("are not fetched for each of a storm of unknown keys", async () => {
    const { issuer, clock, fresh } = await world()
    expect(await fresh(first)).toBe("ok")
    for (let second = 0; second < 30; second += 1) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => fresh(stranger)))
      expect(new Set(answers)).toEqual(new Set(["invalid_credentials"]))
      clock.advance(1_000)
    }
    expect(issuer.state.fetches).toBeLessThanOrEqual(11) // one in three seconds
  })

  test("that were changed and not published ahead are there in three seconds, whatever storm there is", async () => {
    const { issuer, clock, fresh } = await world()
    expect(await fresh(first)).toBe("ok")
    clock.advance(3_001)
    expect(await fresh(stranger)).toBe("invalid_credentials")
    issuer.state.keys = [second.jwk]
    expect(await fresh(second)).toBe("invalid_credentials")
    clock.advance(3_001)
    expect(await fresh(second)).toBe("ok")
  })

  test("are refreshed ahead of need", async () => {
    const { issuer, clock, fresh } = await world()
    expect(await fresh(first)).toBe("ok")
    issuer.state.keys = [second.jwk]
    clock.advance(12 * 60_000)
    await vi.waitUntil(() => issuer.state.fetches === 2)
    await vi.waitUntil(async () => (await fresh(first)) === "invalid_credentials")
    expect(await fresh(second)).toBe("ok")
  })

  test("are withdrawn at once when the issuer has withdrawn them, although outcomes are remembered", async () => {
    const { issuer, clock, sign, verify } = await world()
    const token = await sign(first)
    expect(await verify(token)).toBe("ok")
    issuer.state.keys = [second.jwk]
    clock.advance(11_000)
    expect(await verify(await sign(second))).toBe("ok")
    expect(await verify(token)).toBe("invalid_credentials")
  })
})

describe("an outage of the issuer", () => {
  test("leaves known keys as they are for 15 minutes, says 503 to unknown ones, and asks seldom", async () => {
    const { issuer, clock, fresh, tokens } = await world()
    expect(await fresh(first)).toBe("ok")
    issuer.state.status = 503
    clock.advance(11_000)
    const before = issuer.state.fetches
    for (let second = 0; second < 900; second += 10) {
      expect(await fresh(first)).toBe("ok")
      expect(await fresh(stranger)).toBe("identity_unavailable")
      clock.advance(10_000)
    }
    expect(issuer.state.fetches - before).toBeLessThanOrEqual(45) // one a half minute, after 1, 2, 4, 8, 16 seconds
    expect(tokens.states()).toMatchObject([{ isUsable: true, problem: "answered 503" }])
  })

  test("is over for everybody once a fetch succeeds", async () => {
    const { issuer, clock, fresh, tokens } = await world()
    expect(await fresh(first)).toBe("ok")
    issuer.state.status = 500
    clock.advance(11_000)
    expect(await fresh(second)).toBe("identity_unavailable")
    issuer.state.status = 200
    issuer.state.keys = [first.jwk, second.jwk]
    clock.advance(1_001)
    expect(await fresh(second)).toBe("ok")
    expect(tokens.states()).toMatchObject([{ failures: 0, problem: undefined }])
  })

  test("ends belief in the keys when they are too old, remembered outcomes included", async () => {
    const { issuer, clock, sign, verify, tokens } = await world([first.jwk], 30_000)
    const token = await sign(first)
    expect(await verify(token)).toBe("ok")
    issuer.state.status = 500
    clock.advance(31_000)
    expect(await verify(token)).toBe("identity_unavailable")
    expect(tokens.states()).toMatchObject([{ isUsable: false, ageMs: 31_000 }])
    issuer.state.status = 200
    clock.advance(1_001)
    expect(await verify(token)).toBe("ok")
  })

  test("from the start is 503 with no token judged, and is over without traffic", async () => {
    const { issuer, clock, fresh, tokens } = await world()
    issuer.state.status = 500
    await vi.waitUntil(() => tokens.states()[0]?.failures === 1)
    expect(await fresh(first)).toBe("identity_unavailable")
    issuer.state.status = 200
    clock.advance(1_001)
    await vi.waitUntil(() => tokens.states()[0]?.isUsable === true)
    expect(await fresh(first)).toBe("ok")
  })

  const faults: [why: string, set: { status?: number; body?: string; keys?: object[] }][] = [
    ["a redirect", { status: 302 }],
    ["no JSON", { body: "<html>" }],
    ["no key set", { body: "[]" }],
    ["a set without keys", { keys: [] }],
    [
      "several keys of which one has no id",
      { keys: [first.jwk, { ...second.jwk, kid: undefined }] },
    ],
    ["a shared secret alone", { keys: [{ kty: "oct", k: "c2VjcmV0", kid: "k1" }] }],
    ["a set that is too long", { body: `{"keys":[],"pad":"${"x".repeat(1_100_000)}"}` }],
  ]
  test.each(faults)("is also %s", async (_, set) => {
    const { issuer, clock, fresh } = await world()
    expect(await fresh(first)).toBe("ok")
    Object.assign(issuer.state, set)
    clock.advance(11_000)
    expect(await fresh(stranger)).toBe("identity_unavailable")
    expect(await fresh(first)).toBe("ok")
  })

  test("is also a refused connection", async () => {
    const { issuer, clock, fresh } = await world()
    expect(await fresh(first)).toBe("ok")
    await issuer.stop()
    clock.advance(11_000)
    expect(await fresh(stranger)).toBe("identity_unavailable")
    expect(await fresh(first)).toBe("ok")
  })

  test("is not a weak key among good ones: that key alone is left out", async () => {
    const n = Buffer.alloc(128, 255).toString("base64url")
    const { fresh } = await world([first.jwk, { kty: "RSA", n, e: "AQAB", kid: "weak" }])
    expect(await fresh(first)).toBe("ok")
  })

  test("does not outlive the gateway: closing stops the timers", async () => {
    const { issuer, clock, fresh, tokens } = await world()
    expect(await fresh(first)).toBe("ok")
    tokens.close()
    clock.advance(3_600_000)
    expect(await fresh(first)).toBe("ok") // asked by nobody but this token, which found the keys still good
    expect(issuer.state.fetches).toBe(1)
  })
})
