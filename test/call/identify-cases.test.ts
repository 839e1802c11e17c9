import { describe, expect, test } from "vitest"
import type { IdentitySettings } from "../../src/call/identity/settings.ts"
import { bearer, clock, type Shown, verdict, withJwt } from "../support/callers.ts"
import { anyPeer } from "../support/evidence.ts"

const jwtA = await bearer({ agent_name: "a" })
const jwtA1 = await bearer({ agent_name: "a", agent_version: "1" })
const jwtUser = await bearer({ sub: "user-1" })
const jwtExpired = await bearer({ agent_name: "a", agent_version: "1", exp: clock.seconds() - 60 })
const jwtTwin = await bearer({ agent_name: "twin" })
const both = { ...withJwt, clientInfo: true }
const claimed = { minTrust: "claimed" } as const

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
