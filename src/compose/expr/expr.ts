import type { Json } from "../../schema/json.ts"

/**
 * The one expression language of plans: total, bounded, without calls, clock or chance. Every binding, condition,
 * predicate, mapping and aggregation of a composition is compiled to it, and it is plain JSON, because plans are stored.
 * What an expression can see is a `Scope`; what it yields is a value, nothing ("absent"), or a `BindingError`.
 */
export type Expr =
  | PathExpr
  | StepExpr
  | { readonly kind: "constant"; readonly value: Json }
  /** An object; fields that are absent are left out. */
  | { readonly kind: "construct"; readonly fields: { readonly [name: string]: Expr } }
  /** An array; items that are absent are left out. */
  | { readonly kind: "list"; readonly items: readonly Expr[] }
  /** The shallow union of objects, later ones win; what is no object is passed over. */
  | { readonly kind: "merge"; readonly parts: readonly Expr[] }
  /** The first that is there and not null; of no options, absent. */
  | { readonly kind: "coalesce"; readonly options: readonly Expr[] }
  /** At odd places of `parts` stands the name of a variable, at even ones text. */
  | {
      readonly kind: "template"
      readonly parts: readonly string[]
      readonly vars: { readonly [name: string]: Expr }
    }
  /** One text; what is absent or null is passed over, together with its separator. */
  | { readonly kind: "concat"; readonly parts: readonly Expr[]; readonly separator: string }
  /** `as` for each item of an array. `orOne`: a value that is no array is mapped as it is. */
  | { readonly kind: "each"; readonly in: Expr; readonly as: Expr; readonly orOne?: true }
  /** `as` with the value of `of` for its `self`; absent where that is. */
  | { readonly kind: "over"; readonly of: Expr; readonly as: Expr }
  | { readonly kind: "ops"; readonly from: Expr; readonly ops: readonly Op[] }
  | CelExpr
  | PredicateExpr
  | { readonly kind: "not"; readonly of: Expr }
  | { readonly kind: "all"; readonly of: readonly Expr[] }
  | ResultsExpr
  /** The value of the first of these steps of the nearest graph that ran; an error when none did. */
  | { readonly kind: "ran"; readonly steps: readonly string[] }

/** What paths and expressions can begin at, besides steps. */
export type Root = "input" | "self" | "item" | "error"

/**
 * A query (RFC 9535) on one of the roots. Its form alone decides the shape: a singular query yields a value or nothing,
 * any other an array, also of none or one.
 */
export interface PathExpr {
  readonly kind: "path"
  readonly of: Root
  readonly path: string
}

/** The value of a step, by the same rule. `up` counts graphs outwards: 0 is the one the expression stands in. */
export interface StepExpr {
  readonly kind: "step"
  readonly step: string
  readonly up: number
  readonly path: string
}

/** Common Expression Language. What it names of steps is listed, so that edges and scopes need not parse it. */
export interface CelExpr {
  readonly kind: "cel"
  readonly source: string
  /** The steps behind its `steps` and `status`. */
  readonly steps: readonly { readonly step: string; readonly up: number }[]
  /** What it means by `input`. */
  readonly input: "input" | "self"
}

/** A test on one value (registry-document §8.4); a mismatch of types is false, never an error. */
export interface PredicateExpr {
  readonly kind: "predicate"
  readonly of: Expr
  readonly field: string
  readonly op: PredicateOp
  readonly value: Json
}

export type PredicateOp = "eq" | "ne" | "gt" | "gte" | "lt" | "lte" | "contains" | "in"

/** The values of those steps of the nearest graph that succeeded, each after its `output` path, in this order. */
export interface ResultsExpr {
  readonly kind: "results"
  readonly of: readonly {
    readonly step: string
    readonly weight: number
    readonly output?: string
  }[]
}

/** One op on an array. Paths and conditions look at each item. Ops that were written `false` are not here. */
export type Op =
  | { readonly op: "flatten" | "concat" | "merge" }
  | { readonly op: "filter"; readonly if: Expr }
  | { readonly op: "limit"; readonly count: number }
  | { readonly op: "select"; readonly fields: { readonly [name: string]: string } }
  | { readonly op: "sort"; readonly field: string; readonly order: "asc" | "desc" }
  | DedupeOp
  | { readonly op: "rrf"; readonly field: string; readonly k: number }
  | VoteOp

export interface DedupeOp {
  readonly op: "dedupe"
  /** `$` compares items as a whole. */
  readonly field: string
  readonly keep: Keep
  /** What `best` is the largest of. */
  readonly by: string
  /** Items are the same when their vectors, one per item, have at least this cosine; `field` is not looked at. */
  readonly near?: { readonly vectors: Expr; readonly threshold: number }
}

export type Keep = "first" | "last" | "best" | "most_complete"

export interface VoteOp {
  readonly op: "vote"
  readonly by: "highest_weight" | "weighted_vote" | "quorum" | "all"
  /** What votes are grouped by. */
  readonly field: string
  readonly minWeight?: number
  readonly conflictThreshold?: number
}

/** Yields nothing. */
export const absent: Expr = { kind: "coalesce", options: [] }
