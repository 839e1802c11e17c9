import { written } from "../../registry/model.ts"
import { notationOf } from "../../schema/types/notation.ts"
import { sourcesOf } from "../expr/sources.ts"
import { drawLanes, type Stop } from "./lanes.ts"
import { nodesOf } from "./measure.ts"
import { endsOf } from "./order.ts"
import type { Graph, Join, Node, Plan, Step } from "./plan.ts"
import type { PlanTypes } from "./plan-types.ts"
import { effectWords, kindWords, nodeWords, policyWords, timeWords } from "./words.ts"

/**
 * A plan in lines of text: each step in the order of the document with what it waits for, what may run beside it, what
 * it does, what it takes and gives, and its policies from the outside in. To the left the lanes of what may run at the
 * same time. Graphs inside are indented.
 */
export function describePlan({ tool, root, durable }: Plan, types: PlanTypes): readonly string[] {
  const first = `${written(tool)} is ${kindWords[root.kind]}${graphWords(root)}`
  const whole = durable ? `${first}; every run is journaled` : first
  return [whole, ...graphLines(root, types).map((line) => `  ${line}`)]
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

/** Characters of a type. */
const typeMax = 72

function graphLines(graph: Graph, types: PlanTypes): readonly string[] {
  const { steps } = graph
  const width = Math.max(...steps.map(({ id }) => id.length))
  const beside = besideEach(steps)
  const indexes = new Map(steps.map(({ id }, index) => [id, index + 1] as const))
  const { input = true, output = true } = types.get(graph) ?? {}
  const stops = steps.map((step, index): Stop => {
    const after = step.after.flatMap((id) => indexes.get(id) ?? [])
    const [head = "", ...below] = stepLines(step, beside[index] ?? [], types)
    return {
      after: after.length === 0 ? [0] : after,
      lines: [
        `${step.id.padEnd(width)}  ${head}`,
        ...below.map((line) => `${" ".repeat(width)}  ${line}`),
      ],
    }
  })
  const last = endsOf(graph).flatMap((id) => indexes.get(id) ?? [])
  const from = sourcesOf(graph.output)
  return drawLanes([
    { after: [], lines: [`input  ${notationOf(input, typeMax)}`] },
    ...stops,
    { after: last, lines: [`output  ${notationOf(output, typeMax)}${fromWords(from)}`] },
  ])
}

function stepLines(
  step: Step,
  beside: readonly string[],
  types: PlanTypes,
): readonly [string, ...string[]] {
  const when = step.after.length === 0 ? "at once" : `after ${step.after.join(", ")}`
  const company = beside.length === 0 ? "" : `, beside ${beside.join(", ")}`
  const type = types.get(step)
  return [
    `${when}${company}`,
    `${nodeWords(step.node)}${isCalling(step.node) ? ` (${callWords(step)})` : ""}`,
    ...(type === undefined
      ? []
      : [
          `takes ${notationOf(type.input, typeMax)}${fromWords(sourcesOfStep(step))}`,
          `gives ${notationOf(type.output, typeMax)}`,
        ]),
    ...policyWords(step.policies).map((words) => `· ${words}`),
    ...sagaWords(step).map((words) => `· ${words}`),
    ...nodesOf(step).flatMap((node) => insideLines(node, types)),
  ]
}

function sourcesOfStep({ input, policies: { forEach } }: Step): readonly string[] {
  const sources = sourcesOf(input)
  if (forEach === undefined) return sources
  const items = sourcesOf(forEach.over).join(", ")
  return sources.map((name) => (name === "item" && items !== "" ? `each item of ${items}` : name))
}

const fromWords = (sources: readonly string[]): string =>
  sources.length === 0 ? "" : ` from ${sources.join(", ")}`

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

function insideLines(node: Node, types: PlanTypes): readonly string[] {
  if (node.kind === "choose")
    return node.among.flatMap((candidate) => insideLines(candidate.node, types))
  if (node.kind !== "graph") return []
  const { graph } = node
  const lines = graphLines(graph, types).map((line) => `    ${line}`)
  return [`  ${nodeWords(node)}${graphWords(graph)}:`, ...lines]
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
