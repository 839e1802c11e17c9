import type { Dialect } from "../dialect.ts"
import { isObject, type Json, type JsonObject, segment } from "../json.ts"
import { type Applicator, applicators, subschemas } from "../keywords.ts"
import type { SchemaFinding } from "./finding.ts"
import { type Identity, identify, type Names, registerNames } from "./names.ts"
import { ownCost } from "./structure.ts"

/** One schema in the schema, and the schemas it applies; all are named by their index in the graph. */
export interface SchemaNode {
  readonly at: string
  readonly schema: Json
  /** What relative references in it are relative to. */
  readonly base: string
  readonly own: number
  /** Applied to the same instance; a schema that is applied twice stands here twice. */
  readonly inPlace: number[]
  /** What its `$ref` leads to; it is one of those in place, too. */
  target?: number
  readonly properties: Map<string, number>
  /** Applied to members that `properties` does not name, and to members of any name. */
  readonly otherMembers: number[]
  readonly everyMember: number[]
  readonly positions: number[]
  readonly otherItems: number[]
  readonly everyItem: number[]
}

export interface Graph {
  readonly root: Json
  readonly dialect: Dialect
  readonly nodes: SchemaNode[]
  readonly byPointer: Map<string, number>
  readonly names: Names
  readonly findings: SchemaFinding[]
}

/** The schemas in a schema and how they apply each other, as far as no reference is involved. */
export function createGraph(root: Json, dialect: Dialect): Graph {
  const names: Names = { resources: new Map(), anchors: new Map(), dynamicAnchors: new Map() }
  const graph: Graph = { root, dialect, nodes: [], byPointer: new Map(), names, findings: [] }
  addTree(graph, root, "", "")
  return graph
}

/** The node for what stands at `at`, made with all schemas below it when there is none. */
export function addTree(graph: Graph, schema: Json, at: string, base: string): number {
  const first = addNode(graph, schema, at, base)
  for (let index = first; index < graph.nodes.length; index++) {
    const node = graph.nodes[index]
    if (node !== undefined && isObject(node.schema)) addChildren(graph, node, node.schema)
  }
  return first
}

function addNode(graph: Graph, schema: Json, at: string, base: string): number {
  const known = graph.byPointer.get(at)
  if (known !== undefined) return known
  const identity: Identity = identify(schema, base, graph.dialect)
  const index = graph.nodes.length
  graph.byPointer.set(at, index)
  graph.nodes.push({
    at,
    schema,
    base: identity.base,
    own: ownCost(schema, graph.dialect),
    inPlace: [],
    properties: new Map(),
    otherMembers: [],
    everyMember: [],
    positions: [],
    otherItems: [],
    everyItem: [],
  })
  const clash = registerNames(graph.names, identity, index)
  if (clash !== undefined)
    graph.findings.push({
      code: "schema_invalid",
      at,
      message: `the schema says ${JSON.stringify(clash)} of itself, and so does another`,
      hint: "give each its own",
    })
  return index
}

function addChildren(graph: Graph, node: SchemaNode, schema: JsonObject): void {
  for (const [keyword, value] of Object.entries(schema)) {
    const applicator = applicators[graph.dialect].get(keyword)
    if (applicator === undefined) continue
    for (const [child, key] of subschemas(keyword, value, applicator.shape)) {
      const at = node.at + segment(keyword) + (key === undefined ? "" : segment(key))
      connect(node, schema, keyword, key, applicator, addNode(graph, child, at, node.base))
    }
  }
}

function connect(
  node: SchemaNode,
  schema: JsonObject,
  keyword: string,
  key: string | number | undefined,
  { applies }: Applicator,
  child: number,
): void {
  if (applies === "inPlace") node.inPlace.push(child)
  else if (applies === "toMembers") connectMember(node, keyword, key, child)
  else if (applies === "toItems") {
    const isIdle = keyword === "additionalItems" && !Array.isArray(schema["items"])
    if (typeof key === "number") node.positions.push(child)
    else if (keyword === "contains") node.everyItem.push(child)
    else if (!isIdle) node.otherItems.push(child)
  }
}

function connectMember(
  node: SchemaNode,
  keyword: string,
  key: string | number | undefined,
  child: number,
): void {
  if (keyword === "properties") node.properties.set(String(key), child)
  else if (keyword === "patternProperties" || keyword === "propertyNames")
    node.everyMember.push(child)
  else node.otherMembers.push(child)
}
