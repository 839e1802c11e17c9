import type { Fault } from "./fault.ts"
import type { JsonSchema } from "./json.ts"

/** A compiled schema. */
export interface Validator {
  /**
   * The first faults of `value` (at most ten), or undefined when it fits. Never throws: a validator that crashes, or
   * that exceeds its time box, counts as a fault with the keyword `budget`; a schema that the guard refuses, or that
   * does not compile, as one with the keyword `schema`.
   */
  faults(value: unknown): readonly Fault[] | undefined
}

/** Compiles on first use and remembers by digest, so that a reload does not compile again what has not changed. */
export interface Schemas {
  /** `schema` is self-contained (registry references bundled into `$defs`) and has passed the guard. */
  validator(schema: JsonSchema): Validator
}
