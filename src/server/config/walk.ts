import { type Document, isMap, isScalar, isSeq, type Node } from "yaml"

export type Path = readonly PropertyKey[]

/** One member of a mapping or one element of a list. */
interface Entry {
  /** The mapping or list. */
  readonly parent: object
  readonly path: Path
  /** Undefined for elements; a key need not be a word, but those of a configuration are. */
  readonly key: Node | undefined
  readonly value: Node | undefined
}

/** Every member and element of a YAML document; aliases are not followed. Without recursion: depth is the author's choice. */
export function* entries(document: Document): Generator<Entry> {
  const waiting: { node: Node; path: Path }[] = []
  if (document.contents !== null) waiting.push({ node: document.contents, path: [] })
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, path } = next
    for (const { key, name, value } of children(node)) {
      const below = [...path, name]
      yield { parent: node, path: below, key, value }
      if (value !== undefined) waiting.push({ node: value, path: below })
    }
  }
}

function* children(node: Node): Generator<{
  key: Node | undefined
  name: PropertyKey
  value: Node | undefined
}> {
  if (isMap<Node, Node | null>(node)) {
    for (const { key, value } of node.items)
      yield { key, name: isScalar(key) ? String(key.value) : "", value: value ?? undefined }
  } else if (isSeq<Node>(node)) {
    for (const [name, value] of node.items.entries()) yield { key: undefined, name, value }
  }
}

/** Where `path` is written: its key, or where it is missing, the place that lacks it. */
export function offsetOf(document: Document, path: Path): number {
  for (let end = path.length; end > 0; end--) {
    const parent = end === 1 ? document.contents : document.getIn(path.slice(0, end - 1), true)
    const offset = childOffset(parent, path[end - 1])
    if (offset !== undefined) return offset
  }
  return 0
}

function childOffset(parent: unknown, name: PropertyKey | undefined): number | undefined {
  if (isSeq<Node>(parent) && typeof name === "number") return parent.items[name]?.range?.[0]
  if (!isMap(parent)) return
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === name)
  return isScalar(pair?.key) ? pair.key.range?.[0] : undefined
}
