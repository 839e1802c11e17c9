import { canonical } from "../../canonical.ts"
import type { Json } from "../../json.ts"
import type { Clause } from "./clause.ts"
import { everyKind, kinds } from "./kinds.ts"
import { createNode, type Node } from "./node.ts"

const negations = new WeakMap<Node, Node>()
const singles = new WeakMap<Clause, Node>()
const constants = new Map<string, Node>()
/** What is constant in one schema is often constant in the next; beyond this many, memory is worth more. */
const constantsMax = 1_000

/** Everything that does not fit `node`. */
export function negationOf(node: Node): Node {
  const known = negations.get(node)
  if (known !== undefined) return known
  const negation = createNode(node.at, [{ rule: "not", on: everyKind, at: node.at, node }])
  negations.set(node, negation)
  return negation
}

/** Everything that fits one clause. */
export function nodeOf(clause: Clause): Node {
  const known = singles.get(clause)
  if (known !== undefined) return known
  const node = createNode(clause.at, [clause])
  singles.set(clause, node)
  return node
}

/** The node that `make` makes, or made before under the same key. */
function remembered(key: string, make: () => Clause): Node {
  const known = constants.get(key)
  if (known !== undefined) return known
  if (constants.size >= constantsMax) constants.clear()
  const node = createNode("", [make()])
  constants.set(key, node)
  return node
}

export const constantNode = (value: Json): Node =>
  remembered(`= ${canonical(value)}`, () => ({
    rule: "values",
    on: everyKind,
    at: "",
    values: [value],
  }))

export const kindNode = (mask: number): Node =>
  remembered(`type ${mask}`, () => ({ rule: "types", on: everyKind, at: "", mask }))

export const patternNode = (source: string): Node =>
  remembered(`pattern ${source}`, () => ({ rule: "pattern", on: kinds.string, at: "", source }))

export const requiredNode = (name: string): Node =>
  remembered(`required ${name}`, () => ({
    rule: "required",
    on: kinds.object,
    at: "",
    names: [name],
  }))

const neverNode = createNode("", [{ rule: "never", on: everyKind, at: "" }])

export const absentNode = (name: string): Node => memberNode(name, neverNode)

/** Objects whose member `name`, if there is one, fits `node`. */
export const memberNode = (name: string, node: Node): Node =>
  remembered(`member ${node.id} ${name}`, () => ({
    rule: "members",
    on: kinds.object,
    at: "",
    properties: new Map([[name, node]]),
    patterns: [],
    additional: undefined,
  }))
