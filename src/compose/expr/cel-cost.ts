import type { ASTNode } from "@marcbachmann/cel-js"
import { comprehensions, memberOf, walk } from "../../registry/spec/expression.ts"
import { isObject, member } from "../../schema/json.ts"
import { overrun, type Run, spend } from "./run.ts"

/*
 * Nothing stops a CEL expression once it is begun. What it may take is therefore worked out before: from the loops that it
 * has, and the size of what they go through.
 */

/** What tells how long an expression takes, by the size of what it looks at. */
export interface CelCost {
  /** How many loops over data it has inside each other: comprehensions, and what looks through all of a value. */
  readonly nesting: number
  /** What it looks at, as far as that is written: of `input.urls[0].host` it is `input.urls`. */
  readonly paths: readonly Path[]
  /** It cuts texts to arrays, which may be as long as they. */
  readonly splits: boolean
}

interface Path {
  readonly root: string
  readonly keys: readonly string[]
}

export function costOf(root: ASTNode): CelCost {
  const paths: Path[] = []
  const passed = new Set<ASTNode>()
  let nesting = 0
  let splits = false
  for (const { node, bound, nesting: around, item } of walk(root)) {
    nesting = Math.max(nesting, looksThroughAll(node, item) ? around + 1 : around)
    splits ||= node.op === "rcall" && node.args[0] === "split"
    const path = passed.has(node) ? undefined : pathTo(node, passed)
    if (path !== undefined && !bound.has(path.root)) paths.push(path)
  }
  return { nesting, paths, splits }
}

/**
 * Whether a node goes through a whole value, and in a comprehension through the same one each time: what belongs to the
 * item of the comprehension is gone through once, however many items there are.
 */
function looksThroughAll(node: ASTNode, item: string | undefined): boolean {
  return lookedThrough(node).some((value) => {
    const isWritten = value.op === "value" || value.op === "list"
    return !isWritten && (item === undefined || !mentions(value, item))
  })
}

function lookedThrough(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case "in":
      return [node.args[1]]
    case "rcall":
      return comprehensions.includes(node.args[0]) ? [] : [node.args[1]]
    case "+":
      // To a list that is written here the other one is copied.
      return node.args.some(({ op }) => op === "list") ? node.args : []
    case "call":
      return node.args[0] === "size" ? node.args[1] : []
    default:
      return []
  }
}

const mentions = (node: ASTNode, name: string): boolean =>
  [...walk(node)].some((visit) => visit.node.op === "id" && visit.node.args === name)

/** The path that ends at a node; the nodes that it leads over are `passed`. */
function pathTo(node: ASTNode, passed: Set<ASTNode>): Path | undefined {
  if (node.op === "id") return { root: node.args, keys: [] }
  const step = memberOf(node)
  const owner = step && pathTo(step.owner, passed)
  if (step === undefined || owner === undefined) return
  passed.add(step.owner)
  return { root: owner.root, keys: [...owner.keys, step.name] }
}

/** Rounds of loops inside each other: those over 1,000 items in those over 1,000. */
const roundsMax = 1_000_000
/** Characters of a text that are looked through in the time of one round. */
const roundChars = 64

/** Whether the run can pay for the loops of an expression, which nothing stops once they are begun. */
export function affords({ nesting, paths, splits }: CelCost, context: Context, run: Run): boolean {
  // What is computed for each of many items is a loop itself.
  const isRepeated = nesting > 0 && context["item"] !== undefined
  if (nesting < 2 && !isRepeated) return true
  const sizes = paths.map((path) => sizeOf(valueAt(path, context), run))
  const largest = Math.max(
    0,
    ...sizes.map(({ members, chars }) => Math.max(members, splits ? chars : chars / roundChars)),
  )
  const rounds = largest ** nesting
  if (rounds <= roundsMax) return spend(run, isRepeated ? rounds >>> 3 : 0)
  overrun(run, `loops inside each other take more than ${roundsMax} rounds`)
  return false
}

/** The variables of an expression. */
export interface Context {
  readonly [root: string]: unknown
}

const valueAt = ({ root, keys }: Path, context: Context): unknown =>
  keys.reduce<unknown>(
    (value, key) => (isObject(value) ? member(value, key) : undefined),
    context[root],
  )

interface Size {
  /** Of the largest array or object. */
  readonly members: number
  /** Of the longest text. */
  readonly chars: number
}

/** Values do not change: what every item of a filter is tested against is measured once. */
const known = new WeakMap<object, Size>()

function sizeOf(whole: unknown, run: Run): Size {
  if (typeof whole !== "object" || whole === null)
    return { members: 0, chars: typeof whole === "string" ? whole.length : 0 }
  const size = known.get(whole) ?? measured(whole, run)
  if (run.error === undefined) known.set(whole, size) // what could not be paid for was not measured to its end
  return size
}

function measured(whole: object, run: Run): Size {
  let [members, chars] = [0, 0]
  const open: unknown[] = [whole]
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value === "string") chars = Math.max(chars, value.length)
    if (typeof value !== "object" || value === null) continue
    const inner = Object.values(value)
    if (!spend(run, inner.length >>> 3)) break
    members = Math.max(members, inner.length)
    for (const item of inner) open.push(item)
  }
  return { members, chars }
}
