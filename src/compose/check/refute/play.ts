import { isList, type Json } from "../../../schema/json.ts"
import { decide, evaluate } from "../../expr/evaluate.ts"
import type { Expr } from "../../expr/expr.ts"
import type { Frame, Scope, Settled } from "../../expr/scope.ts"
import { withDefaults } from "../../plan/defaults.ts"
import { needsInput } from "../../plan/needs-input.ts"
import type { Graph, Node, Step } from "../../plan/plan.ts"
import type { Role, Spot, Stop } from "../flow.ts"

/** What comes of the calls of a plan, and the arguments of the composition under "". */
export type Answers = (path: string) => Json | undefined

/**
 * The scope that an expression at some place of a plan would be computed in, if the calls before it gave these answers:
 * the same expressions are evaluated as in a run, with nothing but the world left out. Undefined when a run would not
 * come there: a condition does not hold, there is no item, an expression fails.
 */
export function play({ route, role }: Spot, answers: Answers): Scope | undefined {
  const given = answers("")
  if (given === undefined) return
  const { defaults } = route[0]?.graph.boundary ?? {}
  const input = defaults === undefined ? given : withDefaults(given, defaults)
  let site: Site = { scope: { frame: { input, steps: new Map() } }, path: "", answers }
  for (const stop of route.slice(0, -1)) {
    const entered = enter(stop, site)
    if (entered === undefined) return
    site = entered
  }
  const last = route.at(-1)
  return last && arrive(last, role, site)
}

/** The graph that a step holds. */
function enter({ graph, step }: Stop, around: Site): Site | undefined {
  const site = step && atTurn(step, graph, around)
  const known = site && withSelf(step, site.scope)
  return known && { ...site, scope: inside(known) }
}

function arrive({ graph, step }: Stop, role: Role, around: Site): Scope | undefined {
  if (step === undefined) return played(graph, undefined, around)
  const site = atTurn(step, graph, around)
  if (site === undefined || role === "input") return site?.scope
  const known = withSelf(step, site.scope)
  if (known === undefined || role !== "undo") return known && { ...known, error: failure }
  const value = yielded(step.node, { ...site, scope: known })
  return value && withStep(known, step, value)
}

const pathOf = ({ id }: Step, around: string): string => (around === "" ? id : `${around}/${id}`)

interface Site {
  readonly scope: Scope
  readonly path: string
  readonly answers: Answers
}

/** The scope of a graph when all steps before this one, or all there are, have settled. */
function played(graph: Graph, until: Step | undefined, site: Site): Scope | undefined {
  const steps = new Map<string, Settled>()
  const scope: Scope = { ...site.scope, frame: { ...site.scope.frame, steps } }
  // Targets see nothing of each other.
  const isAlone = graph.kind === "scatter" && until !== undefined
  for (const step of isAlone ? [] : graph.steps) {
    if (step === until) break
    const settled = settle(step, { ...site, scope, path: pathOf(step, site.path) })
    if (settled === undefined) return
    steps.set(step.id, settled)
  }
  return scope
}

function settle(step: Step, site: Site): Settled | undefined {
  const { when, forEach } = step.policies
  if (when !== undefined) {
    const decided = decide(when, site.scope)
    if (!decided.ok) return
    if (!decided.holds) return { status: "skipped" }
  }
  if (forEach === undefined) return once(step, site)
  const items = listOf(forEach.over, site.scope)
  const settled = items?.map((item, index) =>
    once(step, { ...site, scope: { ...site.scope, item, index } }),
  )
  if (settled === undefined || settled.includes(undefined)) return
  return { status: "ok", value: settled.flatMap((one) => [one?.value].filter(isThere)) }
}

const isThere = (value: Json | undefined): value is Json => value !== undefined

/** Absent is an empty list; undefined for what is none. */
function listOf(over: Expr, scope: Scope): readonly Json[] | undefined {
  const list = evaluate(over, scope)
  if (!list.ok) return
  const { value = [] } = list
  return isList(value) ? value : undefined
}

function once(step: Step, site: Site): Settled | undefined {
  const scope = withSelf(step, site.scope)
  if (scope === undefined) return
  const value = yielded(step.node, { ...site, scope })
  return value && { status: "ok", ...(value.value !== undefined && { value: value.value }) }
}

interface Value {
  readonly value: Json | undefined
}

function yielded(node: Node, site: Site): Value | undefined {
  if (node.kind === "value") return computed(node.value, site.scope)
  if (node.kind !== "graph" || node.graph.boundary !== undefined) {
    const value = site.answers(site.path)
    return value === undefined ? undefined : { value }
  }
  const scope = played(node.graph, undefined, { ...site, scope: inside(site.scope) })
  const output = scope && computed(node.graph.output, scope)
  return output && { value: output.value ?? null }
}

function computed(expr: Expr, scope: Scope): Value | undefined {
  const evaluated = evaluate(expr, scope)
  return evaluated.ok ? { value: evaluated.value } : undefined
}

/** With the input that the step is run with. */
function withSelf(step: Step, scope: Scope): Scope | undefined {
  const input = computed(step.input, scope)
  if (input === undefined) return
  if (input.value !== undefined) return { ...scope, self: input.value }
  return needsInput(step.node) ? undefined : scope
}

function inside({ self, frame: outer, ...around }: Scope): Scope {
  const frame: Frame = { input: self, steps: new Map(), outer }
  return { ...around, frame }
}

/** Where a step's own input is computed, if its turn comes: for its first item where it has several. */
function atTurn(step: Step, graph: Graph, around: Site): Site | undefined {
  const { when, forEach } = step.policies
  const scope = played(graph, step, around)
  if (scope === undefined) return
  const site = { ...around, scope, path: pathOf(step, around.path) }
  if (when !== undefined) {
    const decided = decide(when, scope)
    if (!decided.ok || !decided.holds) return
  }
  if (forEach === undefined) return site
  const [item] = listOf(forEach.over, scope) ?? []
  return item === undefined ? undefined : { ...site, scope: { ...scope, item, index: 0 } }
}

function withStep(scope: Scope, { id }: Step, { value }: Value): Scope {
  const settled: Settled = { status: "ok", ...(value !== undefined && { value }) }
  const { frame } = scope
  return { ...scope, frame: { ...frame, steps: new Map([...frame.steps, [id, settled]]) } }
}

/** No failure in particular. */
const failure: Json = {
  class: "tool",
  code: "TOOL_ERROR",
  message: "failed",
  step: "step",
  attempts: 1,
  at: "2026-01-01T00:00:00.000Z",
  effect: "none",
}
