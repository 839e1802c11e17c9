import { chances } from "../../support/chances.ts"

/** Where every random choice of the faults begins: `FAULT_SEED=7 npm run faults` plays the same again. */
export const seed = Number(process.env["FAULT_SEED"] ?? 1)

/** Numbers from 0 to 1, the same for the same seed and fault. */
export const seeded = (fault: number): (() => number) => chances(seed * 1_000 + fault)
