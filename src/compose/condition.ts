import type { Json } from "../schema/json.ts"
import { bindCondition } from "./expr/bind-condition.ts"
import { type Decided, decide } from "./expr/evaluate.ts"
import type { Place } from "./expr/place.ts"

/** Outside of a composition: no step is in sight, and registration has reported what is wrong. */
const nowhere: Place = { level: undefined, input: "input", pointer: "", report: () => undefined }
const noSteps = new Map()

/**
 * Compiles a condition in canonical spelling, CEL or a predicate, to a function of the value that it sees as `input`.
 * Total: it never throws, and what cannot be decided is an error and not false.
 */
export function compileCondition(condition: Json): (input: Json) => Decided {
  const expr = bindCondition(condition, { kind: "path", of: "input", path: "$" }, nowhere)
  return (input) => decide(expr, { frame: { input, steps: noSteps } })
}
