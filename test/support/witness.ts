import type { Json, JsonSchema } from "../../src/schema/json.ts"
import { type SubsumeOptions, subsume } from "../../src/schema/subsume/subsume.ts"

/** A value that fits the schema, if one is found: the exception to the claim that nothing does. */
export function witness(schema: JsonSchema, options?: SubsumeOptions): Json | undefined {
  const found = subsume(schema, false, options)
  return found.answer === "no" ? found.counterexample : undefined
}
