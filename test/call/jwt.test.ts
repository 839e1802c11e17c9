import { writeFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { exportSPKI, type JWTPayload, SignJWT, UnsecuredJWT } from "jose"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import type { JwtSettings } from "../../src/call/identity/settings.ts"
import { openTokens } from "../../src/call/jwt.ts"
import { type Algorithm, jwtSettings, makeKey, testPorts } from "../support/issuer.ts"

const key = await makeKey("k1")
const other = await makeKey("k1") // the same id, another key
const clock = testPorts()

const good = (more: JWTPayload = {}): JWTPayload => ({
  iss: "https://idp.example",
  aud: "postern",
  exp: clock.seconds() + 600,
  agent_name: "a",
  ...more,
})

function open(jwks: JwtSettings["jwks"], set: Partial<JwtSettings> = {}, ports = clock.ports) {
  const tokens = openTokens([jwtSettings(jwks, set)], ports)
  onTestFinished(() => tokens.close())
  return tokens
}

const inline = (set: Partial<JwtSettings> = {}) => open({ keys: [key.jwk] }, set)

async function verdict(token: string, tokens = inline()): Promise<string> {
  const result = await tokens.verify(token)
  if (result.ok) return result.value.agent?.name ?? "no agent"
  const { refusal } = result
  return refusal.code === "invalid_credentials"
    ? `${refusal.status} ${refusal.words}`
    : refusal.code
}

describe("a token", () => {
  test.each<Algorithm>(["ES256", "RS256", "PS256", "EdDSA"])(
    "signed with %s is believed",
    async (alg) => {
      const pair = await makeKey("k", alg)
      expect(await verdict(await pair.sign(good()), open({ keys: [pair.jwk] }))).toBe("a")
    },
  )

  test("without an agent in it is still a token", async () => {
    const { agent_name: _, ...user } = good({ sub: "u" })
    expect(await verdict(await key.sign(user))).toBe("no agent")
  })

  test("for one of several audiences is believed", async () => {
    const tokens = inline({ audience: ["https://gw.example/mcp", "postern"] })
    expect(
      await verdict(await key.sign(good({ aud: ["x", "https://gw.example/mcp"] })), tokens),
    ).toBe("a")
  })

  const wrong: [why: string, token: () => Promise<string>, set?: Partial<JwtSettings>][] = [
    ["of garbage", async () => "garbage"],
    ["of three parts of garbage", async () => "a.b.c"],
    ["with alg none", async () => new UnsecuredJWT(good()).encode()],
    [
      "with HS256 and the public key as secret",
      async () => {
        const secret = new TextEncoder().encode(await exportSPKI(key.publicKey))
        return new SignJWT(good()).setProtectedHeader({ alg: "HS256", kid: "k1" }).sign(secret)
      },
    ],
    ["signed by another key", () => other.sign(good())],
    [
      "with another payload",
      async () => {
        const [head, , tail] = (await key.sign(good())).split(".")
        const [, payload] = (await key.sign(good({ agent_name: "b" }))).split(".")
        return `${head}.${payload}.${tail}`
      },
    ],
    ["of another issuer", () => key.sign(good({ iss: "https://evil.example" }))],
    ["of almost the issuer", () => key.sign(good({ iss: "https://idp.example/" }))],
    ["of no issuer", () => key.sign({ aud: "postern", exp: clock.seconds() + 9, agent_name: "a" })],
    ["for another audience", () => key.sign(good({ aud: "elsewhere" }))],
    ["that is not valid yet", () => key.sign(good({ nbf: clock.seconds() + 60 }))],
    ["from the future", () => key.sign(good({ iat: clock.seconds() + 60 })), { maxTokenAge: 600 }],
    [
      "without an end",
      () => key.sign({ iss: "https://idp.example", aud: "postern", agent_name: "a" }),
    ],
    ["of an unknown key", () => key.sign(good(), { kid: "k9" })],
    ["of another type", () => key.sign(good(), { kid: "k1", typ: "JWT" }), { typ: "at+jwt" }],
    ["with a name that is no name", () => key.sign(good({ agent_name: "a, b" }))],
    ["with a name that is a number", () => key.sign(good({ agent_name: 7 }))],
    ["with a version that is no version", () => key.sign(good({ agent_version: "^1" }))],
    ["bound in a way that is not known here", () => key.sign(good({ cnf: { jkt: "x" } }))],
  ]
  test.each(wrong)("%s is refused", async (_, token, set) => {
    expect(await verdict(await token(), inline(set))).toBe("401 invalid credentials")
  })

  test.each([
    [
      "that is none",
      async () => "opaque-token",
      "it is no JWT: the issuer gave a token of another kind, or it was cut off",
    ],
    [
      "of almost the issuer",
      () => key.sign(good({ iss: "https://idp.example/" })),
      'no token of a configured issuer: "https://idp.example/"',
    ],
    [
      "of an issuer without an end",
      () => key.sign(good({ iss: "x".repeat(9_000) })),
      `no token of a configured issuer: "${"x".repeat(199)}`,
    ],
  ])("%s is refused with a reason that says what it is", async (_, token, reason) => {
    expect(await inline().verify(await token())).toMatchObject({ refusal: { reason } })
  })

  test("that is over is refused with that word", async () => {
    expect(await verdict(await key.sign(good({ exp: clock.seconds() - 6 })))).toBe("401 expired")
  })

  test("that is too old is refused with that word", async () => {
    const token = await key.sign(good({ iat: clock.seconds() - 700 }))
    expect(await verdict(token, inline({ maxTokenAge: 600 }))).toBe("401 expired")
    expect(await verdict(token)).toBe("a")
  })

  test("is believed for the tolerance after its end, and not longer, although its outcome is remembered", async () => {
    const here = testPorts()
    const tokens = open({ keys: [key.jwk] }, {}, here.ports)
    const token = await key.sign(good({ exp: here.seconds() + 10 }))
    expect(await verdict(token, tokens)).toBe("a")
    here.advance(14_000)
    expect(tokens.verify(token)).not.toBeInstanceOf(Promise) // remembered
    here.advance(2_000)
    expect(await verdict(token, tokens)).toBe("401 expired")
  })

  test("is verified against its own issuer's keys alone", async () => {
    const second = await makeKey("k2")
    const tokens = openTokens(
      [
        jwtSettings({ keys: [key.jwk] }),
        jwtSettings({ keys: [second.jwk] }, { issuer: "https://other.example" }),
      ],
      clock.ports,
    )
    expect(await verdict(await second.sign(good({ iss: "https://other.example" })), tokens)).toBe(
      "a",
    )
    expect(await verdict(await key.sign(good({ iss: "https://other.example" })), tokens)).toBe(
      "401 invalid credentials",
    )
  })

  test("says why it is refused to the audit and to nobody else", async () => {
    const result = await inline().verify(await key.sign(good(), { kid: "k9" }))
    expect(result).toMatchObject({
      refusal: {
        words: "invalid credentials",
        reason: expect.stringContaining("ERR_JWKS_NO_MATCHING_KEY"),
      },
    })
    expect(result).toMatchObject({ refusal: { reason: expect.stringContaining('kid "k9"') } })
  })

  test("is verified once for many at once, and not again while that is remembered", async () => {
    const tokens = inline()
    const token = await key.sign(good())
    const [first, second] = [tokens.verify(token), tokens.verify(token)]
    expect(first).toBe(second)
    const result = await first
    expect(tokens.verify(token)).toBe(result)
  })
})

describe("settings that cannot be meant stop the start:", () => {
  const shared = { kty: "oct", k: "c2VjcmV0", kid: "k" }
  const short = { kty: "RSA", n: Buffer.alloc(128, 255).toString("base64url"), e: "AQAB", kid: "k" }
  const wrong: [why: string, keys: object[], set?: Partial<JwtSettings>][] = [
    ["a shared secret", [shared]],
    ["a weak key", [key.jwk, short]],
    ["several keys without ids", [{ ...key.jwk, kid: undefined }, other.jwk]],
    ["no keys", []],
    ["a symmetric algorithm", [key.jwk], { algorithms: ["HS256"] }],
    ["no algorithm", [key.jwk], { algorithms: [] }],
    ["no audience", [key.jwk], { audience: [] }],
  ]
  test.each(wrong)("%s", (_, keys, set) => {
    expect(() => open({ keys }, set)).toThrow()
  })

  test("but one key needs no id", async () => {
    const bare = await makeKey(undefined)
    expect(await verdict(await bare.sign(good()), open({ keys: [bare.jwk] }))).toBe("a")
  })
})

describe("keys of a file", () => {
  test("are read again when the file changes", async () => {
    const folder = await mkdtemp(join(tmpdir(), "jwks-"))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, "jwks.json")
    writeFileSync(file, JSON.stringify({ keys: [key.jwk] }))
    const here = testPorts()
    const tokens = open({ file }, {}, here.ports)
    expect(await verdict(await key.sign(good()), tokens)).toBe("a")
    const next = await makeKey("k2")
    writeFileSync(file, JSON.stringify({ keys: [next.jwk] }))
    here.advance(15_000)
    const token = await next.sign(good())
    await vi.waitUntil(async () => {
      here.advance(1_001) // past the memory of the refusal
      return (await verdict(token, tokens)) === "a"
    })
    expect(await verdict(await key.sign(good({ sub: "again" })), tokens)).toBe(
      "401 invalid credentials",
    )
  })

  test("that is not there are unavailable, until it is", async () => {
    const folder = await mkdtemp(join(tmpdir(), "jwks-"))
    onTestFinished(() => rm(folder, { recursive: true }))
    const file = join(folder, "jwks.json")
    const here = testPorts()
    const tokens = open({ file }, {}, here.ports)
    const token = await key.sign(good())
    expect(await verdict(token, tokens)).toBe("identity_unavailable")
    writeFileSync(file, JSON.stringify({ keys: [key.jwk] }))
    here.advance(60_000)
    await vi.waitUntil(async () => (await verdict(token, tokens)) === "a")
    expect(tokens.states()).toMatchObject([
      { issuer: "https://idp.example", isUsable: true, failures: 0 },
    ])
  })
})
