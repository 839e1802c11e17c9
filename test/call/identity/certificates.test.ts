import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { PeerCertificate } from "../../../src/call/caller.ts"
import { createIdentify } from "../../../src/call/identify.ts"
import { agentUris, faultOfTemplate } from "../../../src/call/identity/certificates.ts"
import { agents, bearer, clock, type Shown, verdict, withJwt } from "../../support/callers.ts"
import { anyPeer, evidence, identity } from "../../support/evidence.ts"
import { testPorts } from "../../support/issuer.ts"

const template = "spiffe://example.org/agent/{name}/{version}"
const uri = (agent: string) => `spiffe://example.org/agent/${agent.replace("@", "/")}`
const proxy = "spiffe://example.org/edge"

const certificate = (uris: string[], more: Partial<PeerCertificate> = {}): Shown => ({
  remote: anyPeer,
  certificate: {
    fault: undefined,
    uris,
    thumbprint: "thumbprint",
    untilMs: Number.MAX_SAFE_INTEGER,
    ...more,
  },
})
const of = (agent: string) => certificate([uri(agent)])
const xfcc = (forwardedCertificate: string): Shown => ({ forwardedCertificate })

const mtls = { mtls: { agents: [template] } }
const behindProxy = { ...mtls, headers: { trustedFrom: [proxy] } }
const jwtA1 = await bearer({ agent_name: "a", agent_version: "1" })
const jwtUser = await bearer({ sub: "user-1" })
const bound = (cnf: unknown) => bearer({ agent_name: "a", agent_version: "1", cnf })

describe("with certificates the caller is", () => {
  const cases: [string, Shown | Promise<Shown>, Parameters<typeof verdict>[1], string][] = [
    ["the agent of the one URI", of("a@1"), mtls, "a@1 verified by mtls"],
    ["nobody where no template is configured", of("a@1"), {}, "unknown_caller"],
    ["nobody with a URI of no template", certificate([proxy]), mtls, "unknown_caller"],
    ["nobody with no URI", certificate([]), mtls, "unknown_caller"],
    ["nobody with two", certificate([uri("a@1"), uri("a@1")]), mtls, "unknown_caller"],
    [
      "nobody with one that was not verified",
      certificate([uri("a@1")], { fault: "SELF_SIGNED_CERT_IN_CHAIN" }),
      mtls,
      "invalid_credentials",
    ],
    [
      "nobody with one that ended since the connection began",
      certificate([uri("a@1")], { untilMs: clock.ports.now() }),
      mtls,
      "invalid_credentials",
    ],
    [
      "nobody with one that was not verified, whatever a trusted hop says",
      { ...certificate([], { fault: "CERT_HAS_EXPIRED" }), remote: "127.0.0.1", agentName: "a" },
      mtls,
      "invalid_credentials",
    ],
    [
      "the agent of certificate, token and headers that agree",
      { ...of("a@1"), authorization: jwtA1, agentName: "a", agentVersion: "1" },
      { ...mtls, ...withJwt },
      "a@1 verified by mtls+jwt+header",
    ],
    [
      "nobody, when certificate and token name two agents",
      { ...of("b@1"), authorization: jwtA1 },
      { ...mtls, ...withJwt },
      "identity_conflict",
    ],
    [
      "nobody, when certificate and headers name two versions",
      { ...of("a@1"), agentName: "a", agentVersion: "2" },
      mtls,
      "identity_conflict",
    ],
    [
      "the agent of the certificate, for the user of a token",
      { ...of("a@1"), authorization: jwtUser },
      { ...mtls, ...withJwt },
      "a@1 verified by mtls",
    ],
    [
      "the agent of the certificate where conflicts only warn",
      { ...of("a@1"), agentName: "b" },
      { ...mtls, onConflict: "warn" },
      "a@1 verified by mtls",
    ],
    [
      "completed by the registry where the template has no version",
      certificate(["spiffe://example.org/ns/agents/sa/a"]),
      { mtls: { agents: [template, "spiffe://example.org/ns/agents/sa/{name}"] } },
      "a@1 verified by mtls",
    ],
    ["unknown in another version", of("a@2"), mtls, "unknown_caller"],
    ["unknown in other letters", of("A@1"), mtls, "unknown_caller"],
    [
      "the agent of headers from a proxy that its certificate names",
      { ...certificate([proxy]), agentName: "a" },
      behindProxy,
      "a@1 asserted by header",
    ],
    [
      "not believed from a proxy with two URIs",
      { ...certificate([proxy, proxy]), agentName: "a" },
      behindProxy,
      "insufficient_trust",
    ],
    [
      "the agent of the certificate that a trusted proxy was shown",
      { ...certificate([proxy]), ...xfcc(`By=${proxy};Hash=aa;URI=${uri("a@1")}`) },
      behindProxy,
      "a@1 asserted by xfcc",
    ],
    [
      "nobody by such a header from anyone else",
      { ...xfcc(`URI=${uri("a@1")}`), remote: anyPeer },
      { ...mtls, minTrust: "claimed" },
      "unknown_caller",
    ],
    [
      "nobody by such a header where no template is configured",
      xfcc(`URI=${uri("a@1")}`),
      {},
      "unknown_caller",
    ],
    [
      "nobody, when such a header and the certificate name two agents",
      { ...of("b@1"), ...xfcc(`URI=${uri("a@1")}`), remote: "127.0.0.1" },
      mtls,
      "identity_conflict",
    ],
    [
      "of the nearest hop",
      xfcc(`URI=${uri("b@1")},URI=${uri("a@1")}`),
      mtls,
      "a@1 asserted by xfcc",
    ],
    [
      "nobody by the URI of a hop further away",
      xfcc(`URI=${uri("a@1")}, Hash=aa`),
      mtls,
      "unknown_caller",
    ],
    [
      "nobody with two URIs of one hop",
      xfcc(`URI=${uri("a@1")};URI=${uri("b@1")}`),
      mtls,
      "unknown_caller",
    ],
    [
      "not fooled by what stands in quotes",
      xfcc(`URI=${uri("a@1")};Subject="CN=\\",URI=${uri("b@1")};x"`),
      mtls,
      "a@1 asserted by xfcc",
    ],
    ["in quotes, too", xfcc(`uri="${uri("a@1")}"`), mtls, "a@1 asserted by xfcc"],
    [
      "who the token is bound to",
      bound({ "x5t#S256": "thumbprint" }).then((token) => ({
        ...of("a@1"),
        authorization: token,
      })),
      { ...mtls, ...withJwt },
      "a@1 verified by mtls+jwt",
    ],
    [
      "nobody with a token that is bound to another certificate",
      bound({ "x5t#S256": "another" }).then((token) => ({ ...of("a@1"), authorization: token })),
      { ...mtls, ...withJwt },
      "invalid_credentials",
    ],
    [
      "nobody with a bound token and no certificate",
      bound({ "x5t#S256": "thumbprint" }).then((authorization) => ({ authorization })),
      withJwt,
      "invalid_credentials",
    ],
    [
      "nobody with a token that is bound to something else besides",
      bound({ "x5t#S256": "thumbprint", jkt: "x" }).then((token) => ({
        ...of("a@1"),
        authorization: token,
      })),
      { ...mtls, ...withJwt },
      "invalid_credentials",
    ],
  ]
  test.each(cases)("%s", async (_, shown, set, expected) => {
    expect(await verdict(await shown, set)).toBe(expected)
  })

  test.each(['URI="x', "URI", "=x", "", 'URI=a b"c', ";", "URI=x,,URI=y", 'URI="x"y'])(
    "nobody by a header that cannot be read: %s",
    async (header) => {
      expect(await verdict(xfcc(header), mtls)).toBe("invalid_credentials")
      expect(await verdict({ ...xfcc(header), agentName: "a" }, {})).toBe("a@1 asserted by header")
    },
  )

  test("another for each certificate, also on one address and one after the other", async () => {
    const gate = createIdentify(identity(mtls), clock.ports)
    const who = (agent: string) => {
      const { certificate } = { certificate: undefined, ...of(agent) }
      const shown = certificate && { ...certificate, thumbprint: agent }
      const result = gate.identify(evidence({ remote: anyPeer, certificate: shown }), agents)
      return result instanceof Promise || !result.ok ? undefined : result.value.name
    }
    expect(["a@1", "b@1", "a@1", "b@1"].map(who)).toEqual(["a", "b", "a", "b"])
    const none = gate.identify(evidence({ remote: anyPeer }), agents)
    expect(none).toMatchObject({ ok: false })
  })

  test("known for as long as the certificate is good, and no longer", () => {
    const own = testPorts()
    const gate = createIdentify(identity(mtls), own.ports)
    const untilMs = own.now() + 5_000
    const shown = evidence(certificate([uri("a@1")], { untilMs }))
    expect(gate.identify(shown, agents)).toMatchObject({ ok: true, value: { name: "a", untilMs } })
    own.advance(5_000)
    expect(gate.identify(shown, agents)).toMatchObject({ ok: false })
  })
})

