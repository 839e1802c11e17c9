import { walk } from "../../registry/spec/expression.ts"
import { readSource } from "./cel-source.ts"
import type { CelExpr, Expr, Op } from "./expr.ts"
import { partsOf } from "./parts.ts"

/** What an expression reads, by name and in the order in which it is read: steps by their ids, `input`, `item`, `error`. */
export const sourcesOf = (expr: Expr): readonly string[] => [...new Set(names(expr))]

function* names(expr: Expr): Generator<string> {
  switch (expr.kind) {
    case "path":
      if (expr.of !== "self") yield expr.of
      return
    case "step":
      yield expr.step
      return
    case "results":
      for (const { step } of expr.of) yield step
      return
    case "ran":
      yield* expr.steps
      return
    case "cel":
      yield* namesInCel(expr)
      return
    case "ops":
      yield* names(expr.from)
      for (const op of expr.ops) yield* namesInOp(op)
      return
    case "each":
      yield* names(expr.in)
      yield* besidesItem(expr.as)
      return
    default:
      for (const part of partsOf(expr)) yield* names(part)
  }
}

function* namesInCel({ source, steps, input }: CelExpr): Generator<string> {
  for (const { step } of steps) yield step
  const program = readSource(source)?.program
  if (program === undefined || input === "self") return
  for (const { node, bound } of walk(program.ast)) {
    if (node.op === "id" && node.args === "input" && !bound.has("input")) yield "input"
  }
}

/** What an op looks at besides its items. */
function* namesInOp(op: Op): Generator<string> {
  const looked = op.op === "filter" ? op.if : op.op === "dedupe" ? op.near?.vectors : undefined
  if (looked !== undefined) yield* besidesItem(looked)
}

/** The item that is looked at comes of what is gone through, and is no source of its own. */
function* besidesItem(expr: Expr): Generator<string> {
  for (const name of names(expr)) if (name !== "item") yield name
}
