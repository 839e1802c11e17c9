import type { Json } from "../../schema/json.ts"
import type { Allowance } from "../select.ts"
import type { BindingError, Note, Scope } from "./scope.ts"

/** One evaluation. The first failure stays; what is computed after it is thrown away. */
export interface Run extends Allowance {
  error: BindingError | undefined
  readonly notes: Note[]
}

/** A compiled expression. Undefined is "absent", or anything once the run has an error. */
export type Compute = (scope: Scope, run: Run) => Json | undefined

/** Hits of paths, items of arrays and, by the dozen, characters that one evaluation may go through. */
const workMax = 200_000
/** Characters of one text that is put together. */
export const textMax = 64 * 1024

export const beginRun = (): Run => ({ left: workMax, error: undefined, notes: [] })

/** Notes that the expression cannot be computed. */
export function fail(run: Run, message: string): undefined {
  run.error ??= { class: "binding", message }
}

/** Notes that the expression would cost more than is allowed. */
export function overrun(run: Run, message: string): undefined {
  run.error ??= { class: "budget", message }
}

/** Takes `work` from the allowance; false when it is used up, which is then the run's error. */
export function spend(run: Run, work: number): boolean {
  run.left -= work
  if (run.left >= 0) return run.error === undefined
  overrun(run, `the expression goes through more than ${workMax} values (limit maxWork)`)
  return false
}

/** Takes the work of going through a text. */
export const spendText = (run: Run, text: string): boolean => spend(run, text.length >>> 8)
