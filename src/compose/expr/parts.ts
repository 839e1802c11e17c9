import type { Expr } from "./expr.ts"

/** The expressions that stand right inside another, in the order in which they are read. */
export function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "construct":
      return Object.values(expr.fields)
    case "template":
      return Object.values(expr.vars)
    case "list":
      return expr.items
    case "merge":
    case "concat":
      return expr.parts
    case "coalesce":
      return expr.options
    case "over":
      return [expr.of, expr.as]
    case "predicate":
    case "not":
      return [expr.of]
    case "all":
      return expr.of
    default:
      return []
  }
}
