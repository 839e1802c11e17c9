import { isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import { bind } from "../expr/bind.ts"
import { bindPredicate } from "../expr/bind-condition.ts"
import { bindMapping } from "../expr/bind-mapping.ts"
import { bindVote, keepOf } from "../expr/bind-ops.ts"
import type { Expr } from "../expr/expr.ts"
import { flagIn, numberIn, objectIn, objectsIn, textIn, wordIn } from "../expr/members.ts"
import { inside, type Level } from "../expr/place.ts"
import { parallelDefault, pipelineOf } from "./graphs.ts"
import {
  asOperation,
  entered,
  graphInput,
  idsFor,
  item,
  type LooseStep,
  type Lowering,
  type Spot,
  self,
  stepSpot,
  stepValue,
} from "./lowering.ts"
import type { Graph, Step } from "./plan.ts"
import { aggregated } from "./scatter.ts"
import { lowerStep } from "./step.ts"

/** The patterns of the catalogue that are graphs, and how they are written on the core (compositions §3). */

interface StepSketch {
  readonly id: string
  readonly operation: JsonObject
  readonly input?: Expr
  /** Policies, as members of a step. */
  readonly policies?: JsonObject
  readonly after?: readonly string[]
  /** The member of the pattern that the operation stands at. */
  readonly at: readonly (string | number)[]
}

/** Makes the steps of one pattern. */
class Sketch {
  readonly #lowering: Lowering
  readonly #spot: Spot

  constructor(spot: Spot, lowering: Lowering, level?: Level) {
    this.#lowering = lowering
    this.#spot = entered(spot, level)
  }

  step({ id, operation, policies, at, input = graphInput, after = [] }: StepSketch): Step {
    const there = at.reduce<Spot>((spot, key) => inside(spot, key), this.#spot)
    const spot = stepSpot(there, id)
    const draft = { id, written: policies ?? {}, operation, operationKey: undefined, input, spot }
    const step: LooseStep = lowerStep(draft, this.#lowering)
    return { ...step, after }
  }
}

/** `store(input)` gives a reference that `inner` works with; at the end what it refers to may be fetched again. */
export function lowerClaimCheck(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const sketch = new Sketch(spot, lowering)
  const claim = stepValue("store")
  const steps = [
    sketch.step({
      id: "store",
      operation: asOperation(member(spec, "storeTool")),
      at: ["storeTool"],
    }),
    sketch.step({
      id: "main",
      operation: objectIn(spec, "inner") ?? {},
      at: ["inner"],
      input: claim,
      after: ["store"],
    }),
  ]
  if (flagIn(spec, "retrieveAtEnd") !== true)
    return pipelineOf(steps, stepValue("main"), { rawOf: "main" })
  const retrieve = sketch.step({
    id: "retrieve",
    operation: asOperation(member(spec, "retrieveTool")),
    at: ["retrieveTool"],
    input: claim,
    after: ["main"],
  })
  return pipelineOf([...steps, retrieve], stepValue("retrieve"), { rawOf: "retrieve" })
}

/** The first route whose condition holds. */
export function lowerRouter(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const sketch = new Sketch(spot, lowering)
  const routes = objectsIn(spec, "routes")
  const conditions = routes.map((route) => bindPredicate(objectIn(route, "when") ?? {}, graphInput))
  const noneOf = (count: number): readonly Expr[] =>
    conditions.slice(0, count).map((of) => ({ kind: "not", of }))
  const steps = routes.map((route, index): Step => {
    const operation = objectIn(route, "then") ?? {}
    const step = sketch.step({ id: `route${index + 1}`, operation, at: ["routes", index, "then"] })
    const own = conditions[index] ?? graphInput
    const when: Expr = index === 0 ? own : { kind: "all", of: [...noneOf(index), own] }
    return { ...step, policies: { when, ...step.policies } }
  })
  const otherwise = objectIn(spec, "otherwise")
  if (otherwise !== undefined) {
    const step = sketch.step({ id: "otherwise", operation: otherwise, at: ["otherwise"] })
    const when: Expr = { kind: "all", of: noneOf(conditions.length) }
    steps.push({ ...step, policies: { when, ...step.policies } })
  }
  return pipelineOf(steps, { kind: "ran", steps: steps.map(({ id }) => id) })
}

/** Enrichments run side by side, and what they yield is put beside the input. */
export function lowerEnricher(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const sketch = new Sketch(spot, lowering)
  const enrichments = objectsIn(spec, "enrichments")
  const fields = enrichments.map((enrichment) => textIn(enrichment, "field") ?? "")
  const ids = idsFor(fields, "enrichment")
  const timeoutMs = member(spec, "timeoutMs")
  const policies: JsonObject = {
    // An output of nothing: the field is left out.
    ...(flagIn(spec, "ignoreFailures") === true ? { onError: { output: { coalesce: [] } } } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
  const steps = enrichments.map((enrichment, index) => {
    const input = member(enrichment, "input")
    const there = inside(inside(inside(entered(spot), "enrichments"), index), "input")
    return sketch.step({
      id: ids[index] ?? "",
      operation: objectIn(enrichment, "operation") ?? {},
      at: ["enrichments", index, "operation"],
      policies,
      input: input === undefined ? graphInput : bind(input, there),
    })
  })
  const found: Expr = {
    kind: "construct",
    fields: Object.fromEntries(fields.map((field, index) => [field, stepValue(ids[index] ?? "")])),
  }
  return pipelineOf(steps, merged(member(spec, "merge"), found))
}

function merged(merge: Json | undefined, found: Expr): Expr {
  const spread: Expr = { kind: "merge", parts: [graphInput, found] }
  if (!isObject(merge)) return spread
  const mapping = objectIn(merge, "schemaMap")
  if (mapping !== undefined) return { kind: "over", of: spread, as: bindMapping(mapping, "self") }
  const key = textIn(objectIn(merge, "nested") ?? {}, "key") ?? ""
  const nested: Expr = { kind: "construct", fields: Object.fromEntries([[key, found]]) }
  return { kind: "merge", parts: [graphInput, nested] }
}

/** Copies go to side tools: of the input before `inner`, of its value after it. */
export function lowerWireTap(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const sketch = new Sketch(spot, lowering)
  const point = wordIn(spec, "tapPoint", ["before", "after", "both"]) ?? "after"
  const taps = objectsIn(spec, "taps")
  const tapsAt = (side: "before" | "after", copied: Expr) =>
    taps.map((tap, index) => {
      const transform = objectIn(tap, "transform")
      return sketch.step({
        id: `${side}${index + 1}`,
        operation: asOperation(member(tap, "tool")),
        at: ["taps", index, "tool"],
        policies: { detached: true },
        input:
          transform === undefined
            ? copied
            : { kind: "over", of: copied, as: bindMapping(transform, "self") },
        after: side === "after" ? ["main"] : [],
      })
    })
  const main = sketch.step({ id: "main", operation: objectIn(spec, "inner") ?? {}, at: ["inner"] })
  const steps = [
    ...(point === "after" ? [] : tapsAt("before", graphInput)),
    main,
    ...(point === "before" ? [] : tapsAt("after", stepValue("main"))),
  ]
  return pipelineOf(steps, stepValue("main"), { rawOf: "main" })
}

/** Data names the tools that are called, among those of `depends`. */
export function lowerRecipientList(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const asker = member(spec, "recipientsTool")
  const ids = new Map(asker === undefined ? [] : [["who", 0] as const])
  const level: Level = { ids, before: 1, outer: spot.level, mentioned: new Set() }
  const sketch = new Sketch(spot, lowering, level)
  const who =
    asker === undefined
      ? []
      : [sketch.step({ id: "who", operation: asOperation(asker), at: ["recipientsTool"] })]
  const send = sketch.step({
    id: "send",
    operation: { tool: { choose: { item: { path: "$" } } } },
    at: [],
    policies: {
      forEach:
        asker === undefined
          ? { path: member(spec, "recipientsPath") ?? "$" }
          : { reference: { step: "who" } },
      concurrency: flagIn(spec, "parallel") === false ? 1 : parallelDefault,
      onItemError: flagIn(spec, "failOnError") === true ? "fail" : "skip",
    },
    after: who.map(({ id }) => id),
  })
  const output = aggregated(stepValue("send"), objectIn(spec, "aggregation"), spot)
  return pipelineOf([...who, send], output)
}

/** One call gives the vectors of all texts; items that say nearly the same are taken for one. */
export function lowerSemanticDedup(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const text: Expr = { kind: "path", of: "item", path: textIn(spec, "contentPath") ?? "$" }
  // Each item gives a text, also one without content: the vectors are matched by place.
  const asText: Expr = { kind: "template", parts: ["", "text", ""], vars: { text } }
  const embed = new Sketch(spot, lowering).step({
    id: "embed",
    operation: asOperation(member(spec, "embedder")),
    at: ["embedder"],
    input: { kind: "construct", fields: { texts: { kind: "each", in: graphInput, as: asText } } },
  })
  return pipelineOf([embed], {
    kind: "ops",
    from: graphInput,
    ops: [
      {
        op: "dedupe",
        field: "$",
        keep: keepOf(member(spec, "keep")),
        by: "$.score",
        near: {
          vectors: { kind: "step", step: "embed", up: 0, path: "$.vectors" },
          threshold: numberIn(spec, "threshold") ?? 1,
        },
      },
    ],
  })
}

/** Several answer, each with a weight, and a vote is taken. */
export function lowerConfidence(spec: JsonObject, spot: Spot, lowering: Lowering): Graph {
  const sketch = new Sketch(spot, lowering)
  const sources = objectsIn(spec, "sources")
  const steps = sources.map((source, index) =>
    sketch.step({
      id: `source${index + 1}`,
      operation: objectIn(source, "operation") ?? {},
      at: ["sources", index, "operation"],
    }),
  )
  const by = member(spec, "strategy") ?? "highest_weight"
  return {
    kind: "scatter",
    steps,
    join: { wait: "all", need: "all", failFast: false, partial: true },
    output: {
      kind: "ops",
      from: {
        kind: "results",
        of: steps.map(({ id }, index) => ({
          step: id,
          weight: numberIn(sources[index] ?? {}, "weight") ?? 1,
        })),
      },
      ops: [bindVote({ ...spec, by })],
    },
    maxParallel: parallelDefault,
  }
}

/** Elements of an array for which a predicate holds. */
export const filterOf = (spec: JsonObject): Expr => ({
  kind: "ops",
  from: self,
  ops: [{ op: "filter", if: bindPredicate(objectIn(spec, "predicate") ?? {}, item) }],
})
