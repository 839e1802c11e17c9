import { written } from "../../registry/model.ts"
import type { Graph, Node, Plan, Step } from "./plan.ts"
import { nodeWords, policyWords } from "./words.ts"

/** A plan as a Mermaid flowchart: solid lines are the order and say where what flows is proven to fit, dotted ones what happens when a step fails. */
export function drawPlan({ tool, root }: Plan): readonly string[] {
  const drawing = new Drawing()
  drawing.graph(root, "  ")
  return ["flowchart TD", `  %% ${written(tool)}`, ...drawing.lines]
}

class Drawing {
  readonly lines: string[] = []
  #nodes = 0

  /** Draws the steps; gives the names of those with which it begins and ends. */
  graph({ steps }: Graph, indent: string): void {
    const names = new Map(steps.map((step) => [step.id, this.#step(step, indent)] as const))
    for (const { id, after, isProven } of steps)
      for (const earlier of after)
        this.#line(
          indent,
          `${names.get(earlier)} -->${isProven ? "|proven|" : ""} ${names.get(id)}`,
        )
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

/** Names come from documents: nothing in them may be read as part of the diagram. */
const escaped = (text: string): string =>
  text.replace(/[&<>"#;`\n\r]/g, (character) => `#${character.codePointAt(0)};`)
