import type { ErrorObject } from "ajv"
import type { Dialect } from "../dialect.ts"
import { type Landscape, survey } from "../explain/landscape.ts"
import { explain } from "../explain.ts"
import type { Fault } from "../fault.ts"
import { workAt } from "../guard/work.ts"
import { checkSchema } from "../guard.ts"
import { exceeds, type InstanceLimits, weigh } from "../instance.ts"
import type { JsonObject, JsonSchema } from "../json.ts"
import { BudgetError, withinTimeBox } from "../time-box.ts"
import type { Validator } from "../validator.ts"
import type { Compiled, Compiler, Mode } from "./compiler.ts"
import type { SchemaTrouble } from "./trouble.ts"

/** What all validators share. */
export interface Bench {
  readonly compilers: Readonly<Record<Mode, Compiler>>
  /** Steps (work per place × places) that run without a time box. */
  readonly instanceBudget: number
  readonly timeBoxMs: number
  readonly secretNames: ReadonlySet<string>
  readonly report: (trouble: SchemaTrouble) => void
}

/** Up to this much work, an instance of any size that the door lets in is checked in a moment. */
const unweighedWorkMax = 64
/** Deeper values are checked in a time box, whatever the schema. */
const depthMax = 64
/** Up to this many steps all errors are collected; else one: each step could make one. */
const explainBudget = 100_000

type Check = (value: unknown) => readonly Fault[] | undefined

/** Compiles at the first value. */
export function createValidator(bench: Bench, schema: JsonSchema, digest: string): Validator {
  let check: Check | undefined
  return {
    faults(value) {
      check ??= prepare(bench, schema, digest)
      return check(value)
    },
  }
}

function prepare(bench: Bench, schema: JsonSchema, digest: string): Check {
  if (schema === true) return () => undefined
  if (schema === false) return () => [nothingFits]
  const told = new Set<SchemaTrouble["kind"]>()
  const trouble = (kind: SchemaTrouble["kind"], message: string) => {
    if (!told.has(kind)) bench.report({ digest, kind, message })
    told.add(kind)
  }
  const checked = checkSchema(schema)
  if (checked.verdict === "refused") {
    const [first] = checked.findings
    trouble("refused", `${first?.at ?? ""}: ${first?.message ?? ""}`)
    return () => [unusable]
  }
  const { dialect, work, hasNames } = checked
  const compile = (mode: Mode) =>
    bench.compilers[mode].compile(schema, dialect, { isApart: hasNames })
  try {
    return checkWith({ bench, schema, dialect, compile, work, trouble }, compile("first"))
  } catch (error) {
    trouble("does_not_compile", messageOf(error))
    return () => [unusable]
  }
}

interface Subject {
  readonly bench: Bench
  readonly schema: JsonObject
  readonly dialect: Dialect
  readonly compile: (mode: Mode) => Compiled
  readonly work: readonly number[]
  readonly trouble: (kind: SchemaTrouble["kind"], message: string) => void
}

function checkWith(subject: Subject, compiled: Compiled): Check {
  const { bench, work, trouble } = subject
  const { validate } = compiled
  const isSmall = smallness(compiled, work, bench.instanceBudget)
  const isLight = workAt(work, work.length) <= unweighedWorkMax && isFreeOfTraps(compiled)
  const why = createExplainer(subject, compiled)
  return (value) => {
    try {
      const isDirect = isLight || isSmall(value)
      // Strictly true: a promise would be truthy.
      const fits = isDirect
        ? validate(value) === true
        : withinTimeBox(() => validate(value) === true, bench.timeBoxMs)
      return fits ? undefined : why(value, validate.errors ?? [])
    } catch (error) {
      const isBudget = error instanceof BudgetError
      trouble(isBudget ? "out_of_budget" : "crashed", messageOf(error))
      return [isBudget ? overBudget : uncheckable]
    }
  }
}

/** The words for a misfit: from a second run that collects all errors, where that cannot become too many. */
function createExplainer({ bench, compile, work, schema, dialect }: Subject, first: Compiled) {
  const compiled: Partial<Record<Mode, Compiled>> = {}
  const second = (mode: Mode) => {
    compiled[mode] ??= compile(mode)
    return compiled[mode].validate
  }
  const isSmall = smallness(first, work, explainBudget)
  function rerun(value: unknown): readonly ErrorObject[] | undefined {
    const isDirect = isSmall(value)
    const validate = second(isDirect ? "all" : "one")
    const run = () => (validate(value) ? undefined : (validate.errors ?? undefined))
    return isDirect ? run() : withinTimeBox(run, bench.timeBoxMs)
  }
  let landscape: Landscape | undefined
  return (value: unknown, errors: readonly ErrorObject[]): readonly Fault[] => {
    landscape ??= survey(schema, dialect)
    const context = { landscape, value, secretNames: bench.secretNames }
    try {
      return explain(rerun(value) ?? errors, context)
    } catch (error) {
      // That the value does not fit is known; only the better words for it took too long.
      if (error instanceof BudgetError) return explain(errors, context)
      throw error
    }
  }
}

const isFreeOfTraps = ({ patterns, hasUniqueItems }: Compiled) =>
  !hasUniqueItems && patterns.every((pattern) => pattern.isCheap)

/** Whether checking a value is sure to take no more than `steps`. */
function smallness(
  { patterns, hasUniqueItems }: Compiled,
  work: readonly number[],
  steps: number,
): (value: unknown) => boolean {
  const limits: InstanceLimits = {
    depthMax,
    nodesMax: Math.floor(steps / (work[0] ?? 1)),
    charsMax: charsMaxFor(patterns),
  }
  return (value) => {
    const weight = weigh(value, limits)
    // To compare items is to read all that is in them, once for every array around it.
    const rereads = hasUniqueItems ? weight.depth : 1
    const perNode = Math.max(workAt(work, weight.depth), rereads)
    return !exceeds(weight, limits) && perNode * weight.nodes <= steps
  }
}

/** Texts up to which even patterns at their worst take some 10 ms together. */
function charsMaxFor(patterns: Compiled["patterns"]): number {
  const heavy = patterns.filter((pattern) => !pattern.isCheap)
  if (heavy.length === 0) return Number.POSITIVE_INFINITY
  return heavy.some((pattern) => pattern.isBoxed) ? 64 : 4_096
}

const misfit = (keyword: string, expected: string, line: string): Fault => ({
  at: "",
  keyword,
  expected,
  line,
})
const nothingFits = misfit("false schema", "nothing", "(whole): not allowed")
const unusable = misfit(
  "schema",
  "a schema that can be used",
  "(whole): cannot be checked, for the schema itself is not sound — tell whoever registered it",
)
const overBudget = misfit(
  "budget",
  "a value that can be checked in time",
  "(whole): validation exceeded its budget — send less, or simpler text",
)
const uncheckable = misfit(
  "budget",
  "a value that can be checked",
  "(whole): validation failed for a fault of the schema — tell whoever registered it",
)

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
