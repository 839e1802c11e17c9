import { written } from "../../registry/model.ts"
import { notationOf } from "../../schema/types/notation.ts"
import { sourcesOf } from "../expr/sources.ts"
import { endsOf } from "./order.ts"
import type { Graph, Node, Plan, Step } from "./plan.ts"
import type { PlanTypes } from "./plan-types.ts"
import { nodeWords, policyWords } from "./words.ts"

/**
 * A plan as a Mermaid flowchart: solid lines are the order, with the type of what flows along them and whether the step
 * at their end is proven to take it; dotted ones are what happens when a step fails.
 */
export function drawPlan({ tool, root }: Plan, types: PlanTypes): readonly string[] {
  const drawing = new Drawing(types)
  drawing.whole(root)
  return ["flowchart TD", `  %% ${escaped(written(tool))}`, ...drawing.lines]
}

/** Characters of a type. */
const typeMax = 48

class Drawing {
  readonly lines: string[] = []
  readonly #types: PlanTypes
  #nodes = 0

  constructor(types: PlanTypes) {
    this.#types = types
  }

  /** The graph of the composition, between what goes in and what comes out. */
  whole(graph: Graph): void {
    const indent = "  "
    const { input = true, output = true } = this.#types.get(graph) ?? {}
    this.#line(indent, `input(["input"])`)
    const names = this.graph(graph, indent)
    this.#line(indent, `output(["output<br/>${escaped(notationOf(output, typeMax))}"])`)
    for (const step of graph.steps) {
      if (step.after.length > 0) continue
      const type = readBy(step).includes("input") ? [notationOf(input, typeMax)] : []
      this.#edge(indent, "input", names.get(step.id) ?? "", [...type, ...proven(step)])
    }
    const ends = endsOf(graph)
    const read = sourcesOf(graph.output)
    for (const step of graph.steps)
      if (ends.includes(step.id))
        this.#edge(indent, names.get(step.id) ?? "", "output", this.#given(step, read))
  }

  /** Draws the steps and the edges between them; gives their names. */
  graph({ steps }: Graph, indent: string): ReadonlyMap<string, string> {
    const names = new Map(steps.map((step) => [step.id, this.#step(step, indent)] as const))
    for (const step of steps)
      for (const earlier of steps.filter(({ id }) => step.after.includes(id))) {
        const words = [...this.#given(earlier, readBy(step)), ...proven(step)]
        this.#edge(indent, names.get(earlier.id) ?? "", names.get(step.id) ?? "", words)
      }
    return names
  }

  /** The type of what a step gives, where that is read. */
  #given(step: Step, read: readonly string[]): readonly string[] {
    const type = this.#types.get(step)
    return type === undefined || !read.includes(step.id) ? [] : [notationOf(type.output, typeMax)]
  }

  #edge(indent: string, from: string, to: string, words: readonly string[]): void {
    const label = words.length === 0 ? "" : `|"${words.map(escaped).join("<br/>")}"|`
    this.#line(indent, `${from} -->${label} ${to}`)
  }

  #step(step: Step, indent: string): string {
    const { id, node, policies, undo, pivot } = step
    const words = [pivot ? `${id} (pivot)` : id, nodeWords(node), ...policyWords(policies)]
    const name = this.#node(words, node, indent)
    const { onError } = policies
    if (onError?.run !== undefined) {
      const fallback = this.#node([nodeWords(onError.run.node)], onError.run.node, indent)
      this.#line(indent, `${name} -. on error .-> ${fallback}`)
    }
    if (undo !== undefined) {
      const undoing = this.#node([nodeWords(undo.node)], undo.node, indent)
      this.#line(indent, `${name} -. undo .-> ${undoing}`)
    }
    return name
  }

  #node(words: readonly string[], node: Node, indent: string): string {
    const name = `n${++this.#nodes}`
    const label = `"${words.map(escaped).join("<br/>")}"`
    if (node.kind !== "graph") {
      this.#line(indent, node.kind === "approve" ? `${name}{{${label}}}` : `${name}[${label}]`)
      return name
    }
    this.#line(indent, `subgraph ${name} [${label}]`)
    this.graph(node.graph, `${indent}  `)
    this.#line(indent, "end")
    return name
  }

  #line(indent: string, text: string): void {
    this.lines.push(indent + text)
  }
}

const proven = ({ isProven }: Step): readonly string[] => (isProven ? ["proven"] : [])

/** Where the input of a step comes from, that of each item included. */
const readBy = ({ input, policies: { forEach } }: Step): readonly string[] =>
  [input, ...(forEach ? [forEach.over] : [])].flatMap(sourcesOf)

/** Names come from documents: nothing in them may be read as part of the diagram. */
const escaped = (text: string): string =>
  text.replace(/[&<>"#;`|\n\r]/g, (character) => `#${character.codePointAt(0)};`)
