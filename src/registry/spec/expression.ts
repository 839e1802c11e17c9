import type { ASTNode } from "@marcbachmann/cel-js"
import type { Json } from "../../schema/json.ts"
import { expressionEnvironment, expressionRoots } from "./expression-environment.ts"
import { type At, type Reader, refuse, wrongType } from "./reading.ts"
import { checkReference, sight } from "./steps.ts"

/** Comprehensions over data that nest deeper cost the power of its size. */
const comprehensionsMax = 2

/** An expression whose value decides something: CEL of type bool, or of a type known only when it runs. */
export const condition: Reader = (raw, at) => readExpression(raw, at, { isCondition: true })
/** An expression whose value is used as it is. */
export const expression: Reader = (raw, at) => readExpression(raw, at, { isCondition: false })

/** A condition outside of compositions: on arguments alone. */
export const inputCondition: Reader = (raw, at) => {
  const parsed = typeof raw === "string" ? parse(raw) : undefined
  const other = parsed?.ok ? rootsNamed(parsed.ast).find((root) => root !== "input") : undefined
  if (other === undefined) return condition(raw, at)
  return refuse(at, "expression_invalid", `nothing but input has a value here, not ${other}`)
}

/** The same in the variant dialect, where each earlier step is a variable; canonically it is `steps.<id>`. */
export const dialectCondition: Reader = (raw, at) => condition(withStepsSpelled(raw, at), at)
export const dialectExpression: Reader = (raw, at) => expression(withStepsSpelled(raw, at), at)

function readExpression(raw: Json, at: At, { isCondition }: { isCondition: boolean }) {
  if (typeof raw !== "string") return wrongType(at, raw, "a CEL expression in a string")
  const parsed = parse(raw)
  if (!parsed.ok) return refuse(at, "expression_invalid", parsed.why)
  const unfit = unfitness(parsed.ast)
  if (unfit !== undefined) return refuse(at, unfit.code, unfit.why, unfit.hint)
  const checked = expressionEnvironment.check(raw)
  if (!checked.valid) return refuse(at, "expression_invalid", firstLine(checked.error))
  if (isCondition && checked.type !== "bool" && checked.type !== "dyn")
    return refuse(
      at,
      "expression_type",
      `a condition is true or false, and this is ${checked.type}`,
    )
  for (const step of new Set(stepsNamed(parsed.ast))) checkReference(step, at)
  return raw
}

type Parsed = { readonly ok: true; readonly ast: ASTNode } | { readonly ok: false; why: string }

function parse(source: string): Parsed {
  try {
    return { ok: true, ast: expressionEnvironment.parse(source).ast }
  } catch (error) {
    return { ok: false, why: firstLine(error) }
  }
}

/** The library draws the source below its message; pointer and column say that better. */
export const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split("\n", 1)[0] ?? ""

interface Unfit {
  readonly code: string
  readonly why: string
  readonly hint?: string
}

/** Why an expression is not run, whatever it means: its time could not be told. */
export function unfitness(ast: ASTNode): Unfit | undefined {
  let deepest = 0
  for (const { node, nesting } of walk(ast)) {
    deepest = Math.max(deepest, nesting)
    // The engine's own regular expressions backtrack: 28 characters of data can hold the thread for seconds.
    if (callee(node) === "matches")
      return {
        code: "expression_regex",
        why: "matches() is not available: a regular expression over data can take minutes",
        hint: "use startsWith, endsWith or contains",
      }
  }
  if (deepest <= comprehensionsMax) return
  const why = `${deepest} comprehensions inside each other; at most ${comprehensionsMax}`
  return { code: "expression_invalid", why }
}

function* stepsNamed(ast: ASTNode): Generator<string> {
  for (const { node, bound } of walk(ast)) {
    const named = memberNamed(node)
    if (named === undefined || bound.has(named.root)) continue
    if (named.root === "steps" || named.root === "status") yield named.member
  }
}

/** `input`, `item` and the like, as often as the expression names them. */
export const rootsNamed = (ast: ASTNode): readonly string[] =>
  [...walk(ast)].flatMap(({ node, bound }) =>
    node.op === "id" && !bound.has(node.args) && expressionRoots.includes(node.args)
      ? node.args
      : [],
  )

