import type { ErrorObject } from "ajv"
import { sayBranches } from "./explain/branches.ts"
import type { Context } from "./explain/context.ts"
import { wordsFor } from "./explain/keywords.ts"
import { gather, type Misfit } from "./explain/misfit.ts"
import type { Fault } from "./fault.ts"

/** A model repairs its call from the first lines, or not at all. */
const faultsMax = 10
/** Errors looked at; those of many branches become few lines. */
const errorsMax = 2_000

/**
 * A validator's errors as faults, in words that a model can repair its call from: each says where, what was expected,
 * what was received, and all the values there are where only some are allowed. Never the value of a secret.
 */
export function explain(errors: readonly ErrorObject[], context: Context): readonly Fault[] {
  const faults = new Map<string, Fault>()
  for (const misfit of gather(errors.slice(0, errorsMax), context.landscape)) {
    for (const fault of say(misfit, context)) {
      if (faults.size < faultsMax && !faults.has(fault.line)) faults.set(fault.line, fault)
    }
    if (faults.size === faultsMax) break
  }
  return [...faults.values()]
}

function say(misfit: Misfit, context: Context): readonly Fault[] {
  const { keyword, params } = misfit.error
  const isUnfit = (keyword === "anyOf" || keyword === "oneOf") && !params["passingSchemas"]
  if (!isUnfit) return [wordsFor(misfit.error, context)]
  const said = sayBranches(misfit, context)
  return "line" in said ? [said] : said.flatMap((inner) => say(inner, context))
}
