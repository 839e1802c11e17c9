import { memberOf, walk } from "../../registry/spec/expression.ts"
import { readSource } from "../expr/cel-source.ts"

/** A path that an expression goes along, and fails when there is nothing: `steps.search.total`. */
export interface CelPath {
  readonly root: string
  readonly keys: readonly string[]
  /** It is gone along whenever the expression is evaluated. */
  readonly isSure: boolean
}

type Node = Parameters<typeof walk>[0]

/** The longest paths of an expression; not those that it asks for carefully. */
export function pathsInCel(source: string): readonly CelPath[] {
  const program = readSource(source)?.program
  if (program === undefined) return []
  const found: CelPath[] = []
  const passed = new Set<Node>()
  for (const { node, bound, isSure } of walk(program.ast)) {
    if (node.op === "call" && node.args[0] === "has") node.args[1].forEach(pass)
    const path = passed.has(node) ? undefined : pathTo(node)
    if (path === undefined || bound.has(path.root)) continue
    pass(node)
    found.push({ ...path, isSure })
  }
  return found

  /** The beginnings of a path are no paths of their own. */
  function pass(node: Node): void {
    passed.add(node)
    const owner = memberOf(node)?.owner
    if (owner !== undefined) pass(owner)
  }
}

function pathTo(node: Node): Omit<CelPath, "isSure"> | undefined {
  if (node.op === "id") return { root: node.args, keys: [] }
  const member = memberOf(node)
  if (!member?.isStrict) return
  const owner = pathTo(member.owner)
  return owner && { root: owner.root, keys: [...owner.keys, member.name] }
}
