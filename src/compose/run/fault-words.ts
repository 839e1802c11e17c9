import type { Fault } from "../../schema/fault.ts"
import { type Failure, failure } from "./outcome.ts"

/*
 * What flows inside a composition may be none of the caller's business: it is told where a value does not fit and what
 * was expected there, and never what stood there.
 */

/** Of arguments that a composition made. */
export function misfitInput(faults: readonly Fault[]): Failure {
  const lines = faults.map(({ at, expected }) => `${placeOf(at)}: expected ${expected}`)
  return failure("input", `its arguments do not fit: ${lines.join("; ")}`)
}

/** Of a result. */
export function misfitOutput(faults: readonly Fault[]): Failure {
  const places = faults.map(({ at }) => placeOf(at)).join(", ")
  return failure("output", `its result breaks its schema: ${places}`)
}

const placeOf = (at: string): string => (at === "" ? "the whole" : at)
