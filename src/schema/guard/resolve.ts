import { isObject, type Json, member, segment, unescaped } from "../json.ts"
import { referenceKeywords } from "../keywords.ts"
import { addTree, type Graph, type SchemaNode } from "./graph.ts"
import { resolveUri } from "./names.ts"
import { checkStructure } from "./structure.ts"

/**
 * Connects every reference with what it leads to. That may be a place that no keyword makes a schema: what stands there
 * is one, then. Nothing outside the schema is ever looked at.
 */
export function resolveReferences(graph: Graph): void {
  // A reference may add nodes; theirs are resolved when their turn comes.
  for (let index = 0; index < graph.nodes.length; index++) {
    const node = graph.nodes[index]
    if (node === undefined || !isObject(node.schema)) continue
    for (const keyword of referenceKeywords) {
      const reference = node.schema[keyword]
      if (typeof reference === "string") connect(graph, node, keyword, reference)
    }
  }
}

type ReferenceKeyword = (typeof referenceKeywords)[number]

function connect(graph: Graph, node: SchemaNode, keyword: ReferenceKeyword, reference: string) {
  if (keyword !== "$ref" && graph.dialect === "draft-07") return // unknown there, hence ignored
  const found = targets(graph, node, keyword, reference)
  node.inPlace.push(...found)
  const [target] = found
  if (keyword === "$ref" && target !== undefined) node.target = target
}

/** The nodes that a reference may lead to; none after a finding. */
function targets(
  graph: Graph,
  node: SchemaNode,
  keyword: ReferenceKeyword,
  reference: string,
): readonly number[] {
  // Ajv takes the root for the target of every recursive reference, and for that of a dynamic one as long as
  // evaluation has not come past its anchor.
  if (keyword === "$recursiveRef") return [0]
  if (keyword === "$dynamicRef") {
    const anchors = graph.names.dynamicAnchors.get(reference.slice(1))
    if (anchors !== undefined) return [...new Set([0, ...anchors])]
    return refuse(graph, node, keyword, `no schema here has the $dynamicAnchor ${quote(reference)}`)
  }
  const target = resolvePlain(graph, node, reference)
  return target === undefined ? [] : [target]
}

function resolvePlain(graph: Graph, node: SchemaNode, reference: string): number | undefined {
  const isLocal = reference.startsWith("#")
  const uri = isLocal ? node.base + reference : resolveUri(reference, node.base)
  const [address = "", fragment = ""] = split(uri ?? reference)
  const resource = graph.names.resources.get(address)
  if (resource === undefined) {
    refuseExternal(graph, node, reference)
    return
  }
  const path = decode(fragment)
  const target =
    path === "" ? resource : follow(graph, resource, address, path, fragment.split("/").slice(1))
  if (target === undefined)
    refuse(graph, node, "$ref", `${quote(reference)} leads to no schema in this schema`)
  return target
}

const split = (uri: string): readonly string[] => {
  const hash = uri.indexOf("#")
  return hash < 0 ? [uri] : [uri.slice(0, hash), uri.slice(hash + 1)]
}

function follow(
  graph: Graph,
  resource: number,
  address: string,
  path: string | undefined,
  keys: readonly string[],
): number | undefined {
  if (path === undefined) return
  if (!path.startsWith("/")) return graph.names.anchors.get(`${address}#${path}`)
  const start = graph.nodes[resource]
  if (start === undefined) return
  let { schema, at, base }: { schema: Json; at: string; base: string } = start
  for (const raw of keys) {
    const written = decode(raw)
    if (written === undefined) return
    const key = unescaped(written)
    const next = child(schema, key)
    if (next === undefined) return
    schema = next
    at += segment(key)
    const known = graph.nodes[graph.byPointer.get(at) ?? -1]
    base = known?.base ?? base
  }
  return graph.byPointer.get(at) ?? adopt(graph, schema, at, base)
}

/** What stands where no keyword makes it a schema, as a schema. */
function adopt(graph: Graph, schema: Json, at: string, base: string): number | undefined {
  if (!isObject(schema) && typeof schema !== "boolean") return
  const { findings } = checkStructure(schema, graph.dialect, { up: undefined, key: "" })
  for (const finding of findings) graph.findings.push({ ...finding, at: at + finding.at.slice(1) })
  return addTree(graph, schema, at, base)
}

/** Own members only: `#/toString` leads nowhere. */
function child(value: Json, key: string): Json | undefined {
  if (isObject(value)) return member(value, key)
  if (!Array.isArray(value) || !/^(?:0|[1-9][0-9]*)$/.test(key)) return
  return value[Number(key)]
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return
    throw error
  }
}

function refuseExternal(graph: Graph, node: SchemaNode, reference: string): void {
  graph.findings.push({
    code: "ref_external",
    at: `${node.at}/$ref`,
    message: `$ref — ${quote(reference)} leads out of this schema; nothing is fetched`,
    hint: 'copy the schema it means into "$defs" and refer to it as "#/$defs/…"',
  })
}

function refuse(graph: Graph, node: SchemaNode, keyword: string, message: string): [] {
  graph.findings.push({
    code: "ref_invalid",
    at: `${node.at}/${keyword}`,
    message: `${keyword} — ${message}`,
  })
  return []
}

/** References can be long, and are told to people. */
const quote = (text: string) => JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)
