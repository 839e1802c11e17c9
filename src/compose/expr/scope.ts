import type { Json } from "../../schema/json.ts"

/** What an expression can see. */
export interface Scope {
  /** The graph that the expression stands in. */
  readonly frame: Frame
  /**
   * The resolved input of the step that the expression belongs to; in a compensation that of the action. Absent in
   * `when`, in `forEach` and in the step's own input, which come before it.
   */
  readonly self?: Json
  /** In `forEach` and `each`; the result in `cache.if` and `breaker.if`; a probe's value in its `done`. */
  readonly item?: Json
  readonly index?: number
  /** In `onError`, in `retry.if`, and in `breaker.if` after a failure. */
  readonly error?: Json
}

/**
 * One graph while it runs. A nested graph sees the frames around it, and the item, index and error of the step that
 * holds it; a composition that is called (a graph with a `boundary`) sees none of them.
 */
export interface Frame {
  readonly input: Json | undefined
  /** By id: the steps that have settled. */
  readonly steps: ReadonlyMap<string, Settled>
  readonly outer?: Frame
}

export interface Settled {
  readonly status: "ok" | "failed" | "skipped"
  /** Absent when the step was skipped or failed, or has none. */
  readonly value?: Json
}

/** An expression that could not be computed: the step it belongs to fails with this class, without effect. */
export interface BindingError {
  readonly class: "binding" | "budget"
  /** What could not be computed, and why; never a value, which may be secret. */
  readonly message: string
}

/** Something worth reporting about an expression that was computed. */
export type Note =
  /** Items of which a filter's condition could not be computed. */
  | { readonly kind: "dropped"; readonly items: number }
  /** Another answer than the winner had at least the threshold's share of the weight. */
  | { readonly kind: "conflict"; readonly winner: number; readonly rival: number }

export type Evaluated =
  /** `value` undefined is "absent". */
  | { readonly ok: true; readonly value: Json | undefined; readonly notes: readonly Note[] }
  | { readonly ok: false; readonly error: BindingError }
