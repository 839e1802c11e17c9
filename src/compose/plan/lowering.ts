import type { Catalog, CatalogTool } from "../../registry/catalog.ts"
import type { Dependency } from "../../registry/model.ts"
import type { Json, JsonObject } from "../../schema/json.ts"
import type { Expr } from "../expr/expr.ts"
import { type Level, type Place, unnamed } from "../expr/place.ts"
import type { PlanLimits } from "./limits.ts"
import type { Effect, GraphNode, Node, Step } from "./plan.ts"

/** What is registered, as far as a plan has to know. */
export type Callables = Pick<Catalog, "tool" | "toolsNamed">

/**
 * One composition on its way to a plan. Patterns, operations and steps hold each other, so what lowers them is reached
 * through here.
 */
export interface Lowering {
  readonly catalog: Callables
  readonly limits: PlanLimits
  /** The composition, and what it may call. */
  readonly tool: CatalogTool
  readonly depends: readonly Dependency[]
  /** What an operation does; with wrappers around it, a graph of one step. */
  readonly node: (operation: JsonObject, spot: Spot) => Lowered
  /** Another composition, to be run inside; undefined when it cannot be, which is reported. */
  readonly inlined: (tool: CatalogTool, spot: Spot) => GraphNode | undefined
}

/** Where a part of a composition stands, while it is lowered. */
export interface Spot extends Place {
  /** The ids of the steps around it, as runs show them: `book/flight`. */
  readonly path: string
}

export interface Lowered {
  readonly node: Node
  readonly effect: Effect
}

/** What the policies around a node have to know of it; `spot` is where they are written. */
export interface PolicyContext extends Lowered {
  readonly lowering: Lowering
  readonly spot: Spot
}

/** A step but for what it waits for. */
export type LooseStep = Omit<Step, "after">

export const graphInput: Expr = { kind: "path", of: "input", path: "$" }
export const self: Expr = { kind: "path", of: "self", path: "$" }
export const item: Expr = { kind: "path", of: "item", path: "$" }

/** The whole value of a step of the graph in which it is read. */
export const stepValue = (step: string): Expr => ({ kind: "step", step, up: 0, path: "$" })

/** Stands where nothing could be lowered; there is a problem, so no plan comes of it. */
export const nothing: Lowered = {
  node: { kind: "value", value: { kind: "constant", value: null } },
  effect: "read",
}

/** Inside a graph: its steps' paths begin with the path of the step that holds it. */
export const entered = (spot: Spot, level: Level = unnamed(spot.level)): Spot => ({
  ...spot,
  level,
  input: "input",
})

/** The spot of a step with this id. */
export const stepSpot = (spot: Spot, id: string): Spot => ({
  ...spot,
  path: spot.path === "" ? id : `${spot.path}/${id}`,
})

/** What a step runs besides its node has paths of its own, with a mark that no id can be. */
export const apart = (spot: Spot, mark: "!" | "~" | "?"): Spot => ({
  ...spot,
  path: `${spot.path}/${mark}`,
})

export const asOperation = (tool: Json | undefined): JsonObject => ({ tool: tool ?? "" })

/** Each name where it is an id and the first of its kind, else a numbered one. */
export function idsFor(names: readonly (string | undefined)[], prefix: string): readonly string[] {
  const taken = new Set(names.filter((name) => name !== undefined))
  const given = new Set<string>()
  return names.map((name, index) => {
    const isFit = name !== undefined && idForm.test(name) && !given.has(name)
    const id = isFit ? name : freeId(`${prefix}${index + 1}`, taken)
    given.add(id)
    return id
  })
}

const idForm = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/

const freeId = (id: string, taken: ReadonlySet<string>): string =>
  taken.has(id) ? freeId(`${id}_`, taken) : id
