import type { PatternName } from "../../registry/spec/pattern-names.ts"
import { patternOf } from "../../registry/spec/patterns.ts"
import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import { bind } from "../expr/bind.ts"
import { bindMapping } from "../expr/bind-mapping.ts"
import type { Expr } from "../expr/expr.ts"
import { given, numberIn, objectIn, wordIn } from "../expr/members.ts"
import { inside } from "../expr/place.ts"
import { lowerAgent, lowerTool } from "./callee.ts"
import { lowerCapabilityRouter } from "./capability-router.ts"
import {
  filterOf,
  lowerClaimCheck,
  lowerConfidence,
  lowerEnricher,
  lowerRecipientList,
  lowerRouter,
  lowerSemanticDedup,
  lowerWireTap,
} from "./catalogue.ts"
import { pipelineOf } from "./graphs.ts"
import { checkLimit } from "./limits.ts"
import {
  entered,
  graphInput,
  type Lowered,
  type Lowering,
  nothing,
  type Spot,
  stepSpot,
  stepValue,
} from "./lowering.ts"
import { measure } from "./measure.ts"
import { lowerPipeline } from "./pipeline.ts"
import type { Ask, Graph } from "./plan.ts"
import { lowerSaga } from "./saga.ts"
import { lowerScatter } from "./scatter.ts"
import { lowerStep } from "./step.ts"
import { peel } from "./wrappers.ts"

type LowerGraph = (spec: JsonObject, spot: Spot, lowering: Lowering) => Graph

/** The patterns that are graphs. */
const graphs: { readonly [pattern in PatternName]?: LowerGraph } = {
  pipeline: lowerPipeline,
  scatterGather: lowerScatter,
  saga: lowerSaga,
  claimCheck: lowerClaimCheck,
  router: lowerRouter,
  enricher: lowerEnricher,
  wireTap: lowerWireTap,
  recipientList: lowerRecipientList,
  capabilityRouter: lowerCapabilityRouter,
  semanticDedup: lowerSemanticDedup,
  confidenceAggregator: lowerConfidence,
}

/** Those that only compute. */
const values: { readonly [pattern in PatternName]?: (spec: JsonObject) => Expr } = {
  filter: filterOf,
  schemaMap: (spec) => bindMapping(spec, "self"),
}

/** What an operation does. Wrappers around it, which no step has taken, become a step in a graph of its own. */
export function lowerNode(operation: JsonObject, spot: Spot, lowering: Lowering): Lowered {
  const lowered = lowerOperation(operation, spot, lowering)
  spot.written?.set(lowered.node, spot.pointer)
  return lowered
}

function lowerOperation(operation: JsonObject, spot: Spot, lowering: Lowering): Lowered {
  if (peel(operation, spot).layers.length > 0)
    return asNode(oneStep({ id: "inner", operation, spot }, lowering))
  const tool = member(operation, "tool")
  if (tool !== undefined) return lowerTool(tool, inside(spot, "tool"), lowering)
  const agent = objectIn(operation, "agent")
  if (agent !== undefined) return lowerAgent(agent, inside(spot, "agent"), lowering)
  const value = member(operation, "value")
  if (value !== undefined) return asValue(bind(value, inside(spot, "value")))
  const approve = objectIn(operation, "approve")
  if (approve !== undefined) return lowerApprove(approve, inside(spot, "approve"), lowering)
  const pattern = objectIn(operation, "pattern")
  return pattern === undefined ? nothing : lowerPattern(pattern, inside(spot, "pattern"), lowering)
}

const asValue = (value: Expr): Lowered => ({ node: { kind: "value", value }, effect: "read" })

const asNode = (graph: Graph): Lowered => ({
  node: { kind: "graph", graph },
  effect: measure(graph).effect,
})

function lowerPattern(spec: JsonObject, spot: Spot, lowering: Lowering): Lowered {
  const name = patternOf(spec)
  const body = name && objectIn(spec, name)
  if (name === undefined || body === undefined) return nothing
  const lower = graphs[name]
  if (lower !== undefined) return asNode(lower(body, inside(spot, name), lowering))
  const compute = values[name]
  return compute === undefined ? nothing : asValue(compute(body))
}

/** The graph of a whole composition. */
export function lowerGraph(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const name = patternOf(spec)
  const body = name && objectIn(spec, name)
  const lower = name && graphs[name]
  if (name !== undefined && body !== undefined && lower !== undefined)
    return lower(body, inside(spot, name), lowering)
  return oneStep({ id: "main", operation: { pattern: spec }, spot: respelt(spot) }, lowering)
}

/** The spec of a composition is looked at as the pattern of an operation, which is not written. */
function respelt(spot: Spot): Spot {
  const without = (pointer: string) =>
    spot.pointer + pointer.slice(`${spot.pointer}/pattern`.length)
  return {
    ...spot,
    report: (problem) => spot.report({ ...problem, pointer: without(problem.pointer) }),
    ...given({
      written: spot.written && {
        set: (part: object, pointer: string) => spot.written?.set(part, without(pointer)),
      },
    }),
  }
}

interface OneStep {
  readonly id: string
  readonly operation: JsonObject
  readonly spot: Spot
}

function oneStep({ id, operation, spot }: OneStep, lowering: Lowering): Graph {
  const at = stepSpot(entered(spot), id)
  const draft = { id, written: {}, operation, operationKey: undefined, input: graphInput, spot: at }
  return pipelineOf([{ ...lowerStep(draft, lowering), after: [] }], stepValue(id), { rawOf: id })
}

const approvalDefaultMs = 24 * 60 * 60_000

function lowerApprove(approve: JsonObject, spot: Spot, { limits }: Lowering): Lowered {
  const timeoutMs = numberIn(approve, "timeoutMs") ?? approvalDefaultMs
  const { approvalMs: max } = limits
  const what = "milliseconds for an answer"
  checkLimit({ what, found: timeoutMs, max, limit: "approvalMs" }, inside(spot, "timeoutMs"))
  const ask: Ask = {
    message: messageOf(member(approve, "message") ?? "", inside(spot, "message")),
    ...given({ schema: member(approve, "schema") }),
    to: wordIn(approve, "to", ["caller", "operator"]) ?? "caller",
    timeoutMs,
  }
  // A person is asked once, and not before what comes earlier has happened.
  return { node: { kind: "approve", ask }, effect: "effect" }
}

const messageOf = (message: Json, spot: Spot): Expr =>
  isObject(message) ? bind(message, spot) : { kind: "constant", value: message }
