import { randomFillSync } from "node:crypto"

const bytesPerId = 8
const store = Buffer.alloc(bytesPerId * 512)
let used = store.length

/**
 * A JSON-RPC id that cannot be guessed and is never used twice: 64 random bits as 16 hex digits. With a counter, an answer
 * that a backend sends unasked would fit the next request on the same connection.
 */
export function randomId(): string {
  if (used === store.length) {
    randomFillSync(store)
    used = 0
  }
  used += bytesPerId
  return store.toString("hex", used - bytesPerId, used)
}
