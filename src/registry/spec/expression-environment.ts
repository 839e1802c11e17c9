import { Environment } from "@marcbachmann/cel-js"

const operators: { readonly [operator: string]: (left: number, right: number) => number } = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
}

/** What an expression can see, in every place; which of them have a value depends on the place. */
export const expressionRoots = ["input", "steps", "status", "item", "index", "error", "self"]

/**
 * The CEL that expressions of compositions are written in: checked with it when they are registered, and to be run
 * with it. The size of an expression is bounded, so that its evaluation is; nothing a person writes comes near.
 *
 * Numbers of JSON are doubles and literals are integers, which CEL does not mix; authors do, so the operators between
 * the two are added.
 */
export const expressionEnvironment = bareEnvironment()
for (const root of expressionRoots) expressionEnvironment.registerVariable(root, "dyn")

/** The same CEL without anything to see, for expressions outside of compositions. */
export function bareEnvironment(): Environment {
  const environment = new Environment({
    limits: {
      maxAstNodes: 500,
      maxDepth: 20,
      maxListElements: 64,
      maxMapEntries: 64,
      maxCallArguments: 16,
    },
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
  })
  for (const [operator, calculate] of Object.entries(operators)) {
    const mixed = (left: number | bigint, right: number | bigint) =>
      calculate(Number(left), Number(right))
    environment.registerOperator(`double ${operator} int: double`, mixed)
    environment.registerOperator(`int ${operator} double: double`, mixed)
  }
  environment.registerOperator("double % double", (left, right) => left % right)
  environment.registerOperator("int == double", (left, right) => Number(left) === right)
  return environment
}
