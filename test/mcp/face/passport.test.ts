import { expect, test } from "vitest"
import type { Evidence } from "../../../src/call/caller.ts"
import { Passports } from "../../../src/mcp/face/forward/passport.ts"
import { createSeal } from "../../../src/mcp/face/seal.ts"
import { sessionKey } from "../../support/face-server.ts"

const evidence: Evidence = {
  remote: "10.0.0.7",
  certificate: undefined,
  authorization: "Bearer x",
  agentName: undefined,
  agentVersion: undefined,
  callerAgent: undefined,
  forwardedCertificate: undefined,
  clientInfo: { name: "c", version: "1" },
  sessionPrincipal: undefined,
}

function passports() {
  const clock = { now: 1_000 }
  const made = (purpose: string) =>
    new Passports(createSeal([sessionKey], purpose), () => clock.now)
  return { clock, one: made("forwarded"), other: made("forwarded"), session: made("session") }
}

test("another replica with the key reads who sent the request, for this body and a moment", () => {
  const { clock, one, other, session } = passports()
  const passport = one.issue(evidence, "body")
  expect(other.read(passport, "body")).toEqual(evidence)
  expect(passport).not.toContain("Bearer")
  expect(other.read(passport, "bodY")).toBeUndefined()
  expect(session.read(passport, "body")).toBeUndefined()
  for (const forged of ["", "p1.k1.AAAA", `${passport}A`, passport.slice(0, -2)])
    expect(other.read(forged, "body")).toBeUndefined()
  clock.now += 30_000
  expect(other.read(passport, "body")).toBeUndefined()
})
