import type { CatalogTool } from "../../registry/catalog.ts"
import { isList, type JsonObject } from "../../schema/json.ts"
import { objectIn, textsIn } from "../expr/members.ts"
import { inside } from "../expr/place.ts"
import { isThere, lowerTool, registered } from "./callee.ts"
import { worst } from "./effect.ts"
import { pipelineOf } from "./graphs.ts"
import {
  entered,
  graphInput,
  type Lowered,
  type Lowering,
  nothing,
  type Spot,
  self,
  stepSpot,
  stepValue,
} from "./lowering.ts"
import type { Graph, Step } from "./plan.ts"
import type { ErrorClass } from "./policies.ts"

/** What makes the next candidate worth trying: this one is not there, or did not answer. */
const isAway: readonly ErrorClass[] = [
  "circuitOpen",
  "throttled",
  "transport",
  "timeout",
  "unavailable",
]

/**
 * The dependencies with all required capabilities, most preferred ones first, each in case the one before is away; the
 * fallback last. Decided when the plan is made: capabilities are tags and `metadata.capabilities`.
 */
export function lowerCapabilityRouter(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const there = entered(spot)
  const candidates = ranked(spec, lowering).map(({ name, version }) =>
    lowerTool({ name, ...(version === undefined ? {} : { version }) }, there, lowering),
  )
  const fallback = objectIn(spec, "fallback")
  const last = fallback && lowering.node(fallback, inside(there, "fallback"))
  const chain = [...candidates, ...(last === undefined ? [] : [last])]
  if (chain.length === 0) reportNone(spec, spot)
  const step = chained(chain, stepSpot(there, "main"))
  return pipelineOf([step], stepValue("main"), { rawOf: "main" })
}

/** The first, and in case it is away, the rest of the chain. */
function chained(chain: readonly Lowered[], spot: Spot): Step {
  const [first = nothing, ...others] = chain
  const step = { id: "main", after: [], input: graphInput, node: first.node, effect: first.effect }
  if (others.length === 0) return { ...step, policies: {} }
  const rest = chained(others, spot)
  const node =
    others.length === 1
      ? rest.node
      : ({
          kind: "graph",
          graph: pipelineOf([rest], stepValue("main"), { rawOf: "main" }),
        } as const)
  return {
    ...step,
    policies: { onError: { on: isAway, run: { node, input: self, effect: rest.effect } } },
    effect: worst(step.effect, rest.effect),
  }
}

function ranked(spec: JsonObject, { depends, catalog }: Lowering): readonly CatalogTool[] {
  const required = textsIn(spec, "required")
  const preferred = textsIn(spec, "preferred")
  const able = depends.flatMap((grant) => {
    const tool = grant.type === "tool" ? registered(grant, catalog) : undefined
    if (!isThere(tool)) return []
    const capabilities = capabilitiesOf(tool)
    const count = (names: readonly string[]) => names.filter((n) => capabilities.has(n)).length
    return count(required) === required.length ? [{ tool, wishes: count(preferred) }] : []
  })
  // Stable: the order of depends among equals.
  return able.sort((one, other) => other.wishes - one.wishes).map(({ tool }) => tool)
}

function capabilitiesOf({ entity }: CatalogTool): ReadonlySet<unknown> {
  const declared = entity.metadata?.["capabilities"]
  return new Set([...(entity.tags ?? []), ...(isList(declared) ? declared : [])])
}

function reportNone(spec: JsonObject, { report, pointer }: Spot): void {
  const required = textsIn(spec, "required").map((name) => JSON.stringify(name))
  report({
    code: "capability_missing",
    severity: "error",
    pointer,
    message: `no tool in depends is capable of ${required.join(", ")}, and there is no fallback`,
    hint: "add a tool with these tags to depends, or a fallback",
  })
}
