import { type Dialect, dialectOf } from "./dialect.ts"
import type { SchemaFinding } from "./guard/finding.ts"
import { createGraph } from "./guard/graph.ts"
import { inPlaceCosts } from "./guard/in-place.ts"
import { resolveReferences } from "./guard/resolve.ts"
import { scan } from "./guard/scan.ts"
import { checkStructure } from "./guard/structure.ts"
import { workAt, workPerLevel } from "./guard/work.ts"
import type { JsonSchema } from "./json.ts"

/**
 * Schemas come from strangers, and a validator made from one runs in this process: a schema of 1.5 KB, nested `anyOf`
 * of two references each, takes gigabytes to compile, and one of 162 bytes doubles its work with every level of an
 * instance. So nothing is compiled before it has been understood: what it applies to the same value and how often, what
 * to that value's children, and hence how much work one place of an instance can be at each depth. All of it is plain
 * arithmetic over a graph of at most 2,000 schemas; none of it compiles or runs anything.
 */
export type SchemaCheck =
  | {
      /** `risky`: its work grows with the depth of the instance, so it must run within a time box when that is large. */
      readonly verdict: "plain" | "risky"
      readonly dialect: Dialect
      /** Steps per place of an instance, by the depth of that instance; the last entry holds for all greater depths. */
      readonly work: readonly number[]
      /** It names or anchors schemas, which a compiler remembers beyond the one schema. */
      readonly hasNames: boolean
    }
  | { readonly verdict: "refused"; readonly findings: readonly SchemaFinding[] }

/** Above this much work per place, at any depth up to 64, a schema is risky. */
const plainWorkMax = 10_000

const seen = new WeakMap<object, SchemaCheck>()

/**
 * Whether a schema may be compiled, and what evaluating it can cost. The schema is self-contained: references lead to
 * places in it. Remembers the answer with the object, which must not be changed afterwards.
 */
export function checkSchema(schema: JsonSchema): SchemaCheck {
  if (typeof schema === "boolean")
    return { verdict: "plain", dialect: "2020-12", work: [1], hasNames: false }
  const known = seen.get(schema)
  if (known !== undefined) return known
  const check = examine(schema)
  seen.set(schema, check)
  return check
}

function examine(schema: JsonSchema): SchemaCheck {
  const heavy = scan(schema)
  if (heavy !== undefined) return refused(heavy)
  const dialect = dialectOf(schema)
  if (dialect === undefined) return refused(unknownDialect)
  const { findings, own, isTree } = checkStructure(schema, dialect)
  if (findings.length > 0) return refused(...findings)
  // Without references every schema of the tree meets a place at most once, and all of them are at most 2,000 values.
  if (isTree) return { verdict: "plain", dialect, work: [own], hasNames: false }
  return examineGraph(schema, dialect)
}

function examineGraph(schema: JsonSchema, dialect: Dialect): SchemaCheck {
  const graph = createGraph(schema, dialect)
  resolveReferences(graph)
  if (graph.findings.length > 0) return refused(...graph.findings)
  const costs = inPlaceCosts(graph)
  if ("code" in costs) return refused(costs)
  const work = workPerLevel(graph, costs)
  if (work === undefined) return refused(tooEntangled)
  const { resources, anchors } = graph.names
  return {
    verdict: workAt(work, work.length) > plainWorkMax ? "risky" : "plain",
    dialect,
    work,
    hasNames: resources.size > 1 || anchors.size > 0,
  }
}

const refused = (...findings: readonly SchemaFinding[]): SchemaCheck => ({
  verdict: "refused",
  findings,
})

const unknownDialect: SchemaFinding = {
  code: "schema_invalid",
  at: "/$schema",
  message: "$schema — this dialect of JSON Schema is not supported",
  hint: "leave it out for 2020-12, or name 2020-12, 2019-09, draft-07 or draft-06",
}

const tooEntangled: SchemaFinding = {
  code: "schema_too_complex",
  at: "",
  message: "the references of this schema are too entangled to tell what checking a value costs",
  hint: "share fewer schemas between branches",
}
