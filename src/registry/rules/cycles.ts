import type { Draft } from "../draft.ts"
import { type Cycle, type Edge, findCycles } from "../graph.ts"
import type { AgentEntity, ToolEntity } from "../model.ts"
import type { Problem, Report } from "../problem.ts"
import type { Links, Target } from "../resolve/links.ts"
import { quoted } from "../resolve/words.ts"

type Node = ToolEntity | AgentEntity

/**
 * Tools and agents that call each other in a circle: no call among them would ever end. Edges come from what may be
 * called (`depends`) and from every call that is written, wherever a pattern puts it.
 */
export function* checkCycles(
  draft: Draft,
  links: Links,
  report: Report,
): Generator<void, void, void> {
  const nodes: readonly Node[] = [...draft.document.tools, ...draft.document.agents]
  const numbers = new Map(nodes.map((node, number) => [node, number] as const))
  const edges: Edge[][] = []
  for (const node of nodes) {
    edges.push(edgesOf(node, draft, links, numbers))
    if (edges.length % 100 === 0) yield
  }
  for (const cycle of yield* findCycles(edges)) report(circular(cycle, nodes))
}

function edgesOf(
  node: Node,
  { compositions }: Draft,
  links: Links,
  numbers: ReadonlyMap<Node, number>,
): Edge[] {
  const edges: Edge[] = []
  const add = (target: Target | undefined, pointer: string) => {
    const to = target && numbers.get(target.entity)
    if (to !== undefined) edges.push({ to, pointer })
  }
  for (const { target, pointer } of links.depends.get(node) ?? []) add(target, pointer)
  // Agents have no compositions: the look-up finds nothing for them.
  const composition = "card" in node ? undefined : compositions.get(node)
  for (const call of composition?.calls ?? []) add(links.calls.get(call)?.target, call.pointer)
  return edges
}

/** A circle is understood from its first members. */
const namesMax = 20

function circular({ members, way }: Cycle, nodes: readonly Node[]): Problem {
  const start = nodes[members[0] ?? 0]
  const names = [start, ...way.map(({ to }) => nodes[to])].map((node) => (node ? quoted(node) : ""))
  const shown =
    names.length > namesMax ? [...names.slice(0, namesMax), "…", names.at(-1) ?? ""] : names
  return {
    code: "circular_dependency",
    severity: "error",
    pointer: way[0]?.pointer ?? "",
    message: `these call each other in a circle: ${shown.join(" → ")}`,
    hint: "remove one of the dependencies",
    data: { members: members.length, cycle: shown },
    related: way.slice(1, namesMax).map(({ pointer, to }) => {
      const node = nodes[to]
      return { pointer, message: `leads on to ${node ? quoted(node) : "the next"}` }
    }),
  }
}
