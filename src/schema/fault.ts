import type { Json } from "./json.ts"

/** One mismatch of an instance with its schema, in words a model can repair its call from. */
export interface Fault {
  /** JSON Pointer into the instance; "" is the whole. */
  readonly at: string
  /** The JSON Schema keyword that failed. */
  readonly keyword: string
  readonly expected: string
  /** Cut to 64 characters; `(hidden)` for secrets; absent where nothing was sent. */
  readonly received?: string
  /** The values there are, for enum and const. */
  readonly allowed?: readonly Json[]
  readonly hint?: string
  /** The whole line: `/limit: expected integer, received string "10" — send 10 without quotes`. */
  readonly line: string
}

/** Whether the validator is at fault, not the value: the schema is not sound, or the value took too long to check. */
export const isOwnFault = ({ keyword }: Fault): boolean =>
  keyword === "budget" || keyword === "schema"
