import type { Edge, Graph, Node, NodeKind } from "../graph/graph.ts"

/** What is drawn of a registry: entities, and what they need of each other. */
export interface Picture {
  readonly title: string
  /** In one order whatever the order of the document. */
  readonly nodes: readonly PictureNode[]
  /** At most one from one node to another. */
  readonly edges: readonly PictureEdge[]
}

export const pictureKinds = ["agent", "tool", "server", "schema", "package", "model"] as const
export type PictureKind = (typeof pictureKinds)[number]

export interface PictureNode {
  readonly id: string
  readonly kind: PictureKind
  readonly name: string
  readonly version: string | undefined
  readonly description: string | undefined
  /** Of a composition: `pipeline`, `saga`, … */
  readonly pattern: string | undefined
  readonly isDeprecated: boolean
  /** The picture is drawn around it. */
  readonly isCentre: boolean
  /** Something refers to it, and it is not registered. */
  readonly isMissing: boolean
}

/** `from` needs `to`. Both are ids of nodes, and never the same. */
export interface PictureEdge {
  readonly from: string
  readonly to: string
  /** Reasons, sorted: `depends`, `source`, `inputSchema`, … */
  readonly why: readonly string[]
}

export interface PictureOptions {
  readonly title: string
  /** Schemas, too: of registries that name many they are most of a picture. */
  readonly schemas: boolean
}

/** What is to be seen of a graph or of a slice: everything but the registry itself. */
export function pictureOf(graph: Graph, { title, schemas }: PictureOptions): Picture {
  const isSeen = (kind: NodeKind, id: string) => schemas || kind !== "schema" || id === graph.root
  const registered = graph.nodes.flatMap((node) =>
    node.kind !== "registry" && isSeen(node.kind, node.id) ? [seen(node, graph.root)] : [],
  )
  const missing = graph.unresolved.flatMap(({ from, kind, name, version }) =>
    isSeen(kind, "") ? [{ from, node: absent(kind, name, version) }] : [],
  )
  const nodes = new Map([...registered, ...missing.map(({ node }) => node)].map((n) => [n.id, n]))
  const edges = [
    ...graph.edges,
    ...missing.map(({ from, node }) => ({ from, to: node.id, why: "missing" })),
  ].filter(({ from, to }) => nodes.has(from) && nodes.has(to))
  return { title, nodes: [...nodes.values()], edges: merged(edges) }
}

type Seen = Exclude<Node, { kind: "registry" }>

function seen(node: Seen, root: string): PictureNode {
  const { id, kind, name, version, description } = node
  return {
    ...{ id, kind, name, version, description },
    pattern: node.kind === "tool" ? node.pattern : undefined,
    isDeprecated: "deprecated" in node && node.deprecated !== undefined,
    isCentre: id === root,
    isMissing: false,
  }
}

const absent = (kind: PictureKind, name: string, version: string | undefined): PictureNode => ({
  id: `missing ${kind} ${name} ${version ?? ""}`,
  ...{ kind, name, version },
  ...{ description: undefined, pattern: undefined, isDeprecated: false, isCentre: false },
  isMissing: true,
})

function merged(edges: readonly (Pick<Edge, "from" | "to"> & { why: string })[]): PictureEdge[] {
  const pairs = Map.groupBy(edges, ({ from, to }) => `${from} ${to}`)
  return [...pairs.values()].flatMap((same) => {
    const [first] = same
    if (first === undefined) return []
    const why = [...new Set(same.map((edge) => edge.why))].sort()
    return [{ from: first.from, to: first.to, why }]
  })
}

/** Whether an edge says what something is made of, and not what is called. */
export const isShape = ({ why }: PictureEdge): boolean => why.every((reason) => shapes.has(reason))

const shapes = new Set(["inputSchema", "outputSchema", "$ref", "implementation", "model"])
