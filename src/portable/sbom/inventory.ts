import {
  type Edge,
  type Graph,
  type Node,
  type Party,
  registryId,
  type Unresolved,
  unversioned,
} from "../graph/graph.ts"
import { slice } from "../graph/slice.ts"
import { purlOf, uuidOf } from "./ids.ts"
import { type License, readLicense } from "./license.ts"
import type { SbomSettings } from "./settings.ts"

/** What is known of a node from elsewhere: configuration, lock, audit. */
export interface Extra {
  /** Names without `postern:`. */
  readonly properties: readonly Property[]
  readonly service?: Service
}

export type Property = readonly [name: string, value: string]
export type Extras = ReadonlyMap<string, Extra>

/** Where a server is. */
export interface Service {
  /** Origin and path. */
  readonly endpoints: readonly string[]
  /** Undefined where that is not known. */
  readonly authenticated: boolean | undefined
  /** Whether calls leave the machine; undefined where that is not known. */
  readonly crossesBoundary: boolean | undefined
}

/** A node with all that is printed of it, whatever the format. */
export interface Item {
  readonly node: Node
  /** Of what has none, a word that says so. */
  readonly version: string
  readonly supplier: Party | undefined
  readonly license: License | undefined
  readonly purl: string | undefined
  /** In the order of their names. */
  readonly properties: readonly Property[]
  readonly service: Service | undefined
}

/** All that an SBOM says: the formats differ in how they say it. */
export interface Inventory {
  readonly root: Item
  /** Without the root, in the order of their ids. */
  readonly items: readonly Item[]
  readonly edges: readonly Edge[]
  /** Nodes that refer to something that is not registered. */
  readonly incomplete: readonly string[]
  readonly documentName: string
  /** The same for the same registry and slice. */
  readonly uuid: string
  readonly settings: SbomSettings
}

/** The inventory of a registry, or of what one of its entities needs. */
export function inventoryOf(
  whole: Graph,
  around: string | undefined,
  { settings, extras }: { readonly settings: SbomSettings; readonly extras: Extras },
): Inventory {
  const registry = whole.nodes.find(({ id }) => id === registryId)
  if (registry === undefined) throw new RangeError("a graph without its registry") // a slice is cut here
  const graph = around === undefined ? whole : slice(whole, around, "needs")
  const skills = skillsOf(graph.edges)
  const unresolved = Map.groupBy(graph.unresolved, ({ from }) => from)
  const itemOf = (node: Node): Item => ({
    node,
    version: versionOf(node),
    ...suppliedBy(node, settings),
    purl: purlOf(node, registry.name),
    properties: propertiesOf(node, [
      ...(extras.get(node.id)?.properties ?? []),
      ...(skills.get(node.id) ?? []),
      ...(unresolved.get(node.id) ?? []).map(unresolvedProperty),
    ]),
    service: extras.get(node.id)?.service,
  })
  const items = graph.nodes.map(itemOf)
  const root = items.find(({ node }) => node.id === graph.root)
  if (root === undefined) throw new RangeError("a graph without its root")
  const { kind, name, version } = root.node
  return {
    root,
    items: items.filter((item) => item !== root),
    edges: graph.edges,
    incomplete: [...unresolved.keys()].sort(),
    documentName:
      around === undefined
        ? registry.name
        : [registry.name, kind, name, ...(version === undefined ? [] : [version])].join("-"),
    uuid: uuidOf(`postern:${registry.digest}${around === undefined ? "" : `#${around}`}`),
    settings,
  }
}

/** What is registered is supplied by whoever has the registry; packages and models only by whom it says. */
function suppliedBy(node: Node, settings: SbomSettings): Pick<Item, "supplier" | "license"> {
  const isForeign = node.kind === "package" || node.kind === "model"
  const supplier = node.kind === "registry" ? undefined : node.supplier
  const license = node.kind === "registry" || node.kind === "model" ? undefined : node.license
  const words = license ?? (isForeign ? undefined : settings.license)
  return {
    supplier: supplier ?? (isForeign ? undefined : settings.supplier),
    license: words === undefined ? undefined : readLicense(words),
  }
}

/** The version as it is printed: an SBOM says of everything which version it is, or that it has none. */
function versionOf({ kind, version }: Node): string {
  if (version !== undefined) return version
  return kind === "package" || kind === "model" ? "unknown" : unversioned
}

function propertiesOf(node: Node, more: readonly Property[]): readonly Property[] {
  const { kind, digest } = node
  const own: Property[] = [["kind", kind]]
  if (digest !== undefined) own.push(["digest", digest])
  if ("deprecated" in node && node.deprecated !== undefined)
    own.push(["deprecated", node.deprecated === "" ? "true" : node.deprecated])
  if (node.kind === "agent") own.push(...node.skills.map((id): Property => ["skills", id]))
  if (node.kind === "tool") {
    if (node.pattern !== undefined) own.push(["pattern", node.pattern])
    own.push(...node.sourceTools.map((name): Property => ["source-tool", name]))
  }
  return [...own, ...more].sort(compareProperties)
}

/** The skills that a node calls, by the node: formats that do not say why an edge is there have them so. */
function skillsOf(edges: readonly Edge[]): ReadonlyMap<string, readonly Property[]> {
  const found = edges.flatMap(({ from, to, skill }) => {
    const agent = to.replace("urn:postern:agent:", "")
    const property: Property = ["depends-skill", `${agent}#${skill}`]
    return skill === undefined ? [] : [{ from, property }]
  })
  const grouped = Map.groupBy(found, ({ from }) => from)
  return new Map(
    grouped.entries().map(([from, list]) => [from, list.map(({ property }) => property)] as const),
  )
}

const unresolvedProperty = ({ kind, name, version }: Unresolved): Property => [
  "unresolved",
  `${kind} ${name}${version === undefined ? "" : `@${version}`}`,
]

/** Properties of one name stay in their order: it may mean something. */
function compareProperties([left]: Property, [right]: Property): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
