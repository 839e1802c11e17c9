import type { Graph, SchemaNode } from "./graph.ts"

/** A schema that is applied to a child of the instance, and how many times. */
interface Term {
  readonly child: number
  readonly times: number
}

/**
 * What a schema applies to the children of an instance. `rest` meets a child that nothing names; a child that is named
 * meets `rest` and one of `named`, whose negative terms take out of `rest` what does not meet that child.
 */
export interface Rows {
  readonly rest: readonly Term[]
  readonly named: readonly (readonly Term[])[]
}

/** Hostile schemas of 2,000 nodes would keep the guard busy for a second; those of real tools need under 500 steps. */
const stepsMax = 50_000

/** Members and items of every schema that meets a child, from the root down; undefined when that is too much work. */
export function allRows(graph: Graph): ReadonlyMap<number, readonly Rows[]> | undefined {
  const budget = { steps: stepsMax }
  const rows = new Map<number, readonly Rows[]>()
  const waiting = [0]
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (rows.has(index)) continue
    const closure = closureOf(graph, index, budget)
    const both = [memberRows(graph, closure, budget), itemRows(graph, closure, budget)]
    if (budget.steps < 0) return
    rows.set(index, both)
    for (const { rest, named } of both)
      for (const term of [rest, ...named].flat())
        if (!rows.has(term.child)) waiting.push(term.child)
  }
  return rows
}

interface Budget {
  steps: number
}

type Closure = readonly (readonly [node: SchemaNode, times: number])[]

/** The schemas that `start` applies in place, itself included, with the number of ways to each. */
function closureOf(graph: Graph, start: number, budget: Budget): Closure {
  const times = new Map<number, number>()
  const stack = [start]
  // The cost of `start` bounds the number of ways, and with it this loop.
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    if (budget.steps-- < 0) return []
    times.set(index, (times.get(index) ?? 0) + 1)
    stack.push(...(graph.nodes[index]?.inPlace ?? []))
  }
  return [...times].flatMap(([index, ways]) => {
    const node = graph.nodes[index]
    return node === undefined ? [] : [[node, ways] as const]
  })
}

function memberRows(graph: Graph, closure: Closure, budget: Budget): Rows {
  const named = new Map<string, Term[]>()
  const rest: Term[] = []
  for (const [node, times] of closure) {
    const others = terms(graph, node.otherMembers, times, budget)
    rest.push(...others, ...terms(graph, node.everyMember, times, budget))
    for (const [name, child] of node.properties)
      append(named, name, [...terms(graph, [child], times, budget), ...without(others, budget)])
  }
  return { rest, named: [...named.values()] }
}

function itemRows(graph: Graph, closure: Closure, budget: Budget): Rows {
  const named = new Map<number, Term[]>()
  const rest: Term[] = []
  for (const [node, times] of closure) {
    const others = terms(graph, node.otherItems, times, budget)
    rest.push(...others, ...terms(graph, node.everyItem, times, budget))
    for (const [position, child] of node.positions.entries())
      append(named, position, [...terms(graph, [child], times, budget), ...without(others, budget)])
  }
  return { rest, named: [...named.values()] }
}

function terms(
  graph: Graph,
  children: readonly number[],
  times: number,
  budget: Budget,
): readonly Term[] {
  budget.steps -= children.length
  return children.map((child) => ({ child: skipReference(graph, child), times }))
}

function without(others: readonly Term[], budget: Budget): readonly Term[] {
  budget.steps -= others.length
  return others.map(({ child, times }) => ({ child, times: -times }))
}

/** A schema that is nothing but a reference stands for its target, which many others may share. */
function skipReference(graph: Graph, start: number): number {
  let index = start
  for (let node = graph.nodes[index]; node !== undefined; node = graph.nodes[index]) {
    const [target] = node.inPlace
    if (node.inPlace.length !== 1 || target === undefined) break
    if (Object.keys(node.schema ?? {}).join() !== "$ref") break
    index = target
  }
  return index
}

function append<Key>(map: Map<Key, Term[]>, key: Key, more: readonly Term[]): void {
  const row = map.get(key)
  if (row === undefined) map.set(key, [...more])
  else row.push(...more)
}
