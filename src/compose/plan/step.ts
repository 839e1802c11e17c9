import type { JsonObject } from "../../schema/json.ts"
import type { Expr } from "../expr/expr.ts"
import { given, textIn } from "../expr/members.ts"
import { inside } from "../expr/place.ts"
import { worst } from "./effect.ts"
import { item, type LooseStep, type Lowering, type PolicyContext, type Spot } from "./lowering.ts"
import { lowerPolicies, policiesIn } from "./own-policies.ts"
import type { Policies } from "./policies.ts"
import { fold, peel } from "./wrappers.ts"

/** A step before it is lowered. */
export interface StepDraft {
  readonly id: string
  /** The object that its policies, its name and its operation are members of. */
  readonly written: JsonObject
  /** What it does, and where that is written. */
  readonly operation: JsonObject
  readonly operationKey: string | undefined
  /** With `forEach`, its own or a wrapper's: see `lowerStep`. */
  readonly input: Expr
  /** Where the step stands in its graph; the path is its own. */
  readonly spot: Spot
}

/**
 * Lowers a step: wrappers around its operation become policies of the step itself, as long as they are written in the
 * order in which policies nest; from the first that is not, the rest becomes a graph of one step inside.
 */
export function lowerStep(draft: StepDraft, lowering: Lowering): LooseStep {
  const { id, written, operation, operationKey, spot } = draft
  const operationSpot = operationKey === undefined ? spot : inside(spot, operationKey)
  const { layers, core, coreSpot } = peel(operation, operationSpot)
  const folds = fold(policiesIn(written), layers)
  const next = layers[folds.length]
  const innerSpot = next?.spot ?? coreSpot
  const { node, effect } = lowering.node(
    next?.operation ?? core,
    folds.length === 0 ? innerSpot : { ...innerSpot, input: "self" },
  )
  spot.written?.set(node, spot.pointer)
  const context: PolicyContext = { lowering, node, effect, spot }
  let policies: Policies = lowerPolicies(written, context)
  for (const { layer, names } of folds) {
    const asPolicies = layer.wrapper.asPolicies(layer.spec, names)
    const there: Spot = { ...layer.spot, path: spot.path, input: "self", isRespelt: true }
    policies = { ...policies, ...lowerPolicies(asPolicies, { ...context, spot: there }) }
  }
  const mapsItself = folds.some(({ names }) => names.includes("forEach"))
  return {
    id,
    ...given({ name: textIn(written, "name") }),
    input: mapsItself ? item : draft.input,
    node,
    policies:
      mapsItself && policies.forEach !== undefined
        ? { ...policies, forEach: { ...policies.forEach, over: draft.input } }
        : policies,
    effect: worst(effect, policies.onError?.run?.effect ?? "read"),
  }
}
