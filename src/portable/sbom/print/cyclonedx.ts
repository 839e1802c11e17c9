import type { JsonObject } from "../../../registry/model.ts"
import type { Party, SchemaNode } from "../../graph/graph.ts"
import { writePurl } from "../../graph/purl.ts"
import type { Inventory, Item } from "../inventory.ts"
import type { License } from "../license.ts"
import { type SbomSettings, toolName } from "../settings.ts"
import { defined, type Members } from "./members.ts"

export type CycloneDxVersion = "1.7" | "1.6"

/** A longer schema is represented by its hash alone. */
const attachmentBytesMax = 64 * 1024

/** A CycloneDX document: https://cyclonedx.org/docs/1.7/json/. */
export function cyclonedx(inventory: Inventory, version: CycloneDxVersion): JsonObject {
  const { root, items, uuid, settings } = inventory
  const isService = ({ node }: Item) => node.kind === "server"
  return {
    $schema: `http://cyclonedx.org/schema/bom-${version}.schema.json`,
    bomFormat: "CycloneDX",
    specVersion: version,
    serialNumber: `urn:uuid:${uuid}`,
    version: 1,
    metadata: metadata(root, settings, version),
    components: items.filter((item) => !isService(item)).map(component),
    services: items.filter(isService).map(service),
    dependencies: dependencies(inventory),
    compositions: compositions(inventory),
  }
}

function metadata(root: Item, settings: SbomSettings, version: CycloneDxVersion): JsonObject {
  const { timestamp, toolVersion, author, supplier, tlp } = settings
  const tool = { type: "generic", namespace: undefined, name: toolName, version: toolVersion }
  return defined({
    timestamp,
    lifecycles: [{ phase: "operations" }],
    tools: {
      components: [
        {
          type: "application",
          supplier: { name: "Postern" },
          name: toolName,
          version: toolVersion,
          purl: writePurl({ ...tool, type: "npm" }),
        },
      ],
    },
    authors: author && [defined({ name: author.name, email: author.email })],
    component: component(root),
    supplier: supplier && entity(supplier),
    licenses: [{ license: { id: "CC0-1.0" } }],
    // Of 1.7: the schema of 1.6 refuses it.
    distributionConstraints: version === "1.7" && tlp !== undefined ? { tlp } : undefined,
  })
}

const groups: Readonly<Record<string, string>> = {
  agent: "agents",
  tool: "tools",
  schema: "schemas",
  server: "servers",
}

const tags: Readonly<Record<string, readonly string[]>> = {
  agent: ["a2a", "a2a-agent"],
  tool: ["mcp", "mcp-tool"],
  schema: ["json-schema"],
  server: ["mcp", "mcp-server"],
}

/** The order of the members is that of the format's reference. */
function component(item: Item): JsonObject {
  const { node, supplier, purl } = item
  return defined({
    type: typeOf(item),
    "bom-ref": node.id,
    supplier: supplier && entity(supplier),
    ...named(item),
    description: node.description,
    hashes: node.digest === undefined ? undefined : [hash(node.digest)],
    licenses: licenses(item.license),
    purl,
    externalReferences:
      node.kind === "agent" && node.url !== undefined
        ? [{ type: "distribution", url: node.url }]
        : undefined,
    data: node.kind === "schema" ? [definition(node)] : undefined,
    ...described(item),
  })
}

/** Services have neither purl nor hashes: the digest is a property. */
function service(item: Item): JsonObject {
  const { node, supplier, service: place } = item
  return defined({
    "bom-ref": node.id,
    provider: supplier && entity(supplier),
    ...named(item),
    description: node.description,
    endpoints: place?.endpoints.length ? place.endpoints : undefined,
    authenticated: place?.authenticated,
    "x-trust-boundary": place?.crossesBoundary,
    licenses: licenses(item.license),
    ...described(item),
  })
}

/** The namespace of a package is its group. */
function named({ node, version }: Item): Members {
  const { kind, name } = node
  const slash = name.lastIndexOf("/")
  if (kind !== "package" || slash < 0) return { group: groups[kind], name, version }
  return { group: name.slice(0, slash), name: name.slice(slash + 1), version }
}

const described = ({ node, properties }: Item): Members => ({
  properties: properties.map(([name, value]) => ({ name: `postern:${name}`, value })),
  tags: tags[node.kind],
})

function typeOf({ node, purl }: Item): string {
  switch (node.kind) {
    case "registry":
      return "platform"
    case "schema":
      return "data"
    case "model":
      return "machine-learning-model"
    case "package":
      return purl?.startsWith("pkg:oci/") ? "container" : "application"
    case "agent":
    case "tool":
    case "server":
      return "application"
  }
}

function definition({ name, text }: SchemaNode): JsonObject {
  const bytes = Buffer.from(text, "utf8")
  const attachment = {
    contentType: "application/schema+json",
    encoding: "base64",
    content: bytes.toString("base64"),
  }
  return {
    type: "definition",
    name,
    ...(bytes.length <= attachmentBytesMax && { contents: { attachment } }),
  }
}

const hash = (digest: string): JsonObject => ({
  alg: "SHA-256",
  content: digest.slice("sha256:".length),
})

const entity = ({ name, url, email }: Party): JsonObject =>
  defined({
    name,
    url: url === undefined ? undefined : [url],
    contact: email === undefined ? undefined : [{ email }],
  })

function licenses(license: License | undefined): readonly JsonObject[] | undefined {
  switch (license?.kind) {
    case undefined:
      return
    case "id":
      return [{ license: { id: license.id } }]
    case "expression":
      return [{ expression: license.expression }]
    case "name":
      return [{ license: { name: license.name } }]
  }
}

/** One entry for every ref, also where it needs nothing: an absent one would say that nothing is known. */
function dependencies({ root, items, edges }: Inventory): readonly JsonObject[] {
  const needs = Map.groupBy(edges, ({ from }) => from)
  const sources = edges.filter(({ why }) => why === "source")
  const provided = Map.groupBy(sources, ({ to }) => to)
  return [root, ...items]
    .map(({ node: { id } }) => id)
    .sort()
    .map((ref) =>
      defined({
        ref,
        dependsOn: unique(needs.get(ref)?.map(({ to }) => to) ?? []),
        provides: provided.has(ref)
          ? unique(provided.get(ref)?.map(({ from }) => from) ?? [])
          : undefined,
      }),
    )
}

/** What is known to be all there is, and what is known not to be: the inside of a server that names no software. */
function compositions({ root, items, edges, incomplete }: Inventory): readonly JsonObject[] {
  const known = new Set(edges.filter(({ why }) => why === "implementation").map(({ from }) => from))
  const opaque = [root, ...items]
    .filter(({ node: { id, kind } }) => kind === "server" && !known.has(id))
    .map(({ node: { id } }) => id)
    .sort()
  const id = root.node.id
  return [
    incomplete.length === 0
      ? { aggregate: "complete", assemblies: [id], dependencies: [id] }
      : { aggregate: "incomplete", dependencies: incomplete },
    ...(opaque.length === 0 ? [] : [{ aggregate: "incomplete", assemblies: opaque }]),
  ]
}

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort()