describe("a template", () => {
  test.each([
    "agent/{name}",
    "spiffe://example.org/agent",
    "spiffe://{name}/agent",
    "spiffe://example.org/agent-{name}",
    "spiffe://example.org/{name}/{name}",
    "spiffe://example.org/{name}/{version}/{version}",
    "spiffe://example.org/{name}/{team}",
    "spiffe://example.org/{Name}",
    "",
  ])("%j is none", (written) => {
    expect(faultOfTemplate(written)).toMatch(/^expected /)
    expect(() => agentUris([written])).toThrow("expected ")
  })

  test("takes whole segments, and everything else as it is written", () => {
    const read = agentUris(["https://agents.example/a+b/{version}/{name}"])
    expect(read("https://agents.example/a+b/1/x")).toEqual({ name: "x", version: "1" })
    for (const other of [
      "https://agents.example/aab/1/x",
      "https://agentsXexample/a+b/1/x",
      "https://agents.example/a+b/1/x/",
      "https://agents.example/a+b/1/x/y",
      "https://agents.example/a+b/1/",
      "https://agents.example/a+b//x",
      "https://agents.example/a+b/1/x?y",
      "https://agents.example/a+b/1/x%2Fy",
      "xhttps://agents.example/a+b/1/x",
      "https://agents.example/a+b/1/x\n",
    ])
      expect([other, read(other)]).toEqual([other, undefined])
  })

  test("gives back every name and version that it was filled with, and never a slash", () => {
    const read = agentUris([template])
    const name = fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/)
    const version = fc.stringMatching(/^[0-9A-Za-z][0-9A-Za-z.+_-]{0,20}$/)
    fc.assert(
      fc.property(name, version, (name, version) => {
        expect(read(uri(`${name}@${version}`))).toEqual({ name, version })
      }),
    )
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (tail) => {
        const found = read(`spiffe://example.org/agent/${tail}`)
        if (found !== undefined) expect(tail).toBe(`${found.name}/${found.version}`)
      }),
    )
  })
})
