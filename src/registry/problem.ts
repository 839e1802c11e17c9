import type { Json } from "../schema/json.ts"

export type Severity = "error" | "warn" | "info"

/** Something wrong, or worth knowing, in a registry document. */
export interface Problem {
  /** Stable, snake_case; the list with severities is docs/reference/problems.md. */
  readonly code: string
  readonly severity: Severity
  /** RFC 6901, into the document as it was written, whatever its dialect. */
  readonly pointer: string
  /** What is wrong; never the value of something that may be secret. */
  readonly message: string
  /** What would be right. */
  readonly hint?: string
  readonly data?: { readonly [key: string]: Json }
  readonly related?: readonly { readonly pointer: string; readonly message: string }[]
  /** Filled in when problems are printed. Lines and columns count from 1. */
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/** Where the stages of loading put what they find. */
export type Report = (problem: Problem) => void
