import { type Graph, type Node, nodeId } from "../portable/graph/graph.ts"
import type { Io } from "./command.ts"
import { printableLine } from "./printable.ts"
import { parseRef } from "./ref.ts"

/** The id of an entity by its kind and what was typed; without a version, of the only one of its name. */
export function findNode(
  graph: Graph,
  { kind, written: text }: { readonly kind: Node["kind"]; readonly written: string },
  io: Io,
): string | undefined {
  const { name, version } = parseRef(text)
  const named = graph.nodes.filter((node) => node.kind === kind && node.name === name)
  const found = version === undefined && named.length === 1 ? named[0] : undefined
  const id = found?.id ?? nodeId(kind, name, version)
  if (named.some((node) => node.id === id)) return id
  const versions = named.map((node) => node.version ?? "no version").join(", ")
  const hint = named.length === 0 ? "" : `; there is ${versions}`
  io.err.write(`${printableLine(`${kind} ${text} is not registered${hint}`)}\n`)
  return undefined
}
