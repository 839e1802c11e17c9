import { bind } from "../../src/compose/expr/bind.ts"
import { evaluate } from "../../src/compose/expr/evaluate.ts"
import type { Level, Place } from "../../src/compose/expr/place.ts"
import type { Evaluated, Frame, Scope, Settled } from "../../src/compose/expr/scope.ts"
import type { Problem } from "../../src/registry/problem.ts"
import type { Json } from "../../src/schema/json.ts"

/** What a test says of a scope; steps are given by their values. */
export interface ScopeSketch {
  readonly input?: Json
  readonly self?: Json
  readonly item?: Json
  readonly index?: number
  readonly error?: Json
  readonly steps?: { readonly [id: string]: Json }
  /** Steps that were skipped or failed. */
  readonly without?: { readonly [id: string]: "skipped" | "failed" }
  /** The graph around it. */
  readonly outer?: ScopeSketch
}

export function scopeOf(sketch: ScopeSketch): Scope {
  const { steps: _, without: __, outer: ___, input: ____, ...rest } = sketch
  return { frame: frameOf(sketch), ...rest }
}

function frameOf({ input, steps = {}, without = {}, outer }: ScopeSketch): Frame {
  const settled = new Map<string, Settled>()
  for (const [id, value] of Object.entries(steps)) settled.set(id, { status: "ok", value })
  for (const [id, status] of Object.entries(without)) settled.set(id, { status })
  return { input, steps: settled, ...(outer && { outer: frameOf(outer) }) }
}

/** Where every step of the scope can be named. */
export function placeIn(sketch: ScopeSketch, problems: Problem[] = []): Place {
  const report = (problem: Problem) => void problems.push(problem)
  return { level: levelOf(sketch), input: "input", pointer: "", report }
}

function levelOf({ steps = {}, without = {}, outer }: ScopeSketch): Level {
  const ids = [...Object.keys(steps), ...Object.keys(without)]
  return {
    ids: new Map(ids.map((id, index) => [id, index])),
    before: ids.length,
    outer: outer && levelOf(outer),
    mentioned: new Set(),
  }
}

/** Compiles a binding and computes it. */
export const computed = (binding: Json, sketch: ScopeSketch = {}): Evaluated =>
  evaluate(bind(binding, placeIn(sketch)), scopeOf(sketch))

/** The value of a binding; `"absent"` for none, the class and message of an error. */
export function yieldOf(binding: Json, sketch: ScopeSketch = {}): Json {
  const evaluated = computed(binding, sketch)
  if (!evaluated.ok) return `${evaluated.error.class}: ${evaluated.error.message}`
  return evaluated.value === undefined ? "absent" : evaluated.value
}
