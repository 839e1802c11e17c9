import { written } from "../../registry/model.ts"
import { nodesOf } from "./measure.ts"
import type { Graph, Join, Node, Plan, Step } from "./plan.ts"
import { effectWords, kindWords, nodeWords, policyWords, timeWords } from "./words.ts"

/**
 * A plan in lines of text: each step in the order of the document with what it waits for, what may run beside it, what
 * it does, and its policies from the outside in. Graphs inside are indented.
 */
export function describePlan({ tool, root, durable }: Plan): readonly string[] {
  const first = `${written(tool)} is ${kindWords[root.kind]}${graphWords(root)}`
  return [durable ? `${first}; every run is journaled` : first, ...graphLines(root, "  ")]
}

function graphWords(graph: Graph): string {
  const { steps, timeoutMs, maxParallel, join, kind } = graph
  const count = `${steps.length} ${kind === "scatter" ? "target" : "step"}${steps.length === 1 ? "" : "s"}`
  const words = [
    ` of ${count}`,
    timeoutMs !== undefined && ` within ${timeWords(timeoutMs)}`,
    steps.length > maxParallel && `, at most ${maxParallel} at a time`,
    kind === "scatter" && `, ${joinWords(join)}`,
  ]
  return words.filter((word) => typeof word === "string").join("")
}

function joinWords({ wait, failFast, partial }: Join): string {
  const waits = wait === "all" ? "waits for all" : `waits for ${wait} to succeed`
  const fails = failFast ? "the first failure ends it" : undefined
  const enough = partial && wait !== 1 ? "one success is enough in the end" : undefined
  return [waits, fails, enough].filter((word) => word !== undefined).join(", ")
}

function graphLines(graph: Graph, indent: string): readonly string[] {
  const width = Math.max(...graph.steps.map(({ id }) => id.length))
  const beside = besideEach(graph.steps)
  return graph.steps.flatMap((step, index) => {
    const head = `${indent}${step.id.padEnd(width)}  `
    const below = `${indent}${" ".repeat(width)}  `
    const others = beside[index] ?? []
    const when = step.after.length === 0 ? "at once" : `after ${step.after.join(", ")}`
    const company = others.length === 0 ? "" : `, beside ${others.join(", ")}`
    return [
      `${head}${when}${company}`,
      `${below}${nodeWords(step.node)}${isCalling(step.node) ? ` (${callWords(step)})` : ""}`,
      ...policyWords(step.policies).map((words) => `${below}· ${words}`),
      ...sagaWords(step).map((words) => `${below}· ${words}`),
      ...nodesOf(step).flatMap((node) => insideLines(node, `${below}  `)),
    ]
  })
}

/** What may happen, and whether what flows in is known to fit: proved from the schemas, or checked in each run. */
const callWords = ({ effect, isProven }: Step): string =>
  `${effectWords[effect]}; input ${isProven ? "proven" : "checked"}`

const isCalling = ({ kind }: Node): boolean => kind !== "value" && kind !== "approve"

function sagaWords({ undo, pivot, onUnknown }: Step): readonly string[] {
  const unknown = typeof onUnknown === "object" ? `ask ${nodeWords(onUnknown.probe)}` : onUnknown
  const words = [
    pivot && "pivot: from here on the saga only goes forward",
    undo && `undone by ${nodeWords(undo.node)}`,
    unknown && `if its outcome is unknown: ${unknown}`,
  ]
  return words.filter((word) => typeof word === "string")
}

function insideLines(node: Node, indent: string): readonly string[] {
  if (node.kind === "choose")
    return node.among.flatMap((candidate) => insideLines(candidate.node, indent))
  if (node.kind !== "graph") return []
  const { graph } = node
  return [`${indent}${nodeWords(node)}${graphWords(graph)}:`, ...graphLines(graph, `${indent}  `)]
}

/** For each step those that may run at the same time: neither waits for the other. */
function besideEach(steps: readonly Step[]): readonly (readonly string[])[] {
  const before = new Map<string, Set<string>>()
  for (const { id, after } of steps)
    before.set(id, new Set(after.flatMap((step) => [step, ...(before.get(step) ?? [])])))
  const waits = (one: string, other: string) => before.get(one)?.has(other) === true
  return steps.map(({ id }) =>
    steps.flatMap((other) =>
      other.id === id || waits(id, other.id) || waits(other.id, id) ? [] : other.id,
    ),
  )
}
