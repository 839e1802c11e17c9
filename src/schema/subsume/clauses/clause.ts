import type { Json } from "../../json.ts"
import type { Node } from "./node.ts"

/**
 * What a schema says, one sentence each: the dialects' ways to write it are gone. A value fits a schema when it fits
 * all its clauses.
 */
export type Clause = ScalarClause | StructureClause | BranchClause

/** Clauses that hold no schemas. */
export type ScalarClause =
  | NeverClause
  | TypesClause
  | ValuesClause
  | BoundClause
  | MultipleClause
  | SizeClause
  | PatternClause
  | FormatClause
  | UniqueClause
  | RequiredClause
  | OpaqueClause

/** Clauses that apply schemas to parts of the value. */
export type StructureClause = ItemsClause | ContainsClause | MembersClause | NamesClause

/** Clauses that apply schemas to the same value. */
export type BranchClause = ChoiceClause | NotClause | WhenClause | DependsClause

/** Where a clause was read, and the kinds of values that it says something about; all others fit it. */
interface Source {
  readonly on: number
  /** JSON Pointer into the schema, to the keyword. */
  readonly at: string
}

interface NeverClause extends Source {
  readonly rule: "never"
}

interface TypesClause extends Source {
  readonly rule: "types"
  readonly mask: number
}

interface ValuesClause extends Source {
  readonly rule: "values"
  readonly values: readonly Json[]
}

interface BoundClause extends Source {
  readonly rule: "low" | "high"
  readonly limit: number
  readonly isOpen: boolean
}

interface MultipleClause extends Source {
  readonly rule: "multiple"
  readonly of: number
}

interface SizeClause extends Source {
  readonly rule: "atLeast" | "atMost"
  /** Characters, items or members. */
  readonly size: number
}

interface PatternClause extends Source {
  readonly rule: "pattern"
  readonly source: string
}

interface FormatClause extends Source {
  readonly rule: "format"
  readonly name: string
}

interface UniqueClause extends Source {
  readonly rule: "unique"
}

interface RequiredClause extends Source {
  readonly rule: "required"
  readonly names: readonly string[]
}

/** A keyword whose meaning depends on more than the value and this schema. */
interface OpaqueClause extends Source {
  readonly rule: "opaque"
}

export interface ItemsClause extends Source {
  readonly rule: "items"
  readonly prefix: readonly Node[]
  readonly rest: Node | undefined
}

export interface ContainsClause extends Source {
  readonly rule: "contains"
  readonly some: Node
  readonly min: number
  readonly max: number
}

export interface MembersClause extends Source {
  readonly rule: "members"
  readonly properties: ReadonlyMap<string, Node>
  readonly patterns: readonly (readonly [source: string, node: Node])[]
  /** For names that neither `properties` nor `patterns` covers. */
  readonly additional: Node | undefined
}

export interface NamesClause extends Source {
  readonly rule: "names"
  readonly name: Node
}

export interface ChoiceClause extends Source {
  readonly rule: "all" | "any" | "one"
  readonly of: readonly Node[]
}

interface NotClause extends Source {
  readonly rule: "not"
  readonly node: Node
}

export interface WhenClause extends Source {
  readonly rule: "when"
  readonly test: Node
  /** What a value must fit that fits `test`, and what one must fit that does not. */
  readonly consequent: Node | undefined
  readonly alternative: Node | undefined
}

/** An object with a member `name` must fit `consequent`. */
interface DependsClause extends Source {
  readonly rule: "depends"
  readonly name: string
  readonly consequent: Node
}