/** `root.member`, `root["member"]` and their optional forms. */
export function memberNamed(
  node: ASTNode,
): { readonly root: string; readonly member: string } | undefined {
  const member = memberOf(node)
  return member?.owner.op === "id" ? { root: member.owner.args, member: member.name } : undefined
}

/** `owner.name`, `owner["name"]` and, not as strict, their optional forms. */
export function memberOf(
  node: ASTNode,
): { readonly owner: ASTNode; readonly name: string; readonly isStrict: boolean } | undefined {
  if (node.op !== "." && node.op !== ".?" && node.op !== "[]" && node.op !== "[?]") return
  const [owner, key] = node.args
  const isStrict = node.op === "." || node.op === "[]"
  if (typeof key === "string") return { owner, name: key, isStrict }
  if (key.op !== "value" || typeof key.args !== "string") return
  return { owner, name: key.args, isStrict }
}

/** The text with each variable that names a step of this place spelled `steps.<id>`. */
function withStepsSpelled(raw: Json, at: At): Json {
  const parsed = typeof raw === "string" ? parse(raw) : undefined
  if (typeof raw !== "string" || !parsed?.ok) return raw
  const starts: number[] = []
  for (const { node, bound } of walk(parsed.ast)) {
    if (node.op !== "id" || bound.has(node.args) || expressionRoots.includes(node.args)) continue
    if (sight(at.steps, node.args) !== "unknown") starts.push(node.start)
  }
  let spelled = raw
  for (const start of starts.sort((a, b) => b - a))
    spelled = `${spelled.slice(0, start)}steps.${spelled.slice(start)}`
  return spelled
}

interface Visit {
  readonly node: ASTNode
  /** Variables of the comprehensions around it. */
  readonly bound: ReadonlySet<string>
  /** How many comprehensions are around it. */
  readonly nesting: number
  /** The variable of the innermost of them. */
  readonly item: string | undefined
  /** It is evaluated whenever the whole is, and what it fails with is the failure of the whole. */
  readonly isSure: boolean
}

/** Every node that is evaluated, which the variable that a comprehension introduces is not. */
export function* walk(root: ASTNode): Generator<Visit> {
  const open: Visit[] = [
    { node: root, bound: new Set(), nesting: 0, item: undefined, isSure: true },
  ]
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    yield visit
    open.push(...inside(visit))
  }
}

export const comprehensions = ["all", "exists", "exists_one", "map", "filter"]

function inside({ node, bound, nesting, item, isSure }: Visit): Visit[] {
  const around = { bound, nesting, item, isSure }
  if (node.op !== "rcall")
    return operands(node).map((each, index) => ({
      ...around,
      node: each,
      isSure: isSure && isAlwaysLookedAt(node, index),
    }))
  const [name, receiver, [variable, ...body]] = node.args
  const outer = { ...around, node: receiver }
  const isLoop = comprehensions.includes(name)
  const isBind = name === "bind" && receiver.op === "id" && receiver.args === "cel"
  if (variable?.op !== "id" || !(isLoop || isBind))
    return [outer, ...node.args[2].map((each) => ({ ...around, node: each }))]
  const within = {
    bound: new Set([...bound, variable.args]),
    nesting: nesting + (isLoop ? 1 : 0),
    item: isLoop ? variable.args : item,
    isSure: isSure && isBind,
  }
  const inner = body.map((each) => ({ node: each, ...within }))
  return isBind ? inner : [outer, ...inner]
}

/** `false && x` is false whatever x is, and even when it fails; so is `x && false`. */
const isAlwaysLookedAt = ({ op }: ASTNode, index: number): boolean =>
  op === "?:" ? index === 0 : op !== "&&" && op !== "||"

function operands(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case "value":
    case "id":
      return []
    case ".":
    case ".?":
      return [node.args[0]]
    case "call":
      return node.args[1]
    case "rcall":
      return [node.args[1], ...node.args[2]]
    case "map":
      return node.args.flat()
    case "!_":
    case "-_":
      return [node.args]
    default:
      return node.args
  }
}

const callee = (node: ASTNode): string | undefined =>
  node.op === "call" || node.op === "rcall" ? node.args[0] : undefined
