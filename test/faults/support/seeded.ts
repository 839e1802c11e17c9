/** Where every random choice of the faults begins: `FAULT_SEED=7 npm run faults` plays the same again. */
export const seed = Number(process.env["FAULT_SEED"] ?? 1)

/** Numbers from 0 to 1, the same for the same seed and fault (mulberry32). */
export function seeded(fault: number): () => number {
  let state = (seed * 1_000 + fault) >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
