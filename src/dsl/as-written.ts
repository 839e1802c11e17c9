import type { JsonObject } from "../registry/model.ts"
import { operates } from "./operation.ts"
import type { Binding } from "./path.ts"
import { madeBy } from "./site.ts"
import type { Spec } from "./spec.ts"
import { binding } from "./value.ts"

/**
 * A spec, an operation or a binding as a document spells it, where the builder has no words for it, such as annotations
 * in odd places. What it calls is not looked into: it must stand in the `depends` of the tool and among the tools of the
 * registry.
 */
export function asWritten(json: JsonObject): Spec & Binding {
  const made = madeBy(asWritten, { ...json })
  return binding(made, operates({ kind: "spec" } as const, made))
}
