import { createHmac, hash } from "node:crypto"
import type { Digested } from "./audit.ts"

export interface DigestSettings {
  readonly mode: "digest" | "none"
  /** Keyed, a digest tells nothing to those who try out small inputs. */
  readonly key: string | undefined
}

/** A value as JSON text, which takes long enough to be done once, and what the audit says of it. */
export interface Printed {
  readonly text: string
  readonly digested: Digested
}

/**
 * What the audit says of arguments and results: a digest of their JSON text in the order of their keys as received.
 * `hmac-sha256:` and 64 hex digits with a key, else `sha256:` and 64 hex digits.
 */
export function createDigest({ mode, key }: DigestSettings) {
  return (value: unknown): Printed | undefined => {
    if (mode === "none" || value === undefined) return
    const text = JSON.stringify(value)
    return { text, digested: { digest: digestOf(text, key), bytes: Buffer.byteLength(text) } }
  }
}

const digestOf = (text: string, key: string | undefined): string =>
  key === undefined
    ? `sha256:${hash("sha256", text)}`
    : `hmac-sha256:${createHmac("sha256", key).update(text).digest("hex")}`
