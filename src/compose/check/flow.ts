import type { JsonSchema } from "../../schema/json.ts"
import type { Part } from "../../schema/types/type.ts"
import type { Expr } from "../expr/expr.ts"
import type { Graph, Step } from "../plan/plan.ts"
import type { Taker } from "./contracts.ts"

/** A value on its way to where a schema awaits it. */
export interface Flow {
  readonly expr: Expr
  readonly part: Part
  readonly into: Taker
  readonly at: Spot
}

/** Where in a composition. */
export interface Spot {
  /** Of what was written there, or of the nearest around it. */
  readonly pointer: string
  /** Of the step, as runs show it: `book/flight`; empty for the composition as a whole. */
  readonly path: string
  readonly route: Route
  readonly role: Role
  /** Data decides whether it is this callee at all. */
  readonly isChosen?: true
}

/** What a value is for. */
export type Role = "input" | "fallback" | "undo" | "probe" | "output"

/** Whether the author has said what becomes of a failure at a place, so that a run survives it. */
export const isCaught = ({ route, role }: Spot): boolean =>
  role === "input" && route.some(({ step }) => step !== undefined && catches(step))

function catches({ policies: { onError, forEach } }: Step): boolean {
  if (forEach !== undefined && forEach.onItemError !== "fail") return true
  if (onError === undefined || onError.rethrow) return false
  return onError.on === undefined || onError.on.includes("input")
}

/** The steps on the way from the root to a place, outermost first; each with its graph. */
export type Route = readonly Stop[]

export interface Stop {
  readonly graph: Graph
  /** Undefined: the graph's output. */
  readonly step: Step | undefined
}

/** Where values come from that no expression computes, by the path of the call; the composition's arguments under "". */
export type Sources = ReadonlyMap<string, JsonSchema | undefined>
