import type { Fault } from "../../schema/fault.ts"
import { isObject, type Json, type JsonSchema } from "../../schema/json.ts"
import type { Settled } from "../expr/scope.ts"
import { withDefaults } from "../plan/defaults.ts"
import type { Boundary, Graph } from "../plan/plan.ts"
import { misfitInput, misfitOutput } from "./fault-words.ts"
import type { Failed, Result } from "./outcome.ts"
import { fail, type Site } from "./work.ts"

export interface Entered {
  readonly ok: true
  /** Of the graph's steps. */
  readonly site: Site
  /** What the scope of the site shows of steps; empty yet. */
  readonly steps: Map<string, Settled>
}

/** What the steps of a graph get to see; or why they do not run. */
export function enter(graph: Graph, site: Site): Entered | Failed {
  const { boundary } = graph
  const { frame, self, item, index, error } = site.scope
  const steps = new Map<string, Settled>()
  if (boundary === undefined) {
    const around = {
      ...(item !== undefined && { item }),
      ...(index !== undefined && { index }),
      ...(error !== undefined && { error }),
    }
    const scope = { frame: { input: self, steps, outer: frame }, ...around }
    return { ok: true, site: { ...site, scope }, steps }
  }
  const input = self === undefined ? undefined : taken(boundary, self)
  const faults = input === undefined ? undefined : misfit(boundary.inputSchema, input, site)
  if (faults !== undefined) return fail(site, misfitInput(faults))
  const { tool, depends } = boundary
  const scope = { frame: { input, steps } }
  return { ok: true, site: { ...site, scope, authority: { tool, depends } }, steps }
}

/** As the call line would take it: an object, with defaults. */
function taken({ wrap, defaults }: Boundary, self: Json): Json {
  const whole = isObject(self) || wrap === undefined ? self : Object.fromEntries([[wrap, self]])
  return defaults === undefined ? whole : withDefaults(whole, defaults)
}

/** Holds the value of a composition that is called inside another to what it promises. */
export function leave(graph: Graph, result: Result, site: Site): Result {
  if (!result.ok) return result
  const faults = misfit(graph.boundary?.outputSchema, result.value ?? null, site)
  return faults === undefined ? result : fail(site, misfitOutput(faults), result.effect)
}

function misfit(
  schema: JsonSchema | undefined,
  value: Json,
  { run }: Site,
): readonly Fault[] | undefined {
  return schema === undefined ? undefined : run.parts.schemas.validator(schema).faults(value)
}
