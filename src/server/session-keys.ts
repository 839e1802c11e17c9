import { createHash, hkdfSync, randomBytes } from "node:crypto"
import { createSeal, type Seal, type SealKey } from "../mcp/face/seal.ts"
import type { Config } from "./config/config.ts"
import type { Secret } from "./secret.ts"

/**
 * The keys that seal session ids, from the configured secrets: replicas with the same secrets open each other's
 * sessions. Without any, a random one: sessions then end with the process.
 */
export function sessionKeys(secrets: readonly Secret[]): readonly SealKey[] {
  if (secrets.length === 0) return [{ kid: "own", key: randomBytes(32) }]
  return secrets.map((secret) => {
    const key = new Uint8Array(hkdfSync("sha256", secret.reveal(), "", "postern session seal", 32))
    return { kid: createHash("sha256").update(key).digest("hex").slice(0, 8), key }
  })
}

/** Seals what modern callers bring back. The endpoint is part of it: another gateway's is none of ours, same key or not. */
export const requestStateSeal = ({ listen, sessionKeys: secrets }: Config): Seal =>
  createSeal(sessionKeys(secrets), `postern/request-state/1 ${listen.publicUrl ?? listen.path}`)
