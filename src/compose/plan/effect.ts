import type { JsonObject } from "../../schema/json.ts"
import type { Effect } from "./plan.ts"

const order: readonly Effect[] = ["read", "idempotent", "unproven", "effect"]

/** The worst of several. */
export const worst = (...effects: readonly Effect[]): Effect =>
  effects.reduce((one, other) => (order.indexOf(other) > order.indexOf(one) ? other : one), "read")

/** May be sent again without a second effect. */
export const isRepeatable = (effect: Effect): boolean =>
  effect === "read" || effect === "idempotent"

/** What the annotations of a tool say (MCP ToolAnnotations); of what they do not say nothing is assumed. */
export function effectOf(annotations: JsonObject | undefined): Effect {
  const { readOnlyHint, idempotentHint, destructiveHint } = annotations ?? {}
  if (readOnlyHint === true) return "read"
  if (idempotentHint === true) return "idempotent"
  return readOnlyHint === false || destructiveHint === true ? "effect" : "unproven"
}
