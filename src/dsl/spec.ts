import type { Json, JsonObject } from "../registry/model.ts"
import type { PatternName } from "../registry/spec/pattern-names.ts"
import { type Operation, operates, operationJson } from "./operation.ts"

/** A composition: one pattern. It is the `spec` of a tool, or an operation within another pattern. */
export interface Spec extends Operation {
  readonly kind: "spec"
}

/** A pattern with its body, as a document has it. `body` is the object that knows where it was written. */
export const specOf = (pattern: PatternName, body: JsonObject): Spec =>
  operates({ kind: "spec" } as const, { pattern: { [pattern]: body } })

/** The spec alone, as a tool has it. */
export function specJson(spec: Spec): Json {
  const operation = operationJson(spec) as JsonObject
  return operation["pattern"] ?? operation
}
