import { compute } from "./compute.ts"
import type { Expr } from "./expr.ts"
import { beginRun } from "./run.ts"
import type { BindingError, Evaluated, Scope } from "./scope.ts"

/**
 * Computes an expression. Total: it never throws, whatever the values in scope, and ends after a bounded amount of work.
 * The same expression and scope always give the same.
 */
export function evaluate(expr: Expr, scope: Scope): Evaluated {
  const run = beginRun()
  const value = compute(expr)(scope, run)
  return run.error === undefined
    ? { ok: true, value, notes: run.notes }
    : { ok: false, error: run.error }
}

export type Decided =
  | { readonly ok: true; readonly holds: boolean }
  | { readonly ok: false; readonly error: BindingError }

/** Computes a condition. What is neither true nor false is an error, and never silently false. */
export function decide(expr: Expr, scope: Scope): Decided {
  const evaluated = evaluate(expr, scope)
  if (!evaluated.ok) return evaluated
  if (typeof evaluated.value === "boolean") return { ok: true, holds: evaluated.value }
  const message = "the condition is neither true nor false"
  return { ok: false, error: { class: "binding", message } }
}
