import type { Evidence } from "../../src/call/caller.ts"
import type { IdentitySettings } from "../../src/call/identity/settings.ts"

const trustedPeer = "127.0.0.1"
export const anyPeer = "203.0.113.9"

/** A request that shows nothing of its sender but its address, and what a test adds. */
export const evidence = (shown: Partial<Evidence> = {}): Evidence => ({
  remote: trustedPeer,
  certificate: undefined,
  authorization: undefined,
  agentName: undefined,
  agentVersion: undefined,
  callerAgent: undefined,
  forwardedCertificate: undefined,
  clientInfo: undefined,
  sessionPrincipal: undefined,
  ...shown,
})

/** The gateway's own defaults. */
export const identity = (set: Partial<IdentitySettings> = {}): IdentitySettings => ({
  jwt: [],
  mtls: { agents: [] },
  headers: { trustedFrom: ["127.0.0.0/8", "::1/128"] },
  clientInfo: false,
  minTrust: "asserted",
  onConflict: "deny",
  unknownCaller: "deny",
  ...set,
})
