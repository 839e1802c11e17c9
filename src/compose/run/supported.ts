import { callsOf, graphsIn, measure, nodesOf } from "../plan/measure.ts"
import type { CallNode, Graph, Node, Plan } from "../plan/plan.ts"
import type { RunLimits } from "./limits.ts"
import { type Failure, failure, unsupported } from "./outcome.ts"

/** What an interpreter can do. */
export interface Abilities {
  /** It keeps a journal. */
  readonly durable: boolean
}

/** Why a plan is not begun at all: it needs a journal, or is larger than a run may be. */
export function refusalOf(
  plan: Plan,
  limits: RunLimits,
  { durable }: Abilities,
): Failure | undefined {
  const known = judged.get(plan)
  if (known?.limits === limits && known.durable === durable) return known.failure
  const failure = judge(plan.root, limits, durable)
  judged.set(plan, { limits, durable, failure })
  return failure
}

/** Of a plan the answer is always the same, and every run asks. */
const judged = new WeakMap<Plan, Abilities & { limits: RunLimits; failure: Failure | undefined }>()

function judge(root: Graph, limits: RunLimits, durable: boolean): Failure | undefined {
  const { depth } = measure(root)
  if (depth > limits.maxDepth)
    return over({ found: depth, what: "graphs inside each other", limit: "maxDepth" }, limits)
  for (const graph of graphsOf(root)) {
    const needs = durable ? misplacedIn(graph) : journalFor(graph)
    if (needs !== undefined) return { class: "journal", code: unsupported, message: needs }
    const size = tooLarge(graph, limits)
    if (size !== undefined) return size
  }
  return
}

/** The agents that a plan calls: such a step fails when its turn comes. */
export const agentsIn = (plan: Plan): ReadonlySet<string> =>
  new Set(callsIn(plan).flatMap(({ target }) => (target.kind === "agent" ? [target.name] : [])))

/** Every call that a plan may make. */
export const callsIn = ({ root }: Plan): readonly CallNode[] =>
  [...graphsOf(root)].flatMap(({ steps }) => steps.flatMap(nodesOf)).flatMap(callsOf)

/** Every graph of a plan, each once: compositions are shared by all that call them. */
function graphsOf(root: Graph): ReadonlySet<Graph> {
  const found = new Set([root])
  for (const graph of found)
    for (const inner of graph.steps.flatMap(nodesOf).flatMap(graphsIn)) found.add(inner)
  return found
}

/** Where a run cannot wait for a person: it does not go back half way, and what is done once holds others up. */
function misplacedIn({ steps }: Graph): string | undefined {
  for (const step of steps) {
    const { id, node, policies, undo, onUnknown } = step
    const probe = typeof onUnknown === "object" ? onUnknown.probe : undefined
    const undoing = [undo?.node, probe].filter((one) => one !== undefined)
    if (undoing.some(isAsking)) return `what undoes step ${id} asks a person, which it may not`
    if (policies.detached && nodesOf(step).some(isAsking))
      return `step ${id} is detached and asks a person, which it may not`
    if ((policies.once ?? policies.cache) !== undefined && isAsking(node))
      return `step ${id} asks a person, and so its value can be shared with no other run`
  }
  return
}

/** Whether it asks a person, itself or in a graph that it runs. */
const isAsking = (node: Node): boolean =>
  node.kind === "approve" ||
  graphsIn(node).some(({ steps }) => steps.flatMap(nodesOf).some(isAsking))

function askingIn({ steps }: Graph): string | undefined {
  const asking = steps.find((step) => nodesOf(step).some(({ kind }) => kind === "approve"))
  return asking && `step ${asking.id} asks a person, which needs a journal, and there is none here`
}

function journalFor(graph: Graph): string | undefined {
  if (graph.kind === "saga") return "a saga needs a journal, and there is none here"
  const single = graph.steps.find(({ policies }) => policies.once !== undefined)
  if (single !== undefined)
    return `step ${single.id} is to be done once, which needs a journal, and there is none here`
  return askingIn(graph)
}

function tooLarge({ kind, steps }: Graph, limits: RunLimits): Failure | undefined {
  const found = steps.length
  return kind === "scatter"
    ? over({ found, what: "targets", limit: "maxTargets" }, limits)
    : over({ found, what: "steps", limit: "maxSteps" }, limits)
}

interface Excess {
  readonly found: number
  readonly what: string
  readonly limit: keyof RunLimits
}

function over({ found, what, limit }: Excess, limits: RunLimits): Failure | undefined {
  const max = limits[limit]
  if (found <= max) return
  return failure("budget", `${found} ${what}, and at most ${max} are run (limit ${limit})`)
}
