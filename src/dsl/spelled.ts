import type { Json } from "../registry/model.ts"
import type { PatternName } from "../registry/spec/pattern-names.ts"
import type { Notes } from "./definition.ts"
import type { Binding } from "./path.ts"
import type { Cel, Value } from "./value.ts"

/*
 * The parts of a composition that refer to nothing: written in a program as in a document. The reference of the registry
 * document says what each of them means.
 */

export type { PatternName }

/** RFC 9535, such as `$.hits[*].url`. */
export type PathText = `$${string}`

export interface Predicate extends Notes {
  readonly field: PathText
  readonly op: "eq" | "ne" | "gt" | "gte" | "lt" | "lte" | "contains" | "in"
  readonly value: Json
}

export type Condition = Cel | string | Predicate

export type Backoff =
  | { readonly fixed: { readonly delayMs: number } }
  | {
      readonly exponential: {
        readonly initialDelayMs: number
        readonly maxDelayMs: number
        readonly multiplier?: number
      }
    }
  | {
      readonly linear: {
        readonly initialDelayMs: number
        readonly incrementMs: number
        readonly maxDelayMs: number
      }
    }

/** Where one field of a mapping comes from. */
export type MappingSource = Notes &
  (
    | { readonly path: PathText; readonly nested?: Transform }
    | { readonly literal: Json }
    | { readonly coalesce: { readonly paths: readonly PathText[] } & Notes }
    | {
        readonly template: {
          readonly template: string
          readonly vars?: Readonly<Record<string, PathText>>
        } & Notes
      }
    | { readonly concat: { readonly paths: readonly PathText[]; readonly separator?: string } }
    | { readonly nested: Transform }
  )

export interface Transform extends Notes {
  readonly mappings: Readonly<Record<string, MappingSource>>
}

export type Keep = "first" | "last" | "best" | "highest_score" | "most_complete"
export type VoteBy = "highest_weight" | "weighted_vote" | "quorum" | "all"

export type Op = Notes &
  (
    | { readonly flatten: boolean }
    | { readonly concat: boolean }
    | { readonly merge: boolean }
    | { readonly filter: Condition }
    | { readonly sort: { readonly field: PathText; readonly order?: "asc" | "desc" } }
    | {
        readonly dedupe: {
          readonly field?: PathText
          readonly keep?: Keep
          readonly by?: PathText
          readonly vectors?: Value
          readonly threshold?: number
        }
      }
    | { readonly limit: number | { readonly count: number } }
    | { readonly select: Readonly<Record<string, PathText>> }
    | { readonly rrf: { readonly field: PathText; readonly k?: number } }
    | {
        readonly vote: {
          readonly by: VoteBy
          readonly field?: PathText
          readonly minWeight?: number
          readonly conflictThreshold?: number
        }
      }
  )

export interface Aggregation extends Notes {
  readonly ops: readonly Op[]
}

export type ErrorClass =
  | "denied"
  | "input"
  | "binding"
  | "budget"
  | "circuitOpen"
  | "throttled"
  | "transport"
  | "timeout"
  | "unavailable"
  | "protocol"
  | "tool"
  | "output"
  | "declined"
  | "conflict"
  | "cancelled"
  | "deadline"
  | "journal"

export type Message = string | Binding
