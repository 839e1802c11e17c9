import { type Fault, isOwnFault } from "../fault.ts"
import { checkSchema } from "../guard.ts"
import type { Json, JsonSchema } from "../json.ts"
import { createSchemas } from "../schemas.ts"
import type { Schemas } from "../validator.ts"
import { openBook } from "./clauses/book.ts"
import { isSame } from "./clauses/kinds.ts"
import { type Comparison, compare } from "./compare.ts"

export type Subsumption =
  /** Proved: every value that fits `from` fits `to`. */
  | { readonly answer: "yes" }
  /** Neither proved nor disproved; `at` is a JSON Pointer into `to`, to the keyword that could not be decided. */
  | { readonly answer: "unknown"; readonly why: string; readonly at: string }
  /** Disproved: the validator takes `counterexample` for `from` and not for `to`; `at` is the keyword of `to` that it breaks. */
  | {
      readonly answer: "no"
      readonly counterexample: Json
      readonly at: string
      readonly words: string
    }

export interface SubsumeOptions {
  /** What counter-examples are verified with; its validators are kept. Default: validators of this room's own. */
  readonly schemas?: Schemas
  /** Steps of proof; the search for a counter-example takes some times as many. Default 5,000. */
  readonly stepsMax?: number
}

/**
 * Whether every value that is valid under `from` is valid under `to`. Both are self-contained and not changed
 * afterwards: what was read of them is kept with the objects.
 *
 * Three answers, because two would have to lie. *Yes* is a proof, so that a check at run time may be left out. *No*
 * comes with a value that our validators have tried. Everything else is *unknown*, and to be checked at run time.
 *
 * How: `from` is taken apart into cases, one type of value and one way through its alternatives each, with the facts
 * that hold of all values of the case. Each clause of `to` must follow from the facts, or the case must be empty.
 * Members and items are goals of their own; a goal that recurs is assumed, as it is about a smaller value then. When a
 * proof has a gap, values are built that would fall into it. There is no chance in any of it: equal questions have
 * equal answers.
 */
export function subsume(
  from: JsonSchema,
  to: JsonSchema,
  options: SubsumeOptions = {},
): Subsumption {
  const unusable = whyUnusable("from", from) ?? whyUnusable("to", to)
  if (unusable !== undefined) return { answer: "unknown", why: unusable, at: "" }
  if (isSame(from, to)) return { answer: "yes" }
  const comparison = compare(openBook(from).root, openBook(to).root, stepsOf(options))
  const { gap } = comparison
  if (gap === undefined) return { answer: "yes" }
  const counterexample = disprove(comparison, { from, to }, schemasOf(options))
  return counterexample ?? { answer: "unknown", why: gap.why, at: gap.at }
}

const stepsOf = ({ stepsMax }: SubsumeOptions) => (stepsMax === undefined ? {} : { stepsMax })

let shared: Schemas | undefined
function schemasOf({ schemas }: SubsumeOptions): Schemas {
  if (schemas !== undefined) return schemas
  shared ??= createSchemas({ validatorsMax: 1_000 })
  return shared
}

function whyUnusable(name: string, schema: JsonSchema): string | undefined {
  const check = checkSchema(schema)
  if (check.verdict !== "refused") return
  const [first] = check.findings
  const place = first?.at === "" ? "(whole)" : first?.at
  return `"${name}" cannot be used — ${place}: ${first?.message}`
}

interface Pair {
  readonly from: JsonSchema
  readonly to: JsonSchema
}

/** A no, if a value is found that makes it one. */
function disprove(
  comparison: Comparison,
  { from, to }: Pair,
  schemas: Schemas,
): Subsumption | undefined {
  for (const counterexample of comparison.candidates()) {
    const fault = firstFault(schemas, from, counterexample)
    const broken = fault ?? firstFault(schemas, to, counterexample)
    if (broken === undefined) continue
    // Once is enough: a schema that cannot be checked in time takes as long for each further value.
    if (isOwnFault(broken)) return
    if (fault !== undefined) continue
    const verdict = comparison.judge(openBook(to).root, counterexample)
    const at = verdict.says === "misfit" ? verdict.at : ""
    const words = `${broken.line} (counter-example: ${shorten(JSON.stringify(counterexample))})`
    return { answer: "no", counterexample, at, words }
  }
  return
}

const firstFault = (schemas: Schemas, schema: JsonSchema, value: Json): Fault | undefined =>
  schemas.validator(schema).faults(value)?.[0]

const shorten = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
