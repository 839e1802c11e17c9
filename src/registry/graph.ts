/** One reference from a node to another; nodes are numbered from 0. */
export interface Edge {
  readonly to: number
  /** Where the reference is written. */
  readonly pointer: string
}

/** Nodes that reach each other, and one shortest way round through the lowest of them. */
export interface Cycle {
  /** In ascending order. */
  readonly members: readonly number[]
  /** The edges of the way round: the first leaves `members[0]`, the last comes back to it. */
  readonly way: readonly Edge[]
}

/** Nodes between two pauses: a few tenths of a millisecond. */
const slice = 500

/**
 * Every strongly connected component that holds a cycle, in the order of their lowest members. Uses explicit stacks, so
 * that a chain of 100,000 nodes costs memory and not the call stack.
 */
export function* findCycles(
  edges: readonly (readonly Edge[])[],
): Generator<void, readonly Cycle[], void> {
  const components = yield* tarjan(edges)
  return components
    .map((members) => ({ members, way: shortestWay(edges, members) }))
    .sort((a, b) => (a.members[0] ?? 0) - (b.members[0] ?? 0))
}

/** The state of Tarjan's algorithm (1972): one number per node, 0 before it is visited. */
interface Visit {
  readonly edges: readonly (readonly Edge[])[]
  readonly order: Uint32Array
  readonly low: Uint32Array
  readonly isOpen: Uint8Array
  /** Visited nodes whose component is not closed. */
  readonly open: number[]
  /** The way from the root to here, and the next edge to follow of each. */
  readonly path: number[]
  readonly next: number[]
  counter: number
}

function* tarjan(edges: readonly (readonly Edge[])[]): Generator<void, number[][], void> {
  const visit: Visit = {
    edges,
    order: new Uint32Array(edges.length),
    low: new Uint32Array(edges.length),
    isOpen: new Uint8Array(edges.length),
    open: [],
    path: [],
    next: [],
    counter: 0,
  }
  const found: number[][] = []
  let steps = 0
  for (let root = 0; root < edges.length; root++) {
    if (visit.order[root] !== 0) continue
    enter(visit, root)
    while (visit.path.length > 0) {
      const closed = step(visit)
      if (closed !== undefined && isCyclic(edges, closed)) found.push(closed.sort((a, b) => a - b))
      if (++steps % slice === 0) yield
    }
  }
  return found
}

function enter(visit: Visit, node: number): void {
  visit.counter++
  visit.order[node] = visit.counter
  visit.low[node] = visit.counter
  visit.isOpen[node] = 1
  visit.open.push(node)
  visit.path.push(node)
  visit.next.push(0)
}

/** Follows one edge of the innermost node, or leaves it. Returns the component that this closes, if one. */
function step(visit: Visit): number[] | undefined {
  const top = visit.path.length - 1
  const node = visit.path[top] ?? 0
  const edge = visit.edges[node]?.[visit.next[top] ?? 0]
  if (edge === undefined) return leave(visit, node)
  visit.next[top] = (visit.next[top] ?? 0) + 1
  if (visit.order[edge.to] === 0) enter(visit, edge.to)
  else if (visit.isOpen[edge.to]) lower(visit, node, visit.order[edge.to] ?? 0)
  return
}

function leave(visit: Visit, node: number): number[] | undefined {
  visit.path.pop()
  visit.next.pop()
  const parent = visit.path.at(-1)
  if (parent !== undefined) lower(visit, parent, visit.low[node] ?? 0)
  if (visit.low[node] !== visit.order[node]) return
  const members = visit.open.splice(visit.open.lastIndexOf(node))
  for (const member of members) visit.isOpen[member] = 0
  return members
}

function lower(visit: Visit, node: number, to: number): void {
  if (to < (visit.low[node] ?? 0)) visit.low[node] = to
}

const isCyclic = (edges: readonly (readonly Edge[])[], members: readonly number[]): boolean =>
  members.length > 1 ||
  members.some((member) => edges[member]?.some(({ to }) => to === member) === true)

/** Breadth first inside the component, from its lowest member back to it. */
function shortestWay(
  edges: readonly (readonly Edge[])[],
  members: readonly number[],
): readonly Edge[] {
  const [start = 0] = members
  const inside = new Set(members)
  const reachedBy = new Map<number, { readonly from: number; readonly edge: Edge }>()
  const queue = [start]
  for (let head = 0; head < queue.length && !reachedBy.has(start); head++) {
    const from = queue[head] ?? start
    for (const edge of edges[from] ?? []) {
      if (!inside.has(edge.to) || reachedBy.has(edge.to)) continue
      reachedBy.set(edge.to, { from, edge })
      queue.push(edge.to)
    }
  }
  const way: Edge[] = []
  for (let at = reachedBy.get(start); at !== undefined; ) {
    way.push(at.edge)
    at = at.from === start ? undefined : reachedBy.get(at.from)
  }
  return way.reverse()
}
