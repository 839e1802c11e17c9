import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose"
import { onTestFinished } from "vitest"
import type { IdentityPorts, JwtSettings } from "../../src/call/identity/settings.ts"

export type Algorithm = "ES256" | "RS256" | "PS256" | "EdDSA"

/** A key pair of an issuer, and tokens signed with it. */
export async function makeKey(kid: string | undefined, alg: Algorithm = "ES256") {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const named = kid === undefined ? {} : { kid }
  const jwk = { ...(await exportJWK(publicKey)), ...named, alg, use: "sig" }
  const sign = (claims: JWTPayload, header: { kid?: string; typ?: string } = named) =>
    new SignJWT(claims).setProtectedHeader({ alg, ...header }).sign(privateKey)
  return { jwk, privateKey, publicKey, sign }
}

/** A real server on loopback that answers with the key set, or as the test says; it counts what it was asked. */
export async function startIssuer(keys: readonly object[]) {
  const state = { keys, status: 200, body: undefined as string | undefined, fetches: 0 }
  const server = createServer((_, response) => {
    state.fetches += 1
    const headers = state.status === 302 ? { location: "/elsewhere" } : {}
    response.writeHead(state.status, headers)
    response.end(state.body ?? JSON.stringify({ keys: state.keys }))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const stop = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections()
      server.close(() => resolve())
    })
  onTestFinished(stop)
  const { port } = server.address() as AddressInfo
  return { state, stop, url: `http://127.0.0.1:${port}/jwks.json` }
}

/** A clock that stands until it is moved, whose tasks run when it passes them, and a real fetch. */
export function testPorts(startMs = 1_750_000_000_000) {
  let nowMs = startMs
  const tasks = new Set<{ atMs: number; task: () => void }>()
  const ports: IdentityPorts = {
    now: () => nowMs,
    async fetchJwks(url, signal) {
      const response = await fetch(url, { redirect: "error", signal })
      if (response.status !== 200) throw new Error(`answered ${response.status}`)
      return response.text()
    },
    after(delayMs, task) {
      const entry = { atMs: nowMs + delayMs, task }
      tasks.add(entry)
      return () => tasks.delete(entry)
    },
  }
  return {
    ports,
    now: () => nowMs,
    seconds: () => Math.floor(nowMs / 1_000),
    advance(ms: number) {
      nowMs += ms
      for (const entry of [...tasks].filter(({ atMs }) => atMs <= nowMs)) {
        tasks.delete(entry)
        entry.task()
      }
    },
  }
}

export const jwtSettings = (
  jwks: JwtSettings["jwks"],
  set: Partial<JwtSettings> = {},
): JwtSettings => ({
  issuer: "https://idp.example",
  audience: ["postern"],
  algorithms: ["ES256", "EdDSA", "PS256", "RS256"],
  claims: { name: "agent_name", version: "agent_version" },
  callerClaims: [],
  jwks,
  clockTolerance: 5,
  maxStaleMs: 86_400_000,
  ...set,
})
