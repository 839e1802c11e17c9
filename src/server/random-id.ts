import { randomFillSync } from "node:crypto"

const pool = Buffer.alloc(4096)
let used = pool.length

/** 128 random bits: 32 hex digits, or 22 of base64url. Drawn in bulk: one system call a record would cost more than the record. */
export function randomId(encoding: "hex" | "base64url" = "hex"): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 16
  return pool.toString(encoding, used - 16, used)
}
