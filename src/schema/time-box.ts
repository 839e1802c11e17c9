import { type Context, createContext, Script } from "node:vm"

/** What was asked would have taken too long, or more memory than the stack has. */
export class BudgetError extends Error {
  override readonly name = "BudgetError"
}

// One context for all: making one takes a millisecond, entering it 0.15.
const script = new Script("run()")
let context: Context | undefined

/**
 * Runs `run` to its end, or throws a BudgetError after `timeoutMs`. It stops loops of this process's own code, regular
 * expressions included, which no timer can, for a timer would wait for the loop. What `run` throws comes through.
 */
export function withinTimeBox<Result>(run: () => Result, timeoutMs: number): Result {
  const results: Result[] = []
  context ??= createContext({})
  // A pattern has its own box inside the box of its validator: `run()` has been called before this is overwritten.
  context["run"] = () => {
    results.push(run())
  }
  try {
    script.runInContext(context, { timeout: timeoutMs })
  } catch (error) {
    if (isTimeout(error)) throw new BudgetError(`not done within ${timeoutMs} ms`, { cause: error })
    throw error
  } finally {
    context["run"] = undefined
  }
  const [result] = results
  return result as Result // pushed above, unless something was thrown
}

/** By its code: the error is of the context's own class `Error`, which is not ours. */
const isTimeout = (error: unknown) =>
  typeof error === "object" &&
  error !== null &&
  "code" in error &&
  error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT"
