import { randomFillSync } from "node:crypto"

const pool = Buffer.alloc(4096)
let used = pool.length

/** 128 random bits as 32 hex digits. Drawn in bulk: one system call a record would cost more than the record. */
export function randomId(): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 16
  return pool.toString("hex", used - 16, used)
}
